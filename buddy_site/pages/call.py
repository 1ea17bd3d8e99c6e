"""One call: live while it runs, a record afterwards, at the same address."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

import reflex as rx

from buddy_site import paths
from buddy_site.components.buddies import avatar
from buddy_site.components.calls import skeleton
from buddy_site.components.forms import confirm
from buddy_site.components.layout import account_page, trouble
from buddy_site.components.transcript import off_the_record, transcript
from buddy_site.state.live_call import CallState


def call() -> rx.Component:
    """Return the page of the call that the address names."""
    return account_page(
        rx.el.p(rx.el.a("All your calls", href=paths.CALLS)),
        trouble(CallState.trouble),
        rx.cond(
            CallState.is_loaded,
            rx.cond(CallState.is_missing, _missing(), _found()),
            rx.fragment(
                rx.el.h1("Your call", class_name="visually-hidden"),
                skeleton("Loading the call", rows=3),
            ),
        ),
        at=paths.CALL,
    )


def _missing() -> rx.Component:
    return rx.el.div(
        rx.el.h1("No such call"),
        rx.el.p("There is no call at this address that belongs to your account."),
        class_name="stack",
    )


def _found() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            avatar(CallState.tone),
            rx.el.div(
                rx.el.h1(
                    rx.cond(CallState.buddy != "", CallState.buddy, "Your call"),
                ),
                rx.cond(
                    CallState.is_live,
                    rx.el.p(CallState.status, class_name="live", role="status"),
                    rx.el.p(CallState.ending, class_name="soft", role="status"),
                ),
            ),
            class_name="call-head",
        ),
        rx.el.dl(
            rx.el.div(rx.el.dt("When"), rx.el.dd(CallState.when)),
            rx.cond(
                CallState.is_live,
                rx.fragment(),
                rx.el.div(rx.el.dt("Talk time"), rx.el.dd(CallState.length)),
            ),
            class_name="call-facts",
        ),
        off_the_record(),
        transcript(),
        confirm(
            "Delete this call",
            rx.cond(
                CallState.is_live,
                "It ends now, and every word of it is deleted. This can't be undone.",
                "Every word of it is deleted, here and at the companies that carried it. "
                "This can't be undone.",
            ),
            yes="Yes, delete it",
            on_confirm=CallState.delete,
            is_grave=True,
            id="delete-call",
        ),
    )
