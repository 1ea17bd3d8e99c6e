"""Retention: deletes what has been kept long enough, a batch at a time, and says what is overdue.

Calls and accounts go the way of every deletion (`erasure`): vendors are asked as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Interval, Table, and_, cast, delete, func, literal, or_
from sqlmodel import Session, SQLModel, col, select

from shared.domain.retention import CHOICES_DAYS, RetentionRules
from shared.errors import DomainError
from shared.ids import AccountId, CallId
from shared.outbox import DONE, FAILED
from shared.services import erasure
from shared.services.new_accounts import AccountKind
from shared.tables.account import Account, Notice, SignInSession
from shared.tables.billing import Checkout, ProcessedWebhook
from shared.tables.call import Call
from shared.tables.guarding import AuditEntry, Erasure, TextMessage
from shared.tables.job import Job
from shared.tables.recording import CallRecording
from shared.tables.verification import GuardWindow, Verification

BATCH_ROWS: Final = 200  # of a table at a time: no lock is held for long
ERASED_AT_ONCE: Final = 20  # calls or accounts, each of many rows


class DaysRefused(DomainError):
    """Calls may be kept for the times that are offered, and no others."""

    code = "days_refused"

    def __init__(self) -> None:
        super().__init__("choose one of the times that are offered")


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows were deleted, by what they are; `has_more` if a batch was full."""

    deleted: Mapping[str, int]
    has_more: bool


def enforce(session: Session, *, rules: RetentionRules, now: datetime) -> Swept:
    """Delete one batch of everything that has been kept long enough."""
    deleted = {
        "calls": _erase_calls(session, rules, now=now),
        "accounts": _erase_accounts(session, rules, now=now),
    }
    for name, table, is_overdue in _plain_rows(rules, now):
        key = list(table.primary_key.columns)
        rows = select(*key).where(is_overdue).limit(BATCH_ROWS).with_for_update(skip_locked=True)
        batch = rows.subquery()
        done = session.execute(
            delete(table).where(and_(*(column == batch.c[column.name] for column in key)))
        )
        deleted[name] = int(getattr(done, "rowcount", 0))
    found = {name: number for name, number in deleted.items() if number}
    is_full = max(deleted["calls"], deleted["accounts"]) >= ERASED_AT_ONCE
    return Swept(found, has_more=is_full or BATCH_ROWS in found.values())


def choose(session: Session, *, account_id: AccountId, days: int | None) -> None:
    """Keep the account's calls for so many days, or for the usual time; raise `DaysRefused`."""
    if days is not None and days not in CHOICES_DAYS:
        raise DaysRefused
    session.get_one(Account, account_id).transcript_days = days


def chosen(session: Session, *, account_id: AccountId) -> int | None:
    """Return for how many days the account keeps its calls; None: for the usual time."""
    return session.get_one(Account, account_id).transcript_days


def overdue(
    session: Session, *, rules: RetentionRules, now: datetime, slack: timedelta = timedelta()
) -> Mapping[str, int]:
    """Return how many rows are kept longer than the rules allow, by what they are.

    `slack` is how late the job may be.
    """
    then = now - slack
    found = {
        "calls": session.exec(
            select(func.count()).select_from(Call).join(Account).where(*_old_calls(rules, then))
        ).one(),
        "accounts": len(_old_accounts(session, rules, now=then, limit=None)),
    }
    for name, table, is_overdue in _plain_rows(rules, then):
        found[name] = session.exec(select(func.count()).select_from(table).where(is_overdue)).one()
    return {name: number for name, number in found.items() if number}


def _erase_calls(session: Session, rules: RetentionRules, *, now: datetime) -> int:
    calls = session.exec(
        select(Call.id, Call.account_id)
        .join(Account)
        .where(*_old_calls(rules, now))
        .order_by(col(Call.id))
        .limit(ERASED_AT_ONCE)
    ).all()
    for call_id, account_id in calls:
        erasure.delete_call(
            session, account_id=AccountId(account_id), call_id=CallId(call_id), now=now
        )
    return len(calls)


def _erase_accounts(session: Session, rules: RetentionRules, *, now: datetime) -> int:
    account_ids = _old_accounts(session, rules, now=now, limit=ERASED_AT_ONCE)
    for account_id in account_ids:
        erasure.delete_account(session, account_id=account_id, now=now)
    return len(account_ids)


def _old_calls(rules: RetentionRules, now: datetime) -> tuple[ColumnElement[bool], ...]:
    days = func.coalesce(col(Account.transcript_days), rules.calls_days)
    kept = cast(func.concat(days, " days"), Interval)
    return (col(Call.ended_at).is_not(None), col(Call.started_at) < literal(now) - kept)


def _old_accounts(
    session: Session, rules: RetentionRules, *, now: datetime, limit: int | None
) -> list[AccountId]:
    """Return the accounts without an owner that nobody has called from for long enough."""
    last_call = (
        select(func.max(Call.started_at)).where(Call.account_id == Account.id).scalar_subquery()
    )
    is_running = (
        select(Call.id).where(Call.account_id == Account.id, col(Call.ended_at).is_(None)).exists()
    )
    last_used = func.coalesce(last_call, col(Account.created_at))
    rows = session.exec(
        select(Account.id)
        .where(
            or_(
                _is_kind(AccountKind.WITHHELD, last_used, now, rules.withheld_days),
                _is_kind(AccountKind.TEMPORARY, last_used, now, rules.temporary_days),
            ),
            ~is_running,
        )
        .order_by(col(Account.id))
        .limit(limit)
    )
    return [AccountId(account_id) for account_id in rows]


def _is_kind(
    kind: AccountKind, last_used: ColumnElement[datetime], now: datetime, days: int
) -> ColumnElement[bool]:
    return and_(col(Account.kind) == kind.value, last_used < now - timedelta(days=days))


def _plain_rows(
    rules: RetentionRules, now: datetime
) -> Iterator[tuple[str, Table, ColumnElement[bool]]]:
    """Yield what nobody else depends on: its name, its table and which rows are overdue."""

    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    sessions_end = func.coalesce(col(SignInSession.ended_at), col(SignInSession.expires_at))
    is_erasing = col(Job.kind).in_(erasure.KINDS) & (col(Job.status) == FAILED)
    rows: tuple[tuple[str, type[SQLModel], ColumnElement[bool]], ...] = (
        ("sessions", SignInSession, sessions_end < before(rules.sessions_days)),
        (
            "verifications",
            Verification,
            col(Verification.expires_at) < before(rules.verifications_days),
        ),
        ("guards", GuardWindow, col(GuardWindow.started_at) < before(rules.guards_days)),
        ("messages", TextMessage, col(TextMessage.created_at) < before(rules.messages_days)),
        ("notices", Notice, col(Notice.created_at) < before(rules.notices_days)),
        (
            "checkouts",
            Checkout,
            col(Checkout.ended_at).is_not(None)
            & (col(Checkout.ended_at) < before(rules.checkouts_days)),
        ),
        (
            "webhooks",
            ProcessedWebhook,
            col(ProcessedWebhook.received_at) < before(rules.webhooks_days),
        ),
        (
            "jobs",
            Job,
            col(Job.status).in_((DONE, FAILED))
            & ~is_erasing
            & (col(Job.ended_at) < before(rules.jobs_days)),
        ),
        (
            "recordings",
            CallRecording,
            col(CallRecording.recorded_at) < before(rules.recordings_days),
        ),
        ("audit", AuditEntry, col(AuditEntry.at) < before(rules.audit_days)),
        ("erasures", Erasure, col(Erasure.finished_at) < before(rules.audit_days)),
    )
    for name, model, is_overdue in rows:
        yield name, SQLModel.metadata.tables[str(model.__tablename__)], is_overdue
