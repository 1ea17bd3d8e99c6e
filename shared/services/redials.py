"""Who dials again soon after a call that broke off, and what may be told of that call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from shared.domain.goodbyes import says_goodbye
from shared.ids import CallId
from shared.services.call_record import EntryKind, EntryView, Side, spoken
from shared.tables.call import Call
from shared.tables.persona import Persona, PersonaVersion

REDIAL_WITHIN: Final = timedelta(minutes=10)
BROKE_OFF: Final = frozenset({"line_lost", "failed", "recogniser_lost", "service_ending"})
HUNG_UP: Final = "caller_hung_up"  # broke off, unless somebody said goodbye


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A call that just broke off: with whom, and what was said where that may be told."""

    menu_key: int
    entries: tuple[EntryView, ...]
    was_cut: bool = True  # the line broke, or we did; else the caller hung up without a goodbye


def broken_off(
    session: Session, call: Call, *, may_remember: bool, now: datetime
) -> BrokenOff | None:
    """Return the call that this one may go on with; its words only to whom has proved to be it.

    A number alone is no proof: it hears that there was a call, and nothing of it.
    """
    if call.number_index is None:
        return None
    found = session.exec(
        select(Call, Persona.menu_key)
        .join(PersonaVersion, col(PersonaVersion.id) == Call.persona_version_id)
        .join(Persona, col(Persona.id) == PersonaVersion.persona_id)
        .where(
            Call.account_id == call.account_id,
            Call.number_index == call.number_index,
            Call.id != call.id,
            col(Call.ended_at) >= now - REDIAL_WITHIN,
        )
        .order_by(col(Call.started_at).desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    earlier, menu_key = found
    entries = spoken(session, CallId(earlier.id))
    if not _broke_off(earlier, entries):
        return None
    may_tell = may_remember and call.proved_at is not None
    was_cut = earlier.end_reason in BROKE_OFF
    return BrokenOff(menu_key, entries if may_tell else (), was_cut)


def _broke_off(call: Call, entries: tuple[EntryView, ...]) -> bool:
    if call.end_reason in BROKE_OFF:
        return True
    last = {entry.side: entry.text for entry in entries if entry.kind is EntryKind.WORDS}
    return (
        call.end_reason == HUNG_UP
        and Side.CALLER in last  # who never said a word had nothing to go on with
        and not any(says_goodbye(text) for text in last.values())
    )
