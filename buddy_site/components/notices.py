"""What waits for an answer: calls to claim, and news of the account."""

# mypy: disable-error-code="no-any-return, operator"
# Reflex makes its elements and what handlers are called with at run time, so they have no type.
from __future__ import annotations

import reflex as rx

from buddy_site.components.forms import buttons
from buddy_site.state.notices import NoticeRow, NoticesState, OfferRow


def waiting() -> rx.Component:
    """Return all of it; nothing where nothing waits."""
    return rx.fragment(
        rx.foreach(NoticesState.offers, _offer),
        rx.foreach(NoticesState.rows, _notice),
        rx.el.p(NoticesState.answer, role="status", class_name="quiet-status answer"),
    )


def _offer(offer: OfferRow) -> rx.Component:
    return rx.el.section(
        rx.el.p(rx.el.strong(offer.words)),
        rx.el.p(
            "Only say yes if you made them. Otherwise nobody gets to read them.",
            class_name="soft small",
        ),
        buttons(
            rx.el.button(
                "Yes, bring them along",
                type="button",
                on_click=NoticesState.claim(offer.notice_id),
                class_name="button",
            ),
            rx.el.button(
                "No, not mine",
                type="button",
                on_click=NoticesState.decline(offer.notice_id),
                class_name="button quiet",
            ),
        ),
        class_name="notice info stack",
        aria_label="Calls from before",
    )


def _notice(row: NoticeRow) -> rx.Component:
    return rx.el.section(
        rx.el.p(row.words),
        rx.el.p(row.when, class_name="soft small"),
        rx.el.div(
            rx.el.button(
                "Got it",
                type="button",
                on_click=NoticesState.dismiss(row.notice_id),
                class_name="button quiet",
            )
        ),
        class_name="notice info stack",
        aria_label="News of your account",
    )
