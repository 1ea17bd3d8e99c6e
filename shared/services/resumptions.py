"""Going on with a call on another stream: what the new one must know of what was before.

A stream breaks when its process dies, or the way between Twilio and us does. Twilio then asks what
to do next, and another process takes the call over as it stands in the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, select

from shared.database import key_ring
from shared.domain.timings import CallFigures
from shared.ids import AccountId, CallId
from shared.listener import CALL_COMMANDS, notify
from shared.services import being_said, call_ends, reservations, stream_tokens, talk_time
from shared.services.call_commands import LOST
from shared.services.call_record import EntryView, spoken
from shared.tables.account import Consent
from shared.tables.call import Call, TurnTiming, Unanswered
from shared.tables.persona import Persona, PersonaVersion

MOST_RESUMES: Final = 5  # of one call: a stream that breaks at once must not do so for ever
# What the stream before has not written yet may still come: the next one leaves it room.
SEQUENCE_STRIDE: Final = 1000


@dataclass(frozen=True, slots=True)
class UnansweredView:
    """What the caller said last and was not answered."""

    text: str
    said_at: datetime
    is_whole: bool  # the turn had ended: a reply is owed
    is_written: bool  # it stands in the transcript already


@dataclass(frozen=True, slots=True)
class Resumption:
    """What an earlier stream of the call led to."""

    began_at: datetime  # its first stream
    has_consented: bool  # in this call
    menu_key: int | None  # the buddy that had the floor
    entries: tuple[EntryView, ...]
    unanswered: UnansweredView | None
    sequence: int  # entries are counted on from here
    turns: int
    used_seconds: int
    figures: CallFigures
    slower: int = 0  # times that the caller asked for slower speech


@dataclass(frozen=True, slots=True)
class ResumableCall:
    """A call that goes on, with the token that opens its next stream."""

    call_id: CallId
    account_id: AccountId
    stream_token: str


def resume_call(session: Session, *, call_sid: str, now: datetime) -> ResumableCall | None:
    """Let another stream go on with a call; None where it is over, or broke too often."""
    call = session.exec(
        select(Call).where(Call.call_sid == call_sid).with_for_update(key_share=True)
    ).one_or_none()
    # `line_seconds`: Twilio itself has told of the end.
    if call is None or call.line_seconds is not None or call.resumes >= MOST_RESUMES:
        return None
    if call.ended_at is not None:
        held = reservations.lock(session, CallId(call.id), now=now)
        if held.is_new or held.status != talk_time.SWEPT:
            return None
        # Its process seemed dead, and was so slow to be missed that the sweep came first.
        talk_time.hand_over(session, call_id=held.call_id, lost_at=now, now=now)
    if call.stream_started_at is not None and call.stream_lost_at is None:
        call.stream_lost_at, call.lost_reason = now, "line_lost"
        # Should the process live, whoever leads the call there must let go of it.
        notify(session, CALL_COMMANDS, f"{LOST}:{call.stream_sid}")
    call.resumes += 1
    token = stream_tokens.issue(call, now=now)
    return ResumableCall(CallId(call.id), AccountId(call.account_id), token)


def lose_stream(
    session: Session,
    *,
    call_id: CallId,
    stream_sid: str,
    reason: str,
    used_seconds: int,
    figures: CallFigures,
    now: datetime,
) -> None:
    """Keep that a call's stream broke, and what it came to until then: another may go on."""
    call = session.exec(
        select(Call).where(Call.id == call_id).with_for_update(key_share=True)
    ).one_or_none()
    if call is None or call.stream_sid != stream_sid:
        return  # deleted, or gone on with already
    call_ends.keep(call, figures)
    being_said.forget(session, call_id)
    held = reservations.lock(session, call_id, now=now)
    if call.ended_at is not None or call.line_seconds is not None:
        _settle(session, call, reason, used_seconds, now=now)
        return
    if held.status == talk_time.OPEN and not held.is_new:
        talk_time.reserve(session, call_id=call_id, used_seconds=used_seconds, now=now)
    call.stream_lost_at, call.lost_reason = now, reason
    session.flush()


def resume(session: Session, call: Call, *, now: datetime) -> Resumption:
    """Return what the stream that goes on with the call must know; it holds the talk time now."""
    call_id = CallId(call.id)
    used = talk_time.hand_over(
        session, call_id=call_id, lost_at=call.stream_lost_at or now, now=now
    )
    call_ends.take_over(session, call)
    entries = spoken(session, call_id)
    last = max((entry.sequence for entry in entries), default=0)
    consent = select(Consent.id).where(Consent.call_id == call_id)
    turns = select(func.max(TurnTiming.turn)).where(TurnTiming.call_id == call_id)
    return Resumption(
        began_at=call.stream_started_at or now,
        has_consented=session.exec(consent).first() is not None,
        menu_key=_menu_key(session, call),
        entries=entries,
        unanswered=_unanswered(session, call_id, entries),
        sequence=(last // SEQUENCE_STRIDE + 1) * SEQUENCE_STRIDE,
        turns=session.exec(turns).one() or 0,
        used_seconds=used,
        figures=call_ends.figures_of(call),
        slower=call.slower,
    )


def _settle(session: Session, call: Call, reason: str, used_seconds: int, *, now: datetime) -> None:
    """Book what was used in a call that is over, whoever told of that first."""
    call.talk_seconds = talk_time.settle(
        session, call_id=CallId(call.id), used_seconds=used_seconds, now=now
    )
    if call.ended_at is None:
        call_ends.end(session, call, reason, now=now, is_told=True)


def _menu_key(session: Session, call: Call) -> int | None:
    return session.exec(
        select(Persona.menu_key)
        .join(PersonaVersion, col(PersonaVersion.persona_id) == Persona.id)
        .where(PersonaVersion.id == call.persona_version_id)
    ).one_or_none()


def _unanswered(
    session: Session, call_id: CallId, entries: tuple[EntryView, ...]
) -> UnansweredView | None:
    row = session.get(Unanswered, call_id)
    if row is None:
        return None
    return UnansweredView(
        text=key_ring(session).open(row.sealed_text, "unanswered", call_id),
        said_at=row.said_at,
        is_whole=row.is_whole,
        is_written=any(
            entry.side == "caller" and entry.said_at == row.said_at for entry in entries
        ),
    )
