"""The profile: what buddies call you and how they talk with you, from the next call on."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import paths, words
from buddy_site.components.buddies import avatar
from buddy_site.components.calls import skeleton
from buddy_site.components.forms import (
    buttons,
    checkbox_field,
    choice,
    choice_field,
    confirm,
    field,
    form,
    panel,
    status,
    submit_button,
)
from buddy_site.components.layout import account_page, trouble
from buddy_site.state.profile import NO_FAVOURITE, PACES, PAUSES, USUAL, ProfileState
from shared.domain.names import LONGEST_NAME
from shared.domain.pins import DIGITS
from shared.services.profiles import time_zones

ZONES = "time-zones"


def profile() -> rx.Component:
    """Return the page."""
    return account_page(
        rx.el.div(
            rx.el.h1("Profile"),
            rx.el.p("Whatever you change here, your next call knows it.", class_name="soft"),
            class_name="head",
        ),
        trouble(ProfileState.trouble),
        rx.cond(
            ProfileState.is_loaded,
            rx.fragment(_who(), _talking(), _memory(), _pin()),
            skeleton("Loading your profile", rows=4),
        ),
        at=paths.PROFILE,
    )


def _who() -> rx.Component:
    return panel(
        "You",
        form(
            field(
                "Your name, as buddies say it",
                "spoken_name",
                default=ProfileState.spoken_name,
                hint="Said at the start of a call. Leave it empty and they use none.",
                error=_refusal("name"),
                autocomplete="given-name",
                max_length=LONGEST_NAME,
            ),
            _save_row("Save name", "name"),
            on_submit=ProfileState.save_name,
            is_inline=True,
        ),
        rx.el.hr(),
        form(
            field(
                "Time zone",
                "time_zone",
                default=ProfileState.time_zone,
                hint="Type a city to search. It is " + ProfileState.local_time + " there now.",
                error=_refusal("zone"),
                list=ZONES,
                max_length=60,
                on_focus=rx.call_script("document.getElementById('time_zone').select()"),
            ),
            rx.el.datalist(
                *(rx.el.option(value=words.zone_label(name)) for name in time_zones()), id=ZONES
            ),
            _save_row("Save time zone", "zone"),
            on_submit=ProfileState.save_time_zone,
            is_inline=True,
        ),
    )


def _talking() -> rx.Component:
    return panel(
        "Talking",
        choice_field(
            "Favourite buddy",
            "favourite",
            choice(
                "favourite",
                NO_FAVOURITE,
                "Ask me each time",
                chosen=ProfileState.favourite,
                on_choose=ProfileState.choose_favourite,
            ),
            rx.foreach(
                ProfileState.buddies,
                lambda buddy: choice(
                    "favourite",
                    buddy.value,
                    avatar(buddy.tone),
                    buddy.name,
                    chosen=ProfileState.favourite,
                    on_choose=ProfileState.choose_favourite,
                ),
            ),
            hint="Answers at once when you call. You can still switch, by key or by asking.",
            error=_refusal("favourite"),
            saved=_saved("favourite"),
        ),
        choice_field(
            "How fast they speak",
            "pace",
            *(
                choice(
                    "pace",
                    str(value),
                    said,
                    chosen=ProfileState.pace,
                    on_choose=ProfileState.choose_pace,
                )
                for value, said in PACES.items()
            ),
            error=_refusal("pace"),
            saved=_saved("pace"),
        ),
        choice_field(
            "When you pause, they answer",
            "pause",
            *(
                choice(
                    "pause",
                    value,
                    said,
                    chosen=ProfileState.pause,
                    on_choose=ProfileState.choose_pause,
                )
                for value, said in (
                    (USUAL, "As usual"),
                    *((str(seconds), said) for seconds, said in PAUSES.items()),
                )
            ),
            hint="Choose a patient one if they answer before you have finished.",
            error=_refusal("pause"),
            saved=_saved("pause"),
        ),
    )


def _memory() -> rx.Component:
    return panel(
        "Memory",
        checkbox_field(
            "Buddies may remember me from call to call",
            "keeps_memory",
            checked=ProfileState.keeps_memory,
            on_change=ProfileState.choose_memory,
            hint="Switched off, nothing you say is carried into another call. "
            "The transcript stays yours either way, until you delete it.",
            saved=_saved("memory"),
        ),
    )


def _pin() -> rx.Component:
    return panel(
        "PIN",
        form(
            field(
                rx.cond(ProfileState.has_pin, "New PIN", "Choose a PIN"),
                "pin",
                key=ProfileState.pin_round,
                hint="Four digits that nobody guesses: no row, no year.",
                error=_refusal("pin"),
                class_name="code",
                input_mode="numeric",
                max_length=DIGITS,
            ),
            _save_row("Save PIN", "pin"),
            on_submit=ProfileState.save_pin,
            is_inline=True,
        ),
        rx.cond(
            ProfileState.has_pin,
            confirm(
                "Remove the PIN",
                "Buddies then have only your number to know you by.",
                yes="Yes, remove it",
                on_confirm=ProfileState.remove_pin,
            ),
        ),
        intro=rx.cond(
            ProfileState.has_pin,
            "You have a PIN. Press star twice on the phone, then the PIN, and buddies know that "
            "it is you, even where your number can't be proved.",
            "Numbers can be faked. With a PIN, typed on the phone after pressing star twice, you "
            "prove that it is you when you ask for something personal.",
        ),
    )


def _save_row(text: str, name: str) -> rx.Component:
    return buttons(submit_button(text), status(_saved(name)))


def _saved(name: str) -> Any:
    return rx.cond(ProfileState.saved == name, "Saved", "")


def _refusal(name: str) -> Any:
    return rx.cond(ProfileState.refused == name, ProfileState.refusal, "")
