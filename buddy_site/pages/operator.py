"""The operator's first page: what runs, how fast and how dear it is, and what is about to end."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

import reflex as rx

from buddy_site import paths
from buddy_site.components.calls import skeleton
from buddy_site.components.figures import figures, spreads
from buddy_site.components.forms import notice, panel, table
from buddy_site.components.layout import account_page, trouble
from buddy_site.state.operations import OperationsState


def operator() -> rx.Component:
    """Return the page."""
    return account_page(
        rx.el.div(
            rx.el.h1("How it stands"),
            rx.el.p("The last 24 hours, renewed every few seconds.", class_name="soft"),
            class_name="head",
        ),
        trouble(OperationsState.trouble),
        rx.cond(
            OperationsState.is_loaded,
            rx.cond(
                OperationsState.is_operator,
                rx.fragment(
                    _alarms(),
                    figures(OperationsState.figures),
                    _running(),
                    _speed(),
                    _worst(),
                    _stages(),
                    _models(),
                ),
                rx.el.p("There is nothing here for you. Your own calls are under Calls."),
            ),
            skeleton("Loading", rows=4),
        ),
        at=paths.OPERATOR,
    )


def _alarms() -> rx.Component:
    return rx.fragment(
        rx.foreach(OperationsState.ended, lambda text: notice(text, kind="bad")),
        rx.foreach(OperationsState.ending, lambda text: notice(text, kind="warning")),
    )


def _running() -> rx.Component:
    return panel(
        "On the line",
        rx.cond(
            OperationsState.running,
            table(
                "Calls on the line, the longest first",
                ("Since", "Buddy", "Talk time"),
                OperationsState.running,
                lambda row: (rx.el.a(row.since, href=row.path), row.buddy, row.talked),
            ),
            rx.el.p("Nobody is on the line.", class_name="soft"),
        ),
    )


def _speed() -> rx.Component:
    return panel(
        "Gaps by buddy",
        spreads("Gaps by buddy", "Buddy", OperationsState.buddies, "No turn in the last 24 hours."),
        intro="From the end of a caller's speech to the first sound of the answer.",
    )


def _stages() -> rx.Component:
    return panel(
        "Stages of a turn",
        spreads("Stages of a turn", "Stage", OperationsState.stages, "Nothing was measured yet."),
        intro="When each was reached, counted from the end of the caller's speech.",
    )


def _worst() -> rx.Component:
    return panel(
        "Worst calls",
        rx.cond(
            OperationsState.worst,
            table(
                "The calls with the longest gaps, the worst first",
                ("When", "Buddy", "Turns", "Half within", "19 of 20 within", "Late sound"),
                OperationsState.worst,
                lambda row: (
                    rx.el.a(row.when, href=row.path),
                    row.buddy,
                    row.turns,
                    row.median,
                    row.nearly_all,
                    row.underruns,
                ),
            ),
            rx.el.p("No turn in the last 24 hours.", class_name="soft"),
        ),
        intro="Each leads to the stages of its turns. Its words need a reason.",
    )


def _models() -> rx.Component:
    return panel(
        "Models",
        table(
            "Models in use, the soonest end first",
            ("Model", "Used for", "Until"),
            OperationsState.models,
            lambda row: (
                row.model,
                row.uses,
                rx.el.span(row.until, class_name="outlook outlook-" + row.outlook),
            ),
        ),
        rx.cond(
            OperationsState.checked != "",
            rx.el.p("The vendor's list was read: ", OperationsState.checked, class_name="soft"),
            rx.el.p("The vendor's list was not read yet.", class_name="soft"),
        ),
    )
