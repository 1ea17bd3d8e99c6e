"""Reservations: what a running call holds, as rows that are read and written whole.

They are read a few times a second by every running call, so the statements are written out.
Whoever changes one locks its call first, then its account's talk time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from shared.errors import DomainError
from shared.ids import AccountId, CallId
from shared.listener import ACCOUNT

OPEN, SWEPT, SETTLED = "open", "swept", "settled"

# NO KEY UPDATE: the transcript writer's inserts refer to the call and must not wait.
_LOCK_CALL = text("SELECT account_id, stream_sid FROM call WHERE id = :call_id FOR NO KEY UPDATE")
_READ = text(
    "SELECT status, held_seconds, taken_seconds, used_seconds, sweeps, expires_at "
    "FROM reservation WHERE call_id = :call_id"
)
_WRITE = text(
    "INSERT INTO reservation (call_id, account_id, status, held_seconds, taken_seconds, "
    "                         used_seconds, sweeps, expires_at) "
    "VALUES (:call_id, :account_id, :status, :held, :taken, :used, :sweeps, :expires_at) "
    "ON CONFLICT (call_id) DO UPDATE SET status = EXCLUDED.status, "
    "held_seconds = EXCLUDED.held_seconds, taken_seconds = EXCLUDED.taken_seconds, "
    "used_seconds = EXCLUDED.used_seconds, sweeps = EXCLUDED.sweeps, "
    "expires_at = EXCLUDED.expires_at "
    "RETURNING pg_notify(:channel, account_id)"  # pages show what is left, and move with it
)
# The sub-select locks the row and reads its newest version, so that of any number of askers at
# once each sees what the one before it left.
_TAKE = text(
    "UPDATE talk_time SET seconds_left = talk_time.seconds_left - left_over.take "
    "FROM (SELECT account_id, LEAST(:wanted, seconds_left) AS take FROM talk_time "
    "      WHERE account_id = :account_id AND seconds_left > 0 FOR UPDATE) AS left_over "
    "WHERE talk_time.account_id = left_over.account_id "
    "RETURNING left_over.take, talk_time.seconds_left, "
    "  (SELECT count(*) FROM reservation WHERE account_id = :account_id AND status = 'open')"
)
_LEFT = text(
    "SELECT seconds_left, "
    "  (SELECT count(*) FROM reservation WHERE account_id = :account_id AND status = 'open') "
    "FROM talk_time WHERE account_id = :account_id"
)


class CallNotFound(DomainError):
    """There is no such call, or none of this account: the two are not told apart."""

    code = "call_not_found"

    def __init__(self) -> None:
        super().__init__("there is no such call")


class StreamReplaced(DomainError):
    """Another stream has gone on with the call: this one has no say in it any more."""

    code = "stream_replaced"

    def __init__(self) -> None:
        super().__init__("another stream goes on with the call")


@dataclass(slots=True)
class Held:
    """A call's reservation, while its call is locked."""

    call_id: CallId
    account_id: AccountId
    expires_at: datetime
    status: str = OPEN
    held_seconds: int = 0  # what the call may talk in all
    taken_seconds: int = 0  # the part of it that was taken from what is left
    used_seconds: int = 0
    sweeps: int = 0
    is_new: bool = False  # nothing was ever reserved
    stream_sid: str | None = None  # of the call's latest stream


@dataclass(frozen=True, slots=True)
class Left:
    """What an account has beyond what its calls hold, and how many running calls share it."""

    seconds: int
    calls: int


def lock(session: Session, call_id: CallId, *, now: datetime) -> Held:
    """Lock the call and return its reservation; of a call that never had one, a new one."""
    call = session.execute(_LOCK_CALL, {"call_id": call_id}).one_or_none()
    if call is None:
        raise CallNotFound
    account_id = AccountId(call.account_id)
    row = session.execute(_READ, {"call_id": call_id}).one_or_none()
    if row is None:
        return Held(call_id, account_id, expires_at=now, is_new=True, stream_sid=call.stream_sid)
    return Held(
        call_id=call_id,
        account_id=account_id,
        expires_at=row.expires_at,
        status=row.status,
        held_seconds=row.held_seconds,
        taken_seconds=row.taken_seconds,
        used_seconds=row.used_seconds,
        sweeps=row.sweeps,
        stream_sid=call.stream_sid,
    )


def write(session: Session, held: Held) -> None:
    """Keep the reservation as it is now."""
    session.execute(
        _WRITE,
        {
            "call_id": held.call_id,
            "account_id": held.account_id,
            "status": held.status,
            "held": held.held_seconds,
            "taken": held.taken_seconds,
            "used": held.used_seconds,
            "sweeps": held.sweeps,
            "expires_at": held.expires_at,
            "channel": ACCOUNT,
        },
    )


def take(session: Session, held: Held, wanted: int) -> Left:
    """Hold up to so many seconds more; one conditional UPDATE decides how many."""
    asked = {"wanted": wanted, "account_id": held.account_id}
    row = session.execute(_TAKE, asked).one_or_none() if wanted > 0 else None
    if row is None:
        return left(session, held)
    taken, seconds, calls = row
    held.held_seconds += taken
    held.taken_seconds += taken
    return Left(seconds, calls + held.is_new)


def left(session: Session, held: Held) -> Left:
    """Return what the call's account has left, and how many calls share it."""
    seconds, calls = session.execute(_LEFT, {"account_id": held.account_id}).one()
    return Left(seconds, calls + held.is_new)
