"""Talk time: reserved while a call runs, settled when it ends, proved by the ledger.

What an account has left, plus what its open reservations have taken, is always the sum of
its ledger. Plans are asked anew each time: from the first renewal that finds the account's talk
unlimited, nothing more is taken, and what was not used yet is given back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared.domain import allowance
from shared.ids import AccountId, CallId
from shared.listener import CALL_ENTRIES, notify
from shared.services import call_ends, entitlements, reservations
from shared.services.ledger import add_seconds, book
from shared.services.reservations import (
    OPEN,
    SETTLED,
    SWEPT,
    CallNotFound,
    Held,
    Left,
    StreamReplaced,
)
from shared.tables.call import Call
from shared.tables.talk_time import Reservation

__all__ = ["OPEN", "SETTLED", "SWEPT", "CallNotFound", "StreamReplaced"]

QUANTUM_SECONDS = 10  # the most a crash can cost a caller
LEASE_SECONDS = 30  # a call that has not renewed for so long is taken for dead
SWEEP_AT_ONCE = 100

_LEFT = text("SELECT seconds_left FROM talk_time WHERE account_id = :account_id")
_LOCK_LEFT = text(f"{_LEFT.text} FOR UPDATE")


@dataclass(frozen=True, slots=True)
class Granted:
    """What a call may talk in all, and what its account has beyond that (None: unlimited)."""

    held_seconds: int
    seconds_left: int | None
    calls_at_once: int = 1  # of the account: they share what is left


@dataclass(frozen=True, slots=True)
class TalkTimeView:
    """What an account may still talk, less what running calls hold."""

    seconds_left: int
    is_unlimited: bool


def reserve(
    session: Session,
    *,
    call_id: CallId,
    used_seconds: int,
    now: datetime,
    stream_sid: str | None = None,
) -> Granted:
    """Open the call's reservation or renew it; what it holds stays where nothing is left.

    Raise `StreamReplaced` where the asker's stream is not the call's any more.
    """
    held = reservations.lock(session, call_id, now=now)
    if stream_sid is not None and held.stream_sid != stream_sid:
        raise StreamReplaced
    is_unlimited = _is_unlimited(session, held, now=now)
    if held.status == SWEPT:
        _reopen(session, held, now=now)
    if held.status == OPEN:
        if is_unlimited:
            _take_no_more(session, held, now=now)
        held.used_seconds = max(held.used_seconds, used_seconds)
        held.expires_at = now + timedelta(seconds=LEASE_SECONDS)
        wanted = allowance.seconds_wanted(
            held=held.held_seconds, used=held.used_seconds, quantum=QUANTUM_SECONDS
        )
        left = _hold(session, held, wanted, is_unlimited=is_unlimited)
        reservations.write(session, held)
    else:
        left = None if is_unlimited else reservations.left(session, held)
    if left is None:
        return Granted(held.held_seconds, None)
    return Granted(held.held_seconds, left.seconds, max(1, left.calls))


def settle(session: Session, *, call_id: CallId, used_seconds: int, now: datetime) -> int:
    """Book what the call used and give the rest back, once; return the booked seconds."""
    held = reservations.lock(session, call_id, now=now)
    return settle_held(session, held, used_seconds=used_seconds, now=now)


def settle_held(session: Session, held: Held, *, used_seconds: int, now: datetime) -> int:
    """Settle a call that is locked already."""
    if held.status == SETTLED:
        return held.used_seconds
    is_unlimited = _is_unlimited(session, held, now=now)
    if held.status == SWEPT:
        _reopen(session, held, now=now)
    if is_unlimited:
        _take_no_more(session, held, now=now)
    used = max(held.used_seconds, used_seconds)
    if (unpaid := used - held.held_seconds) > 0:
        _hold(session, held, unpaid, is_unlimited=is_unlimited)
    _close(session, held, SETTLED, f"call:{held.call_id}", used=used, now=now)
    return used


def presume_dead(session: Session, *, call_id: CallId, now: datetime) -> int | None:
    """Charge a call that seems dead what it held; return that, or None if nothing was open.

    Should it live after all, its next renewal or its end takes this back.
    """
    held = reservations.lock(session, call_id, now=now)
    if held.is_new or held.status != OPEN:
        return None
    if _is_unlimited(session, held, now=now):
        _take_no_more(session, held, now=now)
    held.sweeps += 1
    cause = f"swept:{call_id}:{held.sweeps}"
    _close(session, held, SWEPT, cause, used=held.held_seconds, now=now)
    return held.used_seconds


def used_until(held: Held, at: datetime) -> int:
    """Return what a call had used when its stream broke, going by its last renewal."""
    renewed_at = held.expires_at - timedelta(seconds=LEASE_SECONDS)
    since = max(0, int((at - renewed_at).total_seconds()))
    return min(held.used_seconds + since, max(held.held_seconds, held.used_seconds))


def hand_over(session: Session, *, call_id: CallId, lost_at: datetime, now: datetime) -> int:
    """Keep what the call holds for the stream that goes on with it; return what was used so far."""
    held = reservations.lock(session, call_id, now=now)
    if held.is_new:
        return 0
    if held.status == SWEPT:
        _reopen(session, held, now=now)
    elif held.status == OPEN:
        held.used_seconds = used_until(held, lost_at)
    held.expires_at = now + timedelta(seconds=LEASE_SECONDS)
    reservations.write(session, held)
    return held.used_seconds


def sweep(session: Session, *, now: datetime) -> tuple[CallId, ...]:
    """End the calls whose process seems dead; each is charged what it held."""
    expired = session.exec(
        select(Reservation.call_id)
        .where(Reservation.status == OPEN, Reservation.expires_at < now)
        .order_by(col(Reservation.expires_at))
        .limit(SWEEP_AT_ONCE)
    ).all()
    if not expired:
        return ()
    calls = session.exec(
        select(Call)
        .where(col(Call.id).in_(expired))
        .order_by(col(Call.id))
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    return tuple(_swept(session, calls, now=now))


def end_lost(session: Session, call: Call, held: Held, *, now: datetime) -> None:
    """End a call whose stream broke and that nobody went on with; `held` is its reservation."""
    if not held.is_new and call.stream_lost_at is not None:
        used = used_until(held, call.stream_lost_at)
        call.talk_seconds = settle_held(session, held, used_seconds=used, now=now)
    call_ends.end(session, call, call.lost_reason or "failed", now=now)


def grant(
    session: Session, *, account_id: AccountId, seconds: int, cause: str, now: datetime
) -> bool:
    """Add talk time; the same cause adds it once. Return whether this call did."""
    if not book(session, account_id=account_id, seconds=seconds, cause=cause, now=now):
        return False
    add_seconds(session, account_id, seconds)
    return True


def overview(session: Session, *, account_id: AccountId, now: datetime) -> TalkTimeView:
    """Return what the account may still talk."""
    left = session.execute(_LEFT, {"account_id": account_id}).scalar()
    entitlement = entitlements.of(session, account_id, now=now)
    return TalkTimeView(left or 0, is_unlimited=entitlement.is_unlimited)


def transfer(
    session: Session, *, former: AccountId, account_id: AccountId, held: int, now: datetime
) -> None:
    """Move what an account has left to another, with the `held` seconds of moved reservations."""
    left = session.execute(_LOCK_LEFT, {"account_id": former}).scalar() or 0
    for owner, sign in ((former, -1), (account_id, 1)):
        book(
            session,
            account_id=owner,
            seconds=sign * (left + held),
            cause=f"claim:{former}:{owner}",
            now=now,
        )
        add_seconds(session, owner, sign * left)


def _is_unlimited(session: Session, held: Held, *, now: datetime) -> bool:
    return entitlements.of(session, held.account_id, now=now).is_unlimited


def _hold(session: Session, held: Held, wanted: int, *, is_unlimited: bool) -> Left | None:
    """Hold so many seconds more; return what is left then, None where talk is unlimited."""
    if not is_unlimited:
        return reservations.take(session, held, wanted)
    held.held_seconds += max(0, wanted)
    return None


def _take_no_more(session: Session, held: Held, *, now: datetime) -> None:
    """Book what the call had used when it last told, and give back the rest of what it took."""
    if not held.taken_seconds:
        return
    _pay(session, held, f"part:{held.call_id}:{held.held_seconds}", used=held.used_seconds, now=now)
    held.taken_seconds = 0


def _close(
    session: Session, held: Held, status: str, cause: str, *, used: int, now: datetime
) -> None:
    _pay(session, held, cause, used=used, is_end=True, now=now)
    held.status = status
    held.used_seconds = used
    reservations.write(session, held)


def _pay(
    session: Session,
    held: Held,
    cause: str,
    *,
    used: int,
    now: datetime,
    is_end: bool = False,
) -> None:
    """Book what is owed for `used` seconds and give back what else was taken."""
    charged = allowance.charge(held=held.held_seconds, taken=held.taken_seconds, used=used)
    if charged or is_end:
        book(
            session,
            account_id=held.account_id,
            seconds=-charged,
            cause=cause,
            used_seconds=used if is_end else 0,  # what was used is told once, at the end
            now=now,
        )
    if given_back := held.taken_seconds - charged:
        add_seconds(session, held.account_id, given_back)


def _swept(session: Session, calls: Iterable[Call], *, now: datetime) -> Iterable[CallId]:
    for call in calls:
        held = reservations.lock(session, CallId(call.id), now=now)
        if held.status != OPEN or held.expires_at >= now:
            continue  # renewed or settled while we waited for the lock
        if call.stream_lost_at is None:
            call.talk_seconds = presume_dead(session, call_id=held.call_id, now=now) or 0
            call_ends.end(session, call, "failed", now=now)
        else:
            end_lost(session, call, held, now=now)
        yield held.call_id


def _reopen(session: Session, held: Held, *, now: datetime) -> None:
    """Take a sweep back: the call lives after all, and what it was charged is held again."""
    book(
        session,
        account_id=held.account_id,
        seconds=held.taken_seconds,
        cause=f"reopened:{held.call_id}:{held.sweeps}",
        used_seconds=-held.used_seconds,
        now=now,
    )
    held.status = OPEN
    # What the sweep assumed is not known; at its last renewal the call was a quantum ahead at most.
    held.used_seconds = max(0, held.held_seconds - QUANTUM_SECONDS)
    call = session.get_one(Call, held.call_id, populate_existing=True)
    call.status = "in-progress"
    call.ended_at = call.end_reason = None
    session.flush()
    notify(session, CALL_ENTRIES, call.id)
