"""A call's words: finals in a log that is read out politely, interim words silent beside it."""

# mypy: disable-error-code="no-any-return"
# Reflex makes its elements at run time, so they have no type.
from __future__ import annotations

from typing import Any

import reflex as rx

from buddy_site.components.links import server_link
from buddy_site.state.live_call import CallState


def transcript() -> rx.Component:
    """Return the transcript of the call in the page's state."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2("What was said"),
            rx.cond(
                CallState.is_live & ~CallState.is_silent,
                server_link("To the newest words", href="#now", class_name="text-link"),
            ),
            class_name="transcript-head",
        ),
        rx.cond(
            CallState.earlier_count > 0,
            rx.el.button(
                "Show earlier words",
                type="button",
                class_name="button quiet",
                on_click=CallState.show_earlier,
            ),
        ),
        rx.el.div(
            rx.foreach(CallState.entries, entry_view),
            role="log",
            aria_live="polite",
            aria_label="Transcript",
            class_name="transcript",
            id="transcript",
        ),
        rx.cond(
            CallState.interim_text != "",
            rx.el.div(
                rx.el.span("now", class_name="at"),
                rx.el.div(
                    rx.el.p(CallState.interim_speaker, class_name="speaker"),
                    rx.el.p(CallState.interim_text, "…", class_name="words"),
                    class_name="body",
                ),
                class_name="entry is-interim side-" + CallState.interim_side,
                aria_live="off",
                custom_attrs={"data-testid": "interim"},
            ),
        ),
        rx.cond(
            CallState.is_silent,
            rx.cond(
                CallState.is_live,
                rx.el.p("Words appear here as they are said.", class_name="soft"),
                rx.el.p("Nothing was written down in this call.", class_name="soft"),
            ),
        ),
        rx.el.span(id="now", class_name="now", tab_index=-1),
        class_name="stack tone-" + CallState.tone,
    )


def off_the_record() -> rx.Component:
    """Return the banner that says that nothing is kept right now."""
    return rx.cond(
        CallState.is_off_the_record,
        rx.el.div(
            rx.el.strong("Off the record."),
            " Nothing that is said now is kept or shown. "
            "Star nine on the phone, or “back on the record”, ends it.",
            class_name="notice off-the-record",
            role="status",
        ),
    )


def entry_view(entry: Any) -> rx.Component:
    """Return one row of a transcript, with the divider before it."""
    return rx.fragment(
        rx.cond(
            entry.divider != "",
            rx.el.p(
                rx.el.span(entry.divider),
                class_name="transcript-divider",
                title=entry.at,
            ),
        ),
        rx.cond(entry.side != "divider", _words(entry)),
        key=entry.sequence,
    )


def _words(entry: Any) -> rx.Component:
    return rx.el.div(
        rx.el.time(entry.at, title=entry.said_at, class_name="at"),
        rx.el.div(
            rx.el.p(entry.speaker, class_name="speaker"),
            rx.el.p(
                entry.text,
                rx.cond(
                    entry.unheard != "",
                    rx.fragment(
                        " ",
                        rx.el.span("(not heard: ", class_name="visually-hidden"),
                        rx.el.s(entry.unheard),
                        rx.el.span(")", class_name="visually-hidden"),
                    ),
                ),
                class_name="words",
            ),
            rx.cond(entry.was_interrupted, rx.el.p("interrupted", class_name="note")),
            class_name="body",
        ),
        class_name="entry side-" + entry.side + " tone-" + entry.tone,
    )
