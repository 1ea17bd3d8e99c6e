"""One call in a list: a card on a phone, a row of columns on a wide screen."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site.components.buddies import avatar


def call_list(rows: Any) -> rx.Component:
    """Return the calls, each a link to its page."""
    return rx.el.div(
        rx.el.div(
            rx.el.span(""),
            rx.el.span("Buddy"),
            rx.el.span("When"),
            rx.el.span("Talk time"),
            rx.el.span("How it ended"),
            class_name="call-list-head",
            aria_hidden=True,
        ),
        rx.el.ul(rx.foreach(rows, call_row), aria_label="Calls", class_name="call-items"),
        class_name="call-list",
    )


def call_row(row: Any) -> rx.Component:
    """Return one call."""
    return rx.el.li(
        rx.el.a(
            avatar(row.tone),
            rx.el.span(row.buddy, class_name="who"),
            rx.el.span(row.when, class_name="when numbers", title=row.when_in_full),
            rx.el.span(row.talked, class_name="length"),
            rx.cond(
                row.is_live,
                rx.el.span(row.ending, class_name="how live"),
                rx.el.span(row.ending, class_name="how"),
            ),
            href=row.path,
            class_name=rx.cond(row.is_live, "call-row is-live", "call-row"),
        ),
    )


def skeleton(label: str, rows: int = 3) -> rx.Component:
    """Return grey shapes where a list will be."""
    return rx.el.div(
        *(rx.el.span() for _ in range(rows)),
        class_name="skeleton",
        role="status",
        aria_label=label,
    )
