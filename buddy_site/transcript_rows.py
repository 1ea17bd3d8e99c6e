"""Puts a transcript into a page's words.

Dividers stand where another buddy took over and where the record ended for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from buddy_site import theme, words
from shared.services.calls import EntryKind, EntryView, Side


@dataclass
class EntryRow:
    """One row of a transcript, in the page's words; a divider has no others."""

    sequence: int
    side: str
    speaker: str
    at: str
    said_at: str
    text: str
    unheard: str
    was_interrupted: bool
    divider: str = ""
    tone: str = theme.NEUTRAL_TONE


def entry_rows(
    views: Sequence[EntryView], *, buddy: str, where: tzinfo, is_live: bool
) -> list[EntryRow]:
    """Return the rows of a transcript; `buddy` is said to speak where nobody else is known to."""
    rows: list[EntryRow] = []
    heard: str | None = None  # the buddy who spoke last
    for number, view in enumerate(views):
        if view.kind is EntryKind.OFF_RECORD:
            back = next((v for v in views[number:] if v.kind is EntryKind.ON_RECORD), None)
            rows.append(_divider(view, words.off_the_record(view, back, is_live=is_live), where))
            continue
        if view.kind is EntryKind.ON_RECORD:
            continue
        divider = ""
        if view.side is Side.BUDDY and view.buddy is not None:
            if heard not in (None, view.buddy):
                divider = words.took_over(view.buddy, heard or "")
            heard = view.buddy
        rows.append(_entry(view, words.speaker(view.side, view.buddy or buddy), where, divider))
    return rows


def is_off_the_record(views: Sequence[EntryView]) -> bool:
    """Tell whether nothing is kept of what is being said now."""
    return bool(views) and views[-1].kind is EntryKind.OFF_RECORD


def _entry(view: EntryView, speaker: str, where: tzinfo, divider: str) -> EntryRow:
    return EntryRow(
        sequence=view.sequence,
        side=str(view.side),
        speaker=speaker,
        at=words.offset(view.offset_seconds),
        said_at=words.full_moment(view.said_at, where),
        text=view.text,
        unheard=view.unheard,
        was_interrupted=view.was_interrupted,
        divider=divider,
        tone=theme.tone(speaker),
    )


def _divider(view: EntryView, text: str, where: tzinfo) -> EntryRow:
    row = _entry(view, "", where, text)
    row.side = "divider"
    return row
