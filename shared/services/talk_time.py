"""Talk time: reserved while a call runs, settled when it ends, proved by the ledger.

What an account has left, plus what its open reservations have taken, is always the sum of
its ledger. Whoever changes a reservation locks its call first, then its account's talk time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from shared.domain import allowance
from shared.errors import DomainError
from shared.ids import AccountId, CallId
from shared.listener import CALL_ENTRIES, notify
from shared.services import entitlements
from shared.tables.call import Call
from shared.tables.talk_time import LedgerEntry, Reservation, TalkTime

QUANTUM_SECONDS = 10  # the most a crash can cost a caller
LEASE_SECONDS = 30  # a call that has not renewed for so long is taken for dead
SWEEP_AT_ONCE = 100

OPEN, SWEPT, SETTLED = "open", "swept", "settled"


class CallNotFound(DomainError):
    """There is no such call, or none of this account: the two are not told apart."""

    code = "call_not_found"

    def __init__(self) -> None:
        super().__init__("there is no such call")


@dataclass(frozen=True, slots=True)
class Granted:
    """What a call may talk in all, and what its account has beyond that (None: unlimited)."""

    held_seconds: int
    seconds_left: int | None


@dataclass(frozen=True, slots=True)
class TalkTimeView:
    """What an account may still talk, less what running calls hold."""

    seconds_left: int
    is_unlimited: bool


def reserve(session: Session, *, call_id: CallId, used_seconds: int, now: datetime) -> Granted:
    """Open the call's reservation or renew it; what it holds stays where nothing is left."""
    call = _locked_call(session, call_id)
    reservation = _reservation(session, call, now=now)
    if reservation.status == SWEPT:
        _reopen(session, call, reservation, now=now)
    if reservation.status == OPEN:
        reservation.used_seconds = max(reservation.used_seconds, used_seconds)
        reservation.expires_at = now + timedelta(seconds=LEASE_SECONDS)
        wanted = allowance.seconds_wanted(
            held=reservation.held_seconds, used=reservation.used_seconds, quantum=QUANTUM_SECONDS
        )
        _take(session, reservation, wanted, now=now)
        session.flush()
    view = _view(session, AccountId(call.account_id), now=now)
    return Granted(reservation.held_seconds, None if view.is_unlimited else view.seconds_left)


def settle(session: Session, *, call_id: CallId, used_seconds: int, now: datetime) -> int:
    """Book what the call used and give the rest back, once; return the booked seconds."""
    call = _locked_call(session, call_id)
    reservation = _reservation(session, call, now=now)
    if reservation.status == SETTLED:
        return reservation.used_seconds
    if reservation.status == SWEPT:
        _reopen(session, call, reservation, now=now)
    used = max(reservation.used_seconds, used_seconds)
    _take(session, reservation, used - reservation.held_seconds, now=now)
    _close(session, reservation, SETTLED, f"call:{call_id}", used=used, now=now)
    return used


def sweep(session: Session, *, now: datetime) -> tuple[CallId, ...]:
    """End the calls whose process seems dead; each is charged what it held."""
    expired = session.exec(
        select(Reservation.call_id)
        .where(Reservation.status == OPEN, Reservation.expires_at < now)
        .order_by(col(Reservation.expires_at))
        .limit(SWEEP_AT_ONCE)
    ).all()
    calls = session.exec(
        select(Call)
        .where(col(Call.id).in_(expired))
        .order_by(col(Call.id))
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    return tuple(_swept(session, calls, now=now))


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
    return _view(session, account_id, now=now)


def transfer(
    session: Session, *, former: AccountId, account_id: AccountId, held: int, now: datetime
) -> None:
    """Move what an account has left to another, with the `held` seconds of moved reservations."""
    found = session.exec(
        select(TalkTime).where(TalkTime.account_id == former).with_for_update()
    ).one_or_none()
    left = found.seconds_left if found is not None else 0
    for owner, sign in ((former, -1), (account_id, 1)):
        book(
            session,
            account_id=owner,
            seconds=sign * (left + held),
            cause=f"claim:{former}:{owner}",
            now=now,
        )
        add_seconds(session, owner, sign * left)


def book(
    session: Session,
    *,
    account_id: AccountId,
    seconds: int,
    cause: str,
    now: datetime,
    used_seconds: int = 0,
) -> bool:
    """Add a row to the ledger unless its cause is there; say whether it was added."""
    added = session.execute(
        insert(LedgerEntry)
        .values(
            account_id=account_id,
            cause=cause,
            seconds=seconds,
            used_seconds=used_seconds,
            booked_at=now,
        )
        .on_conflict_do_nothing(index_elements=["cause"])
        .returning(col(LedgerEntry.id))
    )
    return added.first() is not None


def add_seconds(session: Session, account_id: AccountId, seconds: int) -> None:
    """Change what is left; the ledger is the caller's business."""
    session.execute(
        update(TalkTime)
        .where(col(TalkTime.account_id) == account_id)
        .values(seconds_left=TalkTime.seconds_left + seconds)
    )


def _locked_call(session: Session, call_id: CallId) -> Call:
    # NO KEY UPDATE: the transcript writer's inserts refer to the call and must not wait.
    call = session.exec(
        select(Call)
        .where(Call.id == call_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if call is None:
        raise CallNotFound
    return call


def _reservation(session: Session, call: Call, *, now: datetime) -> Reservation:
    reservation = session.get(Reservation, call.id, populate_existing=True)
    if reservation is None:
        reservation = Reservation(
            call_id=call.id, account_id=call.account_id, status=OPEN, expires_at=now
        )
        session.add(reservation)
        session.flush()
    return reservation


def _take(session: Session, reservation: Reservation, wanted: int, *, now: datetime) -> None:
    """Hold up to so many seconds more; one conditional UPDATE decides how many."""
    if wanted <= 0:
        return
    if _view(session, AccountId(reservation.account_id), now=now).is_unlimited:
        reservation.held_seconds += wanted
        return
    # The sub-select locks the row and reads its newest version, so that of any number of
    # askers at once each sees what the one before it left.
    taken = session.execute(
        text(
            "UPDATE talk_time SET seconds_left = talk_time.seconds_left - left_over.take "
            "FROM (SELECT account_id, LEAST(:wanted, seconds_left) AS take FROM talk_time "
            "      WHERE account_id = :account_id AND seconds_left > 0 FOR UPDATE) AS left_over "
            "WHERE talk_time.account_id = left_over.account_id RETURNING left_over.take"
        ),
        {"wanted": wanted, "account_id": reservation.account_id},
    ).scalar_one_or_none()
    reservation.held_seconds += taken or 0
    reservation.taken_seconds += taken or 0


def _close(
    session: Session,
    reservation: Reservation,
    status: str,
    cause: str,
    *,
    used: int,
    now: datetime,
) -> None:
    charged = allowance.charge(
        held=reservation.held_seconds, taken=reservation.taken_seconds, used=used
    )
    account_id = AccountId(reservation.account_id)
    book(session, account_id=account_id, seconds=-charged, cause=cause, used_seconds=used, now=now)
    if given_back := reservation.taken_seconds - charged:
        add_seconds(session, account_id, given_back)
    reservation.status = status
    reservation.used_seconds = used
    session.flush()


def _swept(session: Session, calls: Iterable[Call], *, now: datetime) -> Iterable[CallId]:
    for call in calls:
        reservation = session.get(Reservation, call.id, populate_existing=True)
        if reservation is None or reservation.status != OPEN or reservation.expires_at >= now:
            continue  # renewed or settled while we waited for the lock
        reservation.sweeps += 1
        cause = f"swept:{call.id}:{reservation.sweeps}"
        _close(session, reservation, SWEPT, cause, used=reservation.held_seconds, now=now)
        call.status = "completed"
        call.ended_at = now
        call.end_reason = "failed"
        call.talk_seconds = reservation.used_seconds
        session.flush()
        notify(session, CALL_ENTRIES, call.id)
        yield CallId(call.id)


def _reopen(session: Session, call: Call, reservation: Reservation, *, now: datetime) -> None:
    """Take a sweep back: the call lives after all, and what it was charged is held again."""
    charged = reservation.taken_seconds
    book(
        session,
        account_id=AccountId(reservation.account_id),
        seconds=charged,
        cause=f"reopened:{call.id}:{reservation.sweeps}",
        used_seconds=-reservation.used_seconds,
        now=now,
    )
    reservation.status = OPEN
    reservation.used_seconds = 0
    call.status = "in-progress"
    call.ended_at = call.end_reason = None
    session.flush()
    notify(session, CALL_ENTRIES, call.id)


def _view(session: Session, account_id: AccountId, *, now: datetime) -> TalkTimeView:
    left = session.exec(
        select(TalkTime.seconds_left).where(TalkTime.account_id == account_id)
    ).one_or_none()
    entitlement = entitlements.of(session, account_id, now=now)
    return TalkTimeView(left or 0, is_unlimited=entitlement.is_unlimited)
