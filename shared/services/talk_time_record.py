"""Talk time as its owner reads it: how it stands, and every entry of the ledger with its balance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlmodel import Session

from shared.domain.spending import SpendLimits
from shared.ids import AccountId, CallId
from shared.services import entitlements, spending, talk_time

_HELD = text(
    "SELECT count(*), coalesce(sum(taken_seconds), 0) FROM reservation "
    "WHERE account_id = :account_id AND status = 'open'"
)
# The balance needs the whole ledger; an account's is some rows a call.
_ENTRIES = text(
    "SELECT entry.id, entry.cause, entry.seconds, entry.used_seconds, entry.booked_at, "
    "  entry.balance, call.id AS call_id, persona_version.name AS buddy "
    "FROM (SELECT *, sum(seconds) OVER (ORDER BY id) AS balance FROM ledger_entry "
    "      WHERE account_id = :account_id) AS entry "
    "LEFT JOIN call ON call.id = split_part(entry.cause, ':', 2) "
    "  AND call.account_id = :account_id "
    "LEFT JOIN persona_version ON persona_version.id = call.persona_version_id "
    "WHERE entry.seconds <> 0 OR entry.used_seconds <> 0 "
    "ORDER BY entry.id DESC LIMIT :limit"
)


class EntryKind(StrEnum):
    """On which ground an entry was booked; the first word of its cause."""

    CALL = "call"
    PART = "part"  # of a call, up to the moment in which a plan was seen
    SWEPT = "swept"  # a call that seemed dead
    REOPENED = "reopened"  # and was not
    PRETRIAL = "pretrial"
    TRIAL = "trial"
    CLAIM = "claim"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One entry, and what the account had after it (running calls' holdings included)."""

    kind: EntryKind
    seconds: int
    used_seconds: int
    balance: int
    booked_at: datetime
    call_id: CallId | None  # None also where the call was deleted
    buddy: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account's talk time stands."""

    seconds_left: int
    held_seconds: int  # taken ahead by running calls
    running_calls: int
    is_unlimited: bool
    is_in_grace: bool
    talked_seconds: int  # this month, as fair use counts
    limits: SpendLimits


def standing(session: Session, *, account_id: AccountId, now: datetime) -> Standing:
    """Return how the account's talk time stands."""
    entitlement = entitlements.of(session, account_id, now=now)
    running, held = session.execute(_HELD, {"account_id": account_id}).one()
    return Standing(
        seconds_left=talk_time.overview(session, account_id=account_id, now=now).seconds_left,
        held_seconds=held,
        running_calls=running,
        is_unlimited=entitlement.is_unlimited,
        is_in_grace=entitlement.is_in_grace,
        talked_seconds=spending.talked(session, account_id, now=now),
        limits=spending.limits(session),
    )


def entries(session: Session, *, account_id: AccountId, limit: int) -> tuple[LedgerRow, ...]:
    """Return the newest entries of the account's ledger that changed or used anything."""
    rows = session.execute(_ENTRIES, {"account_id": account_id, "limit": limit})
    return tuple(
        LedgerRow(
            kind=_kind(row.cause),
            seconds=row.seconds,
            used_seconds=row.used_seconds,
            balance=row.balance,
            booked_at=row.booked_at,
            call_id=CallId(row.call_id) if row.call_id is not None else None,
            buddy=row.buddy,
        )
        for row in rows
    )


def _kind(cause: str) -> EntryKind:
    word = cause.partition(":")[0]
    return EntryKind(word) if word in set(EntryKind) else EntryKind.OTHER
