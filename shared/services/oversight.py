"""Oversight: an operator reads somebody's call for a reason, and its owner can see that.

There is no other way to a call that is not one's own, and the reading and its record are one
transaction: nothing is shown that was not written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from shared.database import key_ring
from shared.errors import DomainError
from shared.ids import AccountId, CallId, new_id
from shared.services import calls
from shared.services.accounts import SignedIn
from shared.services.calls import CallDetail, CallNotFound
from shared.tables.guarding import AuditEntry

READ_CALL: Final = "read_call"
SHORTEST_REASON, LONGEST_REASON = 10, 300
MOST_SHOWN: Final = 200


class NotAnOperator(DomainError):
    """Only who runs the installation may do this."""

    code = "not_an_operator"

    def __init__(self) -> None:
        super().__init__("only an operator may do this")


class ReasonMissing(DomainError):
    """Whoever reads somebody's call says why, in a sentence."""

    code = "reason_missing"

    def __init__(self) -> None:
        super().__init__(f"say why, in {SHORTEST_REASON} to {LONGEST_REASON} characters")


@dataclass(frozen=True, slots=True)
class LookView:
    """One reading of a call, as its owner sees it."""

    at: datetime
    call_id: CallId
    reason: str


def read_call(
    session: Session, *, operator: SignedIn, call_id: CallId, reason: str, now: datetime
) -> CallDetail:
    """Return anybody's call to an operator, and write down who read it, when and why."""
    if not operator.is_operator:
        raise NotAnOperator
    return look(session, operator_id=operator.account_id, call_id=call_id, reason=reason, now=now)


def look(
    session: Session, *, operator_id: AccountId, call_id: CallId, reason: str, now: datetime
) -> CallDetail:
    """Return anybody's call to who is known to be an operator, and write that down."""
    said = " ".join(reason.split())
    if not SHORTEST_REASON <= len(said) <= LONGEST_REASON:
        raise ReasonMissing
    owner = calls.owner(session, call_id=call_id)
    if owner is None:
        raise CallNotFound
    entry_id = new_id("aud")
    session.add(
        AuditEntry(
            id=entry_id,
            at=now,
            operator_account_id=operator_id,
            action=READ_CALL,
            account_id=owner,
            call_id=call_id,
            sealed_reason=key_ring(session).seal(said, "audit_reason", entry_id),
        )
    )
    session.flush()
    return calls.detail(session, account_id=owner, call_id=call_id)


def looks(session: Session, *, account_id: AccountId) -> tuple[LookView, ...]:
    """Return which of the account's calls operators have read, the newest first."""
    ring = key_ring(session)
    rows = session.exec(
        select(AuditEntry)
        .where(AuditEntry.account_id == account_id, AuditEntry.action == READ_CALL)
        .order_by(col(AuditEntry.at).desc(), col(AuditEntry.id))
        .limit(MOST_SHOWN)
    )
    return tuple(
        LookView(
            at=row.at,
            call_id=CallId(row.call_id),
            reason=ring.open(row.sealed_reason, "audit_reason", row.id),
        )
        for row in rows
        if row.call_id is not None and row.sealed_reason is not None
    )
