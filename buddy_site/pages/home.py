"""What a signed-in caller sees first: the next step, the number, their time, their latest calls."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import paths, words
from buddy_site.components import notices
from buddy_site.components.calls import call_list, skeleton
from buddy_site.components.forms import notice
from buddy_site.components.layout import account_page, trouble
from buddy_site.components.links import sign_out_button
from buddy_site.components.onboarding import checklist
from buddy_site.components.qr import dial_code
from buddy_site.state.account import AccountState
from buddy_site.state.calls import ChangeRow, HomeState
from buddy_site.state.onboarding import OnboardingState


def home(phone_number: str) -> rx.Component:
    """Return the page for the installation whose number this is."""
    return account_page(
        rx.el.div(
            rx.el.h1(rx.cond(HomeState.name != "", "Hello, " + HomeState.name, "Hello")),
            class_name="head",
        ),
        trouble(HomeState.trouble),
        notices.waiting(),
        rx.foreach(HomeState.changes, _change),
        rx.cond(
            HomeState.is_loaded & OnboardingState.is_loaded,
            rx.fragment(_call(phone_number), checklist(phone_number), _panels(), _recent()),
            skeleton("Loading", rows=3),
        ),
        _account(),
        at=paths.HOME,
    )


def _change(row: ChangeRow | Any) -> rx.Component:
    return notice(rx.el.p(row.words, " ", rx.el.a("Read it", href=row.path)))


def _call(phone_number: str) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2("The buddies' number"),
            rx.el.p(words.international(phone_number), class_name="figure"),
            rx.el.a(
                rx.icon("phone", size=18, aria_hidden=True),
                "Call now",
                href=f"tel:{phone_number}",
                class_name="button",
            ),
            class_name="call-words",
        ),
        rx.el.div(
            dial_code(phone_number),
            rx.el.p("Point your phone's camera here to call."),
            class_name="call-code",
        ),
        class_name="panel call-now",
    )


def _panels() -> rx.Component:
    return rx.el.div(
        rx.el.section(
            rx.el.h2("Talk time left"),
            rx.cond(
                HomeState.lines,
                rx.fragment(
                    rx.el.p(HomeState.talk_time, class_name="figure"),
                    rx.el.p(
                        "Notice and menu don't count. ",
                        rx.el.a("See where it went", href=paths.TALK_TIME),
                        class_name="soft small",
                    ),
                ),
                rx.el.p(
                    "On any phone the first five minutes are free. "
                    "With your number proved you get more, and see it here.",
                    class_name="soft",
                ),
            ),
            class_name="panel",
        ),
        rx.el.section(
            rx.el.h2("Your number"),
            rx.cond(
                HomeState.lines,
                rx.fragment(
                    rx.foreach(HomeState.lines, lambda line: rx.el.p(line, class_name="figure")),
                    rx.el.p("Calls from it show up here.", class_name="soft small"),
                ),
                rx.fragment(
                    rx.el.p(
                        "No phone number belongs to this account yet, so no calls can show up "
                        "here.",
                        class_name="soft",
                    ),
                    rx.el.p(rx.el.a("Prove your number", href=paths.PHONE)),
                ),
            ),
            class_name="panel",
        ),
        class_name="panels two",
    )


def _recent() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Latest calls"),
        rx.cond(
            HomeState.recent,
            rx.fragment(
                call_list(HomeState.recent),
                rx.el.p(rx.el.a("All your calls", href=paths.CALLS)),
            ),
            rx.el.p(
                "None yet. They show up here by themselves, while you talk.", class_name="soft"
            ),
        ),
        class_name="stack",
    )


def _account() -> rx.Component:
    return rx.el.section(
        rx.el.p(
            "Signed in as ",
            rx.el.strong(AccountState.email),
            rx.cond(
                AccountState.is_operator,
                rx.el.span("Operator", class_name="badge"),
            ),
            class_name="signed-in-as",
        ),
        rx.el.div(
            rx.cond(
                OnboardingState.is_dismissed & ~OnboardingState.is_complete,
                rx.el.button(
                    "Show the checklist",
                    type="button",
                    class_name="text-button",
                    on_click=OnboardingState.resume,
                ),
            ),
            sign_out_button(),
            class_name="buttons",
        ),
        aria_label="Your account",
        class_name="account-line",
    )
