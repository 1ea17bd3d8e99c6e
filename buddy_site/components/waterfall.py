"""A call's turns as bars of their stages, and as numbers for who reads rather than looks."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site.operations_words import STAGES


def waterfall(turns: Any) -> rx.Component:
    """Return the turns, one below the other, to one scale."""
    return rx.el.div(
        rx.el.ul(
            *(
                rx.el.li(
                    rx.el.span(class_name=f"swatch stage-{stage.value.replace('_', '-')}"), name
                )
                for stage, name in STAGES.items()
            ),
            class_name="waterfall-key",
            aria_hidden=True,
        ),
        rx.el.ol(rx.foreach(turns, _turn), class_name="waterfall", aria_label="Turns"),
        class_name="stack",
    )


def _turn(turn: Any) -> rx.Component:
    return rx.el.li(
        rx.el.p(
            rx.el.strong(turn.name),
            rx.cond(turn.at != "", rx.el.span("at ", turn.at, class_name="soft")),
            rx.el.span(turn.gap, class_name="gap"),
            rx.cond(turn.notes != "", rx.el.span(turn.notes, class_name="soft")),
            class_name="waterfall-head",
        ),
        rx.el.div(rx.foreach(turn.bars, _bar), class_name="bars", aria_hidden=True),
        rx.el.details(
            rx.el.summary("Each stage"),
            rx.el.dl(rx.foreach(turn.bars, _stage), class_name="definitions"),
        ),
        key=turn.name,
    )


def _bar(bar: Any) -> rx.Component:
    return rx.el.span(
        title=f"{bar.name}: {bar.took}",
        class_name="bar stage-" + bar.kind,
        style={"left": bar.left, "width": bar.width},
    )


def _stage(bar: Any) -> rx.Component:
    return rx.el.div(rx.el.dt(bar.name), rx.el.dd(bar.took, ", reached after ", bar.reached))
