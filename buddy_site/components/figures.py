"""An operator's numbers: big ones side by side, and what many times come to as a table."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site.components.forms import table


def figures(rows: Any) -> rx.Component:
    """Return each number with its name and what it says."""
    return rx.el.dl(
        rx.foreach(
            rows,
            lambda figure: rx.el.div(
                rx.el.dt(figure.name),
                rx.el.dd(figure.value, class_name="figure"),
                rx.el.dd(figure.about, class_name="soft small"),
                key=figure.name,
            ),
        ),
        class_name="operator-figures",
    )


def spreads(caption: str, name: str, rows: Any, nothing: str) -> rx.Component:
    """Return what many times come to, or that there are none."""
    return rx.cond(
        rows,
        table(
            caption,
            (name, "Turns", "Half within", "19 of 20 within"),
            rows,
            lambda row: (row.name, row.count, row.median, row.nearly_all),
        ),
        rx.el.p(nothing, class_name="soft"),
    )
