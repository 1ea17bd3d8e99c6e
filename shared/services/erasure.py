"""Erasing: a call or a whole account, here at once and then at the vendors, also in mid-call.

What must outlive an account stays without it: that a number or an identity has had its allowance
(blind indexes), what was paid (the books), and which operator looked (ids). Vendors are asked by
jobs, which are tried again until each has done its part; an `Erasure` row shows how far they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from shared import outbox
from shared.errors import DomainError
from shared.ids import AccountId, CallId, new_id
from shared.listener import CALL_ENTRIES, notify
from shared.outbox import ClaimedJob
from shared.services import talk_time
from shared.services.call_commands import request_end
from shared.services.talk_time import LEASE_SECONDS, CallNotFound
from shared.tables.account import Account
from shared.tables.billing import BillingCustomer
from shared.tables.call import Call
from shared.tables.guarding import Erasure, TextMessage
from shared.tables.job import Job
from shared.tables.talk_time import Reservation

ERASE_TWILIO: Final = "erase.twilio"  # payload: erasure_id, call_sids, message_sids
ERASE_STRIPE: Final = "erase.stripe"  # payload: erasure_id, customer_id
KINDS: Final = (ERASE_TWILIO, ERASE_STRIPE)
SIDS_A_JOB: Final = 50  # a job has a time limit


class AccountNotFound(DomainError):
    """There is no such account any more."""

    code = "account_not_found"

    def __init__(self) -> None:
        super().__init__("there is no such account")


@dataclass(frozen=True, slots=True)
class ErasureView:
    """How far a deletion is: what vendors still have to do, and when all was done."""

    requested_at: datetime
    pending: int
    finished_at: datetime | None


def delete_call(session: Session, *, account_id: AccountId, call_id: CallId, now: datetime) -> str:
    """Delete one of the account's calls with all that was said; return the erasure's id.

    A running call ends with a goodbye. Raise `CallNotFound` for anybody else's.
    """
    call = session.exec(
        select(Call).where(Call.id == call_id, Call.account_id == account_id).with_for_update()
    ).one_or_none()
    if call is None:
        raise CallNotFound
    messages = session.exec(
        select(TextMessage.message_sid).where(TextMessage.call_id == call_id)
    ).all()
    call_sids, message_sids = [call.call_sid], [sid for sid in messages if sid is not None]
    _end(session, account_id, [call], now=now)
    session.execute(delete(TextMessage).where(col(TextMessage.call_id) == call_id))
    session.execute(delete(Call).where(col(Call.id) == call_id))
    notify(session, CALL_ENTRIES, call_id)
    return _ask_vendors(session, "call", call_sids, message_sids, customer_id=None, now=now)


def delete_account(session: Session, *, account_id: AccountId, now: datetime) -> str:
    """Delete an account with everything it owns; return the erasure's id.

    Every session of its ends, and every running call with a goodbye.
    """
    # Calls before the account: who settles or renews one holds its lock and waits for nothing.
    found = session.exec(
        select(Call).where(Call.account_id == account_id).order_by(col(Call.id)).with_for_update()
    ).all()
    account = session.exec(
        select(Account).where(Account.id == account_id).with_for_update()
    ).one_or_none()
    if account is None:
        raise AccountNotFound
    messages = session.exec(
        select(TextMessage.message_sid).where(TextMessage.account_id == account_id)
    ).all()
    customer = session.get(BillingCustomer, account_id)
    customer_id = customer.stripe_customer_id if customer is not None else None
    call_sids = [call.call_sid for call in found]
    _end(session, account_id, found, now=now)
    session.execute(delete(Call).where(col(Call.account_id) == account_id))
    session.execute(delete(Account).where(col(Account.id) == account_id))
    for call in found:
        notify(session, CALL_ENTRIES, call.id)
    return _ask_vendors(
        session,
        "account",
        call_sids,
        [sid for sid in messages if sid is not None],
        customer_id=customer_id,
        now=now,
    )


def vendor_done(session: Session, *, job: ClaimedJob, now: datetime) -> None:
    """Keep that a job of a deletion is done; doing it twice changes nothing."""
    erasure_id = str(job.payload["erasure_id"])
    row = session.exec(
        select(Erasure).where(Erasure.id == erasure_id).with_for_update()
    ).one_or_none()
    if row is None:
        return
    row.pending = session.exec(
        select(func.count())
        .select_from(Job)
        .where(
            col(Job.kind).in_(KINDS),
            col(Job.payload)["erasure_id"].as_string() == erasure_id,
            col(Job.status) != outbox.DONE,
            col(Job.id) != job.id,
        )
    ).one()
    row.finished_at = now if row.pending == 0 else None


def try_again(session: Session, *, now: datetime) -> int:
    """Put what vendors refused too often back to be tried; return how many jobs."""
    return outbox.revive(session, kinds=KINDS, now=now)


def view(session: Session, *, erasure_id: str) -> ErasureView | None:
    """Return how far a deletion is."""
    row = session.get(Erasure, erasure_id)
    return ErasureView(row.requested_at, row.pending, row.finished_at) if row is not None else None


def _end(session: Session, account_id: AccountId, found: Sequence[Call], *, now: datetime) -> None:
    """Have what runs end, and book what it has used by now."""
    for call in found:
        if call.ended_at is None:
            request_end(session, account_id=account_id, call_id=CallId(call.id))
        # Twilio may have told of an end that the stream has not reached: it still holds seconds.
        reservation = session.get(Reservation, call.id)
        if reservation is not None and reservation.status == talk_time.OPEN:
            talk_time.settle(
                session,
                call_id=CallId(call.id),
                used_seconds=_used_by(reservation, now),
                now=now,
            )


def _used_by(reservation: Reservation, now: datetime) -> int:
    """Return what a running call has used: what it said last, and the time since then."""
    renewed_at = reservation.expires_at - timedelta(seconds=LEASE_SECONDS)
    since = max(0, int((now - renewed_at).total_seconds()))
    return min(reservation.held_seconds, reservation.used_seconds + since)


def _ask_vendors(
    session: Session,
    subject: str,
    call_sids: Sequence[str],
    message_sids: Sequence[str],
    *,
    customer_id: str | None,
    now: datetime,
) -> str:
    erasure_id = new_id("era")
    jobs: list[tuple[str, dict[str, Any]]] = [
        (ERASE_TWILIO, {"call_sids": list(call_sids[start : start + SIDS_A_JOB])})
        for start in range(0, len(call_sids), SIDS_A_JOB)
    ]
    jobs += [
        (ERASE_TWILIO, {"message_sids": list(message_sids[start : start + SIDS_A_JOB])})
        for start in range(0, len(message_sids), SIDS_A_JOB)
    ]
    if customer_id is not None:
        jobs.append((ERASE_STRIPE, {"customer_id": customer_id}))
    session.add(
        Erasure(
            id=erasure_id,
            subject=subject,
            requested_at=now,
            pending=len(jobs),
            finished_at=None if jobs else now,
        )
    )
    session.flush()
    for number, (kind, payload) in enumerate(jobs):
        outbox.enqueue(
            session,
            kind=kind,
            key=f"{erasure_id}:{number}",
            payload={"erasure_id": erasure_id, **payload},
            now=now,
        )
    return erasure_id
