"""Your data: what is kept and for how long, what was agreed to, who looked, and the end of it."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site import paths
from buddy_site.components.calls import skeleton
from buddy_site.components.forms import (
    buttons,
    checkbox_field,
    choice,
    choice_field,
    confirm,
    notice,
    panel,
    table,
)
from buddy_site.components.layout import account_page, page, trouble
from buddy_site.components.links import post_button
from buddy_site.state.your_data import USUAL, ConsentRow, LookRow, YourDataState
from shared.domain.retention import CHOICES_DAYS
from shared.wordings import SITE_TRANSCRIPTION

DAYS_IN_WORDS = {7: "A week", 30: "A month", 90: "3 months", 365: "A year"}


def your_data() -> rx.Component:
    """Return the page."""
    return account_page(
        rx.el.div(
            rx.el.h1("Your data"),
            rx.el.p(
                "What you say is yours: read it, take it with you, have it deleted.",
                class_name="soft",
            ),
            class_name="head",
        ),
        trouble(YourDataState.trouble),
        rx.cond(YourDataState.refusal != "", notice(YourDataState.refusal, kind="bad")),
        rx.cond(
            YourDataState.is_loaded,
            rx.fragment(_export(), _keeping(), _agreed(), _looks(), _delete()),
            skeleton("Loading", rows=4),
        ),
        at=paths.PRIVACY,
    )


def deleted() -> rx.Component:
    """Return what is shown once an account is gone."""
    return page(
        rx.el.div(
            rx.el.h1("Your account is deleted"),
            rx.el.p(
                "Your profile, your numbers, your calls and every word in them are gone from our "
                "records. We have asked the companies that carried your calls, messages and "
                "payments to delete what they hold, and keep asking until they have."
            ),
            rx.el.p(
                "What stays, without your name: the books of what was paid, as the law wants, and "
                "that your number has had its free minutes.",
                class_name="soft",
            ),
            rx.el.p("Thank you for the talks. You are welcome again at any time."),
            rx.el.p(rx.el.a("To the first page", href=paths.LANDING, class_name="button")),
            class_name="narrow stack",
        ),
        at=paths.DELETED,
    )


def _export() -> rx.Component:
    return panel(
        "Take it with you",
        buttons(
            post_button("Download everything", paths.EXPORT, class_name="button"),
        ),
        intro="One archive with all we keep about you: pages to read, and a file for programs.",
        id="export",
    )


def _keeping() -> rx.Component:
    return panel(
        "How long calls are kept",
        choice_field(
            "Delete calls, with every word, after",
            "keep",
            choice(
                "keep",
                USUAL,
                rx.el.span("As usual (", YourDataState.usual_days, " days)"),
                chosen=YourDataState.keep_days,
                on_choose=YourDataState.keep_calls,
            ),
            *(
                choice(
                    "keep",
                    str(days),
                    DAYS_IN_WORDS[days],
                    chosen=YourDataState.keep_days,
                    on_choose=YourDataState.keep_calls,
                )
                for days in CHOICES_DAYS
            ),
            hint="Older calls go within a day of your choice, and can't be brought back.",
            saved=rx.cond(YourDataState.saved == "keep", "Saved", ""),
        ),
    )


def _agreed() -> rx.Component:
    return panel(
        "What you agreed to",
        checkbox_field(
            SITE_TRANSCRIPTION.text,
            "transcripts",
            checked=YourDataState.has_agreed_to_transcripts,
            on_change=YourDataState.agree_to_transcripts,
            saved=rx.cond(YourDataState.saved == "transcripts", "Saved", ""),
        ),
        rx.cond(
            YourDataState.consents,
            rx.el.ul(
                rx.foreach(YourDataState.consents, _consent),
                class_name="consents",
                aria_label="Everything you agreed to, the newest first",
            ),
            rx.el.p("Nothing so far.", class_name="soft"),
        ),
    )


def _consent(row: ConsentRow | Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.strong(row.title), class_name="consent-title"),
            rx.el.p(row.wording, class_name="soft small"),
            rx.el.p(row.given, " · ", row.state, class_name="small numbers"),
        ),
        rx.cond(
            row.may_be_withdrawn,
            rx.el.button(
                "Take back",
                rx.el.span(": ", row.title, class_name="visually-hidden"),
                type="button",
                class_name="button quiet",
                on_click=YourDataState.withdraw(row.kind),  # type: ignore[operator]  # so Reflex has it
            ),
        ),
    )


def _looks() -> rx.Component:
    return panel(
        "Who has read your calls",
        rx.cond(
            YourDataState.looks,
            table(
                "Each time one of our operators read a call of yours",
                ("When", "Why", "Call"),
                YourDataState.looks,
                _look_cells,
            ),
            rx.el.p("Nobody but you.", class_name="soft"),
        ),
        intro="Our operators can read a call only for a reason, and you see it here.",
    )


def _look_cells(row: LookRow | Any) -> tuple[Any, ...]:
    return (row.when, row.reason, rx.el.a("The call", href=row.path))


def _delete() -> rx.Component:
    return panel(
        "Delete your account",
        confirm(
            "Delete my account",
            rx.fragment(
                rx.el.p(
                    rx.el.strong("This can't be undone."),
                    " Your calls, talk time, numbers and sign-ins go at once, a running call "
                    "ends, and a subscription is canceled without a refund for what is left of "
                    "its period.",
                ),
            ),
            yes="Yes, delete everything",
            on_confirm=YourDataState.delete_account,
            is_grave=True,
            id="delete-account",
        ),
        intro="Everything you see on this site about you goes, and we ask the companies that "
        "work for us to delete their part.",
    )
