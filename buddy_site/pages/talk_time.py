"""Talk time: what is left, how it is counted, and where every second went."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import paths, words
from buddy_site.components.calls import skeleton
from buddy_site.components.forms import panel, table
from buddy_site.components.layout import account_page, trouble
from buddy_site.state.talk_time import TalkTimeState
from shared.domain.plans import Allowances
from shared.domain.prices import PaidPlan
from shared.seed.plans import allowances
from shared.seed.prices import paid_plan


def talk_time() -> rx.Component:
    """Return the page."""
    return account_page(
        rx.el.div(
            rx.el.h1("Talk time"),
            rx.el.p("What you have left, and where every second went.", class_name="soft"),
            class_name="head",
        ),
        trouble(TalkTimeState.trouble),
        rx.cond(
            TalkTimeState.is_loaded,
            rx.fragment(_left(), _rules(allowances(), paid_plan()), _ledger()),
            skeleton("Loading your talk time", rows=4),
        ),
        at=paths.TALK_TIME,
    )


def _left() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Left now"),
        rx.el.p(TalkTimeState.left, class_name="figure talk-left", role="status"),
        rx.cond(
            TalkTimeState.running != "",
            rx.el.div(
                rx.el.p(TalkTimeState.running, class_name="live"),
                rx.el.p(TalkTimeState.held, class_name="soft small"),
            ),
        ),
        rx.cond(
            TalkTimeState.is_unlimited,
            rx.el.p(
                TalkTimeState.fair_use,
                " Under your plan nothing is taken from your own ",
                TalkTimeState.left_exactly,
                ".",
                class_name="soft",
            ),
            _how_to_get_more(),
        ),
        class_name="panel settings",
        aria_label="Talk time left",
    )


def _how_to_get_more() -> rx.Component:
    return rx.el.div(
        rx.cond(
            TalkTimeState.is_used_up & TalkTimeState.has_line,
            rx.el.p("All of it is used. With a plan you can go on right away."),
        ),
        rx.cond(
            TalkTimeState.has_line,
            rx.el.a("See the plan", href=paths.BILLING, class_name="button"),
            rx.fragment(
                rx.el.p("Prove your phone number, and its minutes and more are yours."),
                rx.el.a("Prove your number", href=paths.PHONE, class_name="button"),
            ),
        ),
        class_name="talk-more",
    )


def _rules(given: Allowances, plan: PaidPlan) -> rx.Component:
    first = words.talk_time(given.pretrial.seconds, is_unlimited=False)
    more = words.talk_time(given.trial.seconds, is_unlimited=False)
    return panel(
        "How it is counted",
        rx.el.ul(
            rx.el.li(
                f"Every phone number has {first} free, once. Prove that it is yours and there "
                f"are {more} more, once for each person.",
            ),
            rx.el.li(f"{plan.name}: no minutes are counted. {plan.fair_use}"),
            rx.el.li(
                "The seconds run from your buddy's first sound to the end of the call. Notice, "
                "menu and anything about an emergency are free.",
            ),
            rx.el.li(
                "A call may last ",
                TalkTimeState.longest_call,
                ". A minute before your time is over your buddy tells you.",
            ),
            class_name="talk-rules",
        ),
    )


def _ledger() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Every change"),
        rx.cond(
            TalkTimeState.rows,
            rx.fragment(
                table(
                    "Every change of your talk time, the newest first",
                    ("When", "What", "Time", "Left after"),
                    TalkTimeState.rows,
                    _cells,
                ),
                rx.cond(
                    TalkTimeState.has_more,
                    rx.el.button(
                        "Show older changes",
                        type="button",
                        class_name="button quiet",
                        on_click=TalkTimeState.show_more,
                    ),
                ),
            ),
            rx.el.p("Nothing yet. Calls show up here as soon as they end.", class_name="soft"),
        ),
        class_name="stack ledger",
    )


def _cells(row: Any) -> tuple[Any, ...]:
    return (
        rx.el.span(row.when, title=row.when_in_full),
        rx.cond(row.path != "", rx.el.a(row.what, href=row.path), rx.el.span(row.what)),
        rx.el.span(row.change, class_name=rx.cond(row.is_gain, "gain", "")),
        rx.el.span(row.balance),
    )
