"""Somebody's call, for an operator with a reason."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

import reflex as rx

from buddy_site import paths
from buddy_site.components.calls import skeleton
from buddy_site.components.figures import figures, spreads
from buddy_site.components.forms import buttons, field, form, panel, submit_button
from buddy_site.components.layout import account_page, trouble
from buddy_site.components.transcript import entry_view
from buddy_site.components.waterfall import waterfall
from buddy_site.state.oversight import OversightState
from shared.services.oversight import LONGEST_REASON


def operator_call() -> rx.Component:
    """Return the page of the call that the address names."""
    return account_page(
        rx.el.div(rx.el.h1("A caller's call"), class_name="head"),
        trouble(OversightState.trouble),
        rx.cond(
            OversightState.is_loaded,
            rx.cond(
                OversightState.is_operator,
                rx.fragment(
                    rx.cond(OversightState.is_shown, _call(), _question()),
                    _speed(),
                ),
                rx.el.p("There is nothing here for you. Your own calls are under Calls."),
            ),
            skeleton("Loading", rows=2),
        ),
        at=paths.OPERATOR_CALL,
    )


def _speed() -> rx.Component:
    return panel(
        "How fast it was",
        figures(OversightState.figures),
        rx.cond(
            OversightState.turns,
            rx.fragment(
                waterfall(OversightState.turns),
                spreads("What each stage took", "Stage", OversightState.stages, ""),
            ),
            rx.el.p("No turn was measured in this call.", class_name="soft"),
        ),
        intro="From the end of the caller's speech on, stage by stage.",
    )


def _question() -> rx.Component:
    return panel(
        "Why do you want to read it?",
        form(
            field(
                "Reason",
                "reason",
                hint="In a sentence. It is kept with your name, and the caller can read it.",
                error=OversightState.refusal,
                max_length=LONGEST_REASON,
            ),
            buttons(submit_button("Read the call")),
            on_submit=OversightState.read,
        ),
        intro="What people say to a buddy is theirs. Look only where you must.",
    )


def _call() -> rx.Component:
    return rx.fragment(
        rx.el.dl(
            rx.el.div(rx.el.dt("Buddy"), rx.el.dd(OversightState.buddy)),
            rx.el.div(rx.el.dt("When"), rx.el.dd(OversightState.when)),
            rx.el.div(rx.el.dt("Talk time"), rx.el.dd(OversightState.length)),
            rx.el.div(rx.el.dt("End"), rx.el.dd(OversightState.ending)),
            class_name="call-facts",
        ),
        rx.el.section(
            rx.el.h2("What was said"),
            rx.cond(
                OversightState.entries,
                rx.el.div(rx.foreach(OversightState.entries, entry_view), class_name="transcript"),
                rx.el.p("Nothing was written down in this call.", class_name="soft"),
            ),
            class_name="stack",
        ),
    )
