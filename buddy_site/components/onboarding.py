"""The checklist of a new account: what is done, and the one thing to do next."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import paths, words
from buddy_site.components.forms import checkbox_field, form, panel, submit_button
from buddy_site.components.layout import trouble
from buddy_site.state.onboarding import ADULT, STEPS_TO_DO, OnboardingState
from shared.seed.plans import allowances


def checklist(phone_number: str) -> rx.Component:
    """Return the card, until its owner has put it away."""
    return rx.cond(
        OnboardingState.is_loaded & ~OnboardingState.is_dismissed,
        rx.el.section(
            rx.el.div(
                rx.el.div(
                    rx.el.h2(
                        rx.cond(OnboardingState.is_complete, "You're all set", "Getting started")
                    ),
                    rx.cond(
                        ~OnboardingState.is_complete,
                        rx.el.p(
                            OnboardingState.done_count,
                            f" of {STEPS_TO_DO} done",
                            class_name="soft small numbers",
                        ),
                    ),
                ),
                rx.el.button(
                    "Hide",
                    rx.el.span(" this checklist", class_name="visually-hidden"),
                    type="button",
                    class_name="text-button",
                    on_click=OnboardingState.dismiss,
                ),
                class_name="checklist-head",
            ),
            rx.cond(OnboardingState.is_complete, _all_set(), _steps(phone_number)),
            class_name="panel settings onboarding",
            aria_label="Getting started",
        ),
    )


def _steps(phone_number: str) -> rx.Component:
    return rx.el.ol(
        _step("Sign in with Google", is_done=True),
        _step(
            "Say that you're 18 or over",
            _adult(),
            name="adult",
            is_done=OnboardingState.is_adult,
        ),
        _step(
            "Prove your phone number",
            rx.el.p(
                f"A code by text or call. It brings {allowances().trial.seconds // 60} more free "
                "minutes, and your calls here."
            ),
            _go("Prove your number", paths.PHONE),
            name="line",
            is_done=OnboardingState.has_line,
        ),
        _step(
            "Make your first call",
            rx.el.p(
                "Dial, wait for the menu, say who you'd like. "
                "This page ticks itself while you talk."
            ),
            rx.el.a(
                f"Call {words.international(phone_number)}",
                href=f"tel:{phone_number}",
                class_name="button",
            ),
            name="call",
            is_done=OnboardingState.has_called,
        ),
        _step(
            "Choose a favourite buddy",
            rx.el.p("They answer at once when you call. You can still switch."),
            _go("Choose", paths.PROFILE),
            name="favourite",
            is_done=OnboardingState.has_favourite,
        ),
        _optional(),
        class_name="checklist",
    )


def _all_set() -> rx.Component:
    return rx.el.p(
        "Your number, a favourite and a first call: nothing is left to do. ",
        rx.cond(
            ~OnboardingState.has_plan,
            rx.fragment(
                "To talk as long as you like there is ",
                rx.el.a("the unlimited plan", href=paths.BILLING),
                ".",
            ),
        ),
    )


def adult_question() -> rx.Component:
    """Return the one question that comes before proving a number or a plan."""
    return panel(
        "First, one question",
        trouble(OnboardingState.trouble),
        _adult(),
        intro="GoToBuddy is for adults. We ask once.",
    )


def _step(title: str, *what_to_do: rx.Component, is_done: Any, name: str = "") -> rx.Component:
    """Return a step; only the next one says what there is to do."""
    return rx.el.li(
        _mark(is_done),
        rx.el.div(
            rx.el.h3(
                title,
                rx.cond(is_done, rx.el.span(" (done)", class_name="visually-hidden")),
            ),
            rx.cond(
                OnboardingState.next_step == name,
                rx.el.div(*what_to_do, class_name="what-to-do"),
            )
            if what_to_do
            else rx.fragment(),
        ),
        class_name=rx.cond(is_done, "is-done", ""),
    )


def _optional() -> rx.Component:
    return rx.el.li(
        _mark(OnboardingState.has_plan),
        rx.el.div(
            rx.el.h3(
                rx.el.a("Look at the unlimited plan", href=paths.BILLING, class_name="text-link"),
                rx.el.span(" Only if you like", class_name="soft small"),
            ),
        ),
        class_name=rx.cond(OnboardingState.has_plan, "is-done", ""),
    )


def _mark(is_done: Any) -> rx.Component:
    return rx.el.span(
        rx.cond(is_done, rx.icon("check", aria_hidden=True)),
        class_name="step-mark",
        aria_hidden=True,
    )


def _adult() -> rx.Component:
    return form(
        checkbox_field(ADULT.text, "adult", error=OnboardingState.refusal),
        submit_button("Confirm"),
        on_submit=OnboardingState.confirm_adult,
    )


def _go(text: str, path: str) -> rx.Component:
    return rx.el.a(text, href=path, class_name="button")
