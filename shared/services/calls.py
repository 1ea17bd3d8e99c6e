"""Calls: taken, streamed and ended; how they are read is in `call_record`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Result, text
from sqlmodel import Session, col, or_, select

from shared.database import lock
from shared.domain.plans import PlanName
from shared.domain.spending import Refusal
from shared.domain.timings import CallFigures
from shared.errors import DomainError
from shared.ids import AccountId, CallId, PersonaVersionId, new_id
from shared.listener import CALL_ENTRIES, notify
from shared.phone import PhoneNumber
from shared.seed import plans
from shared.services import (
    allowances,
    call_ends,
    caller_profiles,
    consents,
    phone_lines,
    redials,
    reservations,
    resumptions,
    spending,
    stream_tokens,
    talk_time,
    text_messages,
)
from shared.services.call_commands import request_end
from shared.services.call_record import (
    CallCard,
    CallDetail,
    EntryKind,
    EntryView,
    Side,
    detail,
    entries_after,
    history,
    owner,
)
from shared.services.caller_profiles import CallerProfile
from shared.services.new_accounts import AccountKind, new_account
from shared.services.phone_lines import Holder
from shared.services.redials import BrokenOff
from shared.services.resumptions import Resumption
from shared.services.talk_time import CallNotFound
from shared.tables.account import Account
from shared.tables.call import Call
from shared.tables.talk_time import Reservation
from shared.wordings import ConsentKind

__all__ = [
    "CallCard",
    "CallDetail",
    "CallNotFound",
    "EntryKind",
    "EntryView",
    "Side",
    "detail",
    "entries_after",
    "history",
    "owner",
    "request_end",
]

# A call that never opened a reservation and of whose end nobody told us: longer than any notice
# and menu last.
LONGEST_RECEPTION = timedelta(minutes=15)
LONGEST_LOSS = timedelta(seconds=60)  # Twilio comes back within seconds, or never
TERMINAL_STATUSES = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

# Every call asks for these, while its buddy is about to speak.
_CONSENT = text(
    "WITH given AS ("
    "  INSERT INTO consent (id, account_id, call_id, kind, wording_version, given_at) "
    "  SELECT :id, account_id, id, :kind, :wording_version, :now FROM call "
    "  WHERE id = :call_id AND NOT EXISTS (SELECT FROM consent WHERE call_id = :call_id)) "
    "SELECT pg_notify(:channel, id) FROM call WHERE id = :call_id"
)
_CHOOSE = text(
    "UPDATE call SET persona_version_id = :persona_version_id WHERE id = :call_id "
    "RETURNING pg_notify(:channel, id)"
)

CallerKind = AccountKind
NO_FIGURES = CallFigures()


class StreamRefused(DomainError):
    """The stream has no right to this call: a wrong, used or expired token."""

    code = "stream_refused"

    def __init__(self) -> None:
        super().__init__("this stream may not be opened")


@dataclass(frozen=True, slots=True)
class TakenCall:
    """A call that may open its stream, with the token that opens it."""

    call_id: CallId
    account_id: AccountId
    stream_token: str
    others: tuple[str, ...] = ()  # CallSids of what the number seems to be talking in besides


@dataclass(frozen=True, slots=True)
class OpenedCall:
    """Who is on the line and what they may do."""

    call_id: CallId
    account_id: AccountId
    caller: AccountKind
    profile: CallerProfile
    has_consented: bool  # on the site, so that a short notice does
    seconds_left: int | None  # None: unlimited
    fair_use_left: int | None  # seconds this month; None where talk is not unlimited
    refusal: Refusal | None  # why the call may not start, though there is talk time
    may_text: bool  # a text about how to go on would be sent
    speculates: bool = True  # on its plan, replies are prepared before they are sure
    resumption: Resumption | None = None  # what another stream of this call led to
    broken_off: BrokenOff | None = None  # the call before, if the caller dials again after it


def take_call(
    session: Session,
    *,
    call_sid: str,
    number: PhoneNumber | None,
    is_attested: bool,
    now: datetime,
) -> TakenCall:
    """Take an incoming call; a repeated webhook finds the same call and gets a new token."""
    # One call at a time a number, and a repeated webhook after the first.
    lock(session, number.e164 if number is not None else call_sid)
    call = session.exec(select(Call).where(Call.call_sid == call_sid)).one_or_none()
    others: tuple[str, ...] = ()
    if call is None:
        holder = _holder(session, call_sid, number, now=now)
        call = Call(
            id=new_id("call"),
            call_sid=call_sid,
            account_id=holder.account_id,
            number_index=(
                phone_lines.number_index(session, number) if number is not None else None
            ),
            status="ringing",
            is_attested=is_attested,
            # The network vouches for the number, and the account has proved to own it.
            proved_at=now if is_attested and holder.is_verified else None,
            started_at=now,
        )
        token = stream_tokens.issue(call, now=now)
        session.add(call)
        session.flush()
        notify(session, CALL_ENTRIES, call.id)
        others = _end_lost_before(session, call, now=now)
    else:
        token = stream_tokens.issue(call, now=now)
    return TakenCall(CallId(call.id), AccountId(call.account_id), token, others)


def open_stream(
    session: Session, *, call_sid: str, stream_sid: str, token: str, now: datetime
) -> OpenedCall:
    """Let a call's stream in; raise `StreamRefused` unless the token is this call's.

    A call has one stream at a time: another one goes on with it once the one before was lost.
    """
    call = session.exec(
        select(Call).where(Call.call_sid == call_sid).with_for_update(key_share=True)
    ).one_or_none()
    if (
        call is None
        or call.ended_at is not None
        # A replayed webhook got a token of its own.
        or (call.stream_started_at is not None and call.stream_lost_at is None)
        or not stream_tokens.fits(call, token, now=now)
    ):
        raise StreamRefused
    resumption = None
    if call.stream_started_at is not None:
        resumption = resumptions.resume(session, call, now=now)
    stream_tokens.forget(call)
    call.stream_sid = stream_sid
    call.stream_started_at = call.stream_started_at or now
    call.stream_lost_at = call.lost_reason = None
    call.status = "in-progress"
    session.flush()
    notify(session, CALL_ENTRIES, call.id)
    return _opened(session, call, resumption, now=now)


def record_consent(
    session: Session, *, call_id: CallId, wording_version: str, now: datetime
) -> None:
    """Keep that the caller heard the notice and stayed; once a call."""
    _told(
        session.execute(
            _CONSENT,
            {
                "id": new_id("con"),
                "call_id": call_id,
                "kind": ConsentKind.TRANSCRIPTION.value,
                "wording_version": wording_version,
                "now": now,
                "channel": CALL_ENTRIES,
            },
        )
    )


def choose_persona(
    session: Session,
    *,
    call_id: CallId,
    persona_version_id: PersonaVersionId,
    now: datetime,  # noqa: ARG001 - every use case of a call takes its instant
) -> None:
    """Keep which buddy the caller talks to."""
    _told(
        session.execute(
            _CHOOSE,
            {
                "call_id": call_id,
                "persona_version_id": persona_version_id,
                "channel": CALL_ENTRIES,
            },
        )
    )


def slow_down(session: Session, *, call_id: CallId, slower: int) -> None:
    """Keep how often the caller has asked buddies to speak more slowly."""
    _call(session, call_id).slower = slower


def end_call(
    session: Session,
    *,
    call_id: CallId,
    end_reason: str,
    used_seconds: int,
    now: datetime,
    figures: CallFigures = NO_FIGURES,
    stream_sid: str | None = None,
) -> None:
    """Settle the call and keep why it ended; a repetition changes nothing.

    Nor does an end of a stream other than the call's: somebody else has gone on with the call.
    """
    call = _locked(session, call_id)
    if stream_sid is not None and call.stream_sid != stream_sid:
        return
    call_ends.keep(call, figures)
    held = reservations.lock(session, call_id, now=now)
    # Twilio may have told of the end before us; what was talked is still to be paid.
    is_paid = held.status == talk_time.SETTLED or (held.is_new and not used_seconds)
    if call.ended_at is not None and is_paid:
        return
    call.talk_seconds = talk_time.settle_held(session, held, used_seconds=used_seconds, now=now)
    if call.ended_at is None:
        call_ends.end(session, call, end_reason, now=now, is_told=True)


def update_status(
    session: Session,
    *,
    call_sid: str,
    status: str,
    sequence_number: int | None,
    duration_seconds: int | None,
    now: datetime,
) -> None:
    """Take a status callback in; late, repeated and unknown ones do no harm."""
    call = session.exec(
        select(Call).where(Call.call_sid == call_sid).with_for_update(key_share=True)
    ).one_or_none()
    if call is None:
        return
    is_terminal = status in TERMINAL_STATUSES
    if duration_seconds is not None:
        call.line_seconds = duration_seconds
    if not is_terminal:
        newer = sequence_number is None or sequence_number > call.status_sequence
        if call.ended_at is None and call.status not in TERMINAL_STATUSES and newer:
            call.status = status
            call.status_sequence = sequence_number or call.status_sequence
        return
    stream_tokens.forget(call)  # a line that is gone opens no stream
    if call.ended_at is not None:
        return
    held = reservations.lock(session, CallId(call.id), now=now)
    if call.stream_lost_at is not None:
        talk_time.end_lost(session, call, held, now=now)
        call.status = status
        return
    if not held.is_new:
        if held.status == talk_time.OPEN and held.expires_at >= now:
            return  # its stream is about to close and knows better what was used
        call.talk_seconds = (
            talk_time.presume_dead(session, call_id=held.call_id, now=now) or held.used_seconds
        )
    call_ends.end(session, call, "caller_hung_up", status=status, now=now)


def end_forgotten(session: Session, *, now: datetime) -> tuple[CallId, ...]:
    """End calls that never got to a buddy and of whose end nobody told us."""
    calls = session.exec(
        select(Call)
        .where(
            col(Call.ended_at).is_(None),
            or_(
                Call.started_at < now - LONGEST_RECEPTION,
                col(Call.stream_lost_at) < now - LONGEST_LOSS,
            ),
            ~select(Reservation).where(Reservation.call_id == Call.id).exists(),
        )
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    for call in calls:
        call_ends.end(session, call, call.lost_reason or "failed", now=now)
    return tuple(CallId(call.id) for call in calls)


def _holder(
    session: Session, call_sid: str, number: PhoneNumber | None, *, now: datetime
) -> Holder:
    if number is None:
        account_id = new_account(session, AccountKind.WITHHELD, now=now)
        allowances.grant_withheld(session, account_id=account_id, call_sid=call_sid, now=now)
        return Holder(account_id, AccountKind.WITHHELD)
    holder = phone_lines.holder(session, number, now=now)
    if holder.kind is AccountKind.TEMPORARY:
        allowances.grant_pretrial(session, account_id=holder.account_id, number=number, now=now)
    return holder


def _end_lost_before(session: Session, call: Call, *, now: datetime) -> tuple[str, ...]:
    """End what is left of the number's earlier calls whose stream broke: it is dialling anew.

    Return the CallSids of the others, which still seem to go on.
    """
    if call.number_index is None:
        return ()
    earlier_calls = session.exec(
        select(Call)
        .where(
            Call.number_index == call.number_index,
            Call.id != call.id,
            col(Call.ended_at).is_(None),
        )
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    others = []
    for earlier in earlier_calls:
        if earlier.stream_lost_at is None:
            others.append(earlier.call_sid)
            continue
        held = reservations.lock(session, CallId(earlier.id), now=now)
        talk_time.end_lost(session, earlier, held, now=now)
    return tuple(others)


def _opened(
    session: Session, call: Call, resumption: Resumption | None, *, now: datetime
) -> OpenedCall:
    account = session.get_one(Account, call.account_id)
    account_id, call_id = AccountId(account.id), CallId(call.id)
    left = talk_time.overview(session, account_id=account_id, now=now)
    fair_use_left = (
        spending.fair_use_left(session, account_id=account_id, now=now)
        if left.is_unlimited
        else None
    )
    kind = AccountKind(account.kind)
    profile = caller_profiles.of(session, call_id=call_id, now=now)
    remembers = profile.settings.keeps_memory
    return OpenedCall(
        call_id=CallId(call.id),
        account_id=AccountId(account.id),
        caller=kind,
        profile=profile,
        has_consented=consents.has(
            session, account_id=AccountId(account.id), kind=ConsentKind.TRANSCRIPTION
        ),
        seconds_left=None if left.is_unlimited else left.seconds_left,
        fair_use_left=fair_use_left,
        may_text=text_messages.may_text(session, call_id=call_id, now=now),
        refusal=spending.admit(session, call_id=call_id, fair_use_left=fair_use_left, now=now),
        speculates=_plan(kind, is_unlimited=left.is_unlimited) in plans.speculating(),
        resumption=resumption,
        broken_off=redials.broken_off(session, call, may_remember=remembers, now=now)
        if resumption is None
        else None,
    )


def _plan(kind: AccountKind, *, is_unlimited: bool) -> PlanName:
    if is_unlimited:
        return PlanName.UNLIMITED
    match kind:
        case AccountKind.WITHHELD:
            return PlanName.WITHHELD
        case AccountKind.TEMPORARY:
            return PlanName.PRETRIAL
        case AccountKind.REGISTERED:
            return PlanName.TRIAL


def _call(session: Session, call_id: CallId) -> Call:
    call = session.get(Call, call_id)
    if call is None:
        raise CallNotFound
    return call


def _told(changed: Result[Any]) -> None:
    if changed.first() is None:
        raise CallNotFound


def _locked(session: Session, call_id: CallId) -> Call:
    call = session.exec(
        select(Call).where(Call.id == call_id).with_for_update(key_share=True)
    ).one_or_none()
    if call is None:
        raise CallNotFound
    return call
