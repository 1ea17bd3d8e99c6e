"""Every call of the account, the one in progress first."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

import reflex as rx

from buddy_site import paths, words
from buddy_site.components.calls import call_list, skeleton
from buddy_site.components.layout import account_page, trouble
from buddy_site.state.calls import CallsState


def calls(phone_number: str) -> rx.Component:
    """Return the page for the installation whose number this is."""
    return account_page(
        rx.el.div(
            rx.el.h1("Your calls"),
            rx.el.p("Open one to read it, word for word.", class_name="soft"),
            class_name="head",
        ),
        trouble(CallsState.trouble),
        rx.cond(
            CallsState.is_loaded,
            rx.cond(
                CallsState.rows,
                rx.fragment(
                    call_list(CallsState.rows),
                    rx.cond(
                        CallsState.has_more,
                        rx.el.button(
                            "Show earlier calls",
                            type="button",
                            class_name="button quiet",
                            on_click=CallsState.show_more,
                        ),
                    ),
                ),
                _empty(phone_number),
            ),
            skeleton("Loading your calls", rows=4),
        ),
        at=paths.CALLS,
    )


def _empty(phone_number: str) -> rx.Component:
    return rx.el.div(
        rx.el.p(rx.el.strong("No calls here yet.")),
        rx.el.p(
            "Calls from a number that belongs to your account appear here by themselves, "
            "while you talk.",
            class_name="soft",
        ),
        rx.el.a(
            rx.icon("phone", size=18, aria_hidden=True),
            f"Call {words.international(phone_number)}",
            href=f"tel:{phone_number}",
            class_name="button",
        ),
        class_name="empty",
    )
