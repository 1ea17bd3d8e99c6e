"""What is left of calls: cards for lists, and transcripts, for the account they belong to only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from shared.database import key_ring
from shared.ids import AccountId, CallId
from shared.services.talk_time import CallNotFound
from shared.tables.call import Call, Entry
from shared.tables.persona import Persona, PersonaVersion
from shared.tables.talk_time import Reservation


class Side(StrEnum):
    """Who said it."""

    CALLER = "caller"
    BUDDY = "buddy"
    LINE = "line"


class EntryKind(StrEnum):
    """What a row of a transcript is."""

    WORDS = "words"
    OFF_RECORD = "off_record"  # nothing of what followed was kept
    ON_RECORD = "on_record"  # until here


@dataclass(frozen=True, slots=True)
class CallCard:
    """A call as a list shows it."""

    call_id: CallId
    persona_name: str | None
    menu_key: int | None
    started_at: datetime
    seconds: int  # talk time
    status: str
    end_reason: str | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class EntryView:
    """One row of a transcript, opened."""

    sequence: int
    side: Side
    text: str
    unheard: str
    was_interrupted: bool
    offset_seconds: float
    said_at: datetime
    kind: EntryKind = EntryKind.WORDS
    buddy: str | None = None  # who was talked to, where that is known


@dataclass(frozen=True, slots=True)
class CallDetail:
    """A call with everything that was said."""

    card: CallCard
    entries: tuple[EntryView, ...]


def history(
    session: Session, *, account_id: AccountId, before: datetime | None, limit: int
) -> tuple[CallCard, ...]:
    """Return the account's calls, the newest first, from before an instant."""
    query = (
        _cards()
        .where(Call.account_id == account_id)
        .order_by(col(Call.started_at).desc(), col(Call.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Call.started_at < before)
    return tuple(_card(*row) for row in session.exec(query))


def detail(
    session: Session, *, account_id: AccountId, call_id: CallId, after: int = 0
) -> CallDetail:
    """Return one of the account's calls and its entries after a sequence number.

    Raise `CallNotFound` for anybody else's call, as for one that does not exist.
    """
    query = _cards().where(Call.id == call_id, Call.account_id == account_id)
    row = session.exec(query).one_or_none()
    if row is None:
        raise CallNotFound
    return CallDetail(_card(*row), _entries(session, call_id, after=after))


def entries_after(
    session: Session, *, account_id: AccountId, call_id: CallId, sequence: int
) -> tuple[EntryView, ...]:
    """Return what was said after an entry; raise `CallNotFound` for anybody else's call."""
    if owner(session, call_id=call_id) != account_id:
        raise CallNotFound
    return _entries(session, call_id, after=sequence)


def spoken(session: Session, call_id: CallId) -> tuple[EntryView, ...]:
    """Return what was said in a call, for whoever leads it."""
    return _entries(session, call_id, after=0)


def owner(session: Session, *, call_id: CallId) -> AccountId | None:
    """Return whose call it is; None if there is no such call."""
    found = session.exec(select(Call.account_id).where(Call.id == call_id)).one_or_none()
    return AccountId(found) if found is not None else None


def _cards() -> Select[Call, str, int, int]:
    return (
        select(Call, PersonaVersion.name, Persona.menu_key, Reservation.used_seconds)
        .join(PersonaVersion, col(Call.persona_version_id) == PersonaVersion.id, isouter=True)
        .join(Persona, col(PersonaVersion.persona_id) == Persona.id, isouter=True)
        .join(Reservation, col(Reservation.call_id) == Call.id, isouter=True)
    )


def _card(call: Call, name: str | None, menu_key: int | None, used: int | None) -> CallCard:
    is_live = call.ended_at is None
    return CallCard(
        call_id=CallId(call.id),
        persona_name=name,
        menu_key=menu_key,
        started_at=call.started_at,
        seconds=(used or 0) if is_live else call.talk_seconds,
        status=call.status,
        end_reason=call.end_reason,
        is_live=is_live,
    )


def _entries(session: Session, call_id: CallId, *, after: int) -> tuple[EntryView, ...]:
    ring = key_ring(session)
    rows = session.exec(
        select(Entry, PersonaVersion.name)
        .join(PersonaVersion, col(Entry.persona_version_id) == PersonaVersion.id, isouter=True)
        .where(Entry.call_id == call_id, Entry.sequence > after)
        .order_by(col(Entry.sequence))
    )
    return tuple(
        EntryView(
            sequence=row.sequence,
            side=Side(row.side),
            text=ring.open(row.sealed_text, "entry", call_id, row.sequence),
            unheard=ring.open(row.sealed_unheard, "unheard", call_id, row.sequence)
            if row.sealed_unheard is not None
            else "",
            was_interrupted=row.was_interrupted,
            offset_seconds=row.offset_ms / 1000,
            said_at=row.said_at,
            kind=EntryKind(row.kind),
            buddy=name,
        )
        for row, name in rows
    )
