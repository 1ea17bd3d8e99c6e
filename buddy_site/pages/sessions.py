"""Where you are signed in: each browser, and a way to sign it out from here."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import paths
from buddy_site.components.calls import skeleton
from buddy_site.components.forms import confirm, panel, status
from buddy_site.components.layout import account_page, trouble
from buddy_site.components.links import sign_out_button
from buddy_site.state.browsers import BrowsersState


def sessions() -> rx.Component:
    """Return the page."""
    return account_page(
        rx.el.div(
            rx.el.h1("Where you're signed in"),
            rx.el.p(
                "A browser you don't know? Sign it out: whatever it shows goes within seconds.",
                class_name="soft",
            ),
            class_name="head",
        ),
        trouble(BrowsersState.trouble),
        rx.cond(
            BrowsersState.is_loaded,
            panel(
                "Browsers",
                rx.el.ul(
                    rx.foreach(BrowsersState.rows, _row),
                    class_name="browsers",
                    aria_label="Browsers",
                ),
                status(BrowsersState.done),
                rx.cond(
                    BrowsersState.has_others,
                    confirm(
                        "Sign out everywhere else",
                        "Every browser but this one will have to sign in again.",
                        yes="Sign them out",
                        on_confirm=BrowsersState.revoke_others,
                    ),
                ),
            ),
            skeleton("Loading your sessions", rows=2),
        ),
        at=paths.SESSIONS,
    )


def _row(row: Any) -> rx.Component:
    revoke: Any = BrowsersState.revoke
    return rx.el.li(
        rx.el.span(
            rx.cond(
                row.is_handheld,
                rx.icon("smartphone", aria_hidden=True),
                rx.icon("monitor", aria_hidden=True),
            ),
            class_name="browser-icon",
        ),
        rx.el.div(
            rx.el.p(
                rx.el.strong(row.device),
                " ",
                rx.cond(row.is_this, rx.el.span("This one", class_name="badge")),
            ),
            rx.el.p(
                rx.el.span("Last here: ", row.seen),
                rx.el.span("Signed in: ", row.signed_in),
                class_name="soft small numbers browser-times",
            ),
            class_name="browser-words",
        ),
        rx.cond(
            row.is_this,
            sign_out_button(),
            confirm(
                "Sign out",
                "It will have to sign in again.",
                yes="Yes, sign it out",
                on_confirm=revoke(row.handle),
            ),
        ),
        key=row.handle,
    )
