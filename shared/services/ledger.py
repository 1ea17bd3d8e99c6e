"""The ledger: append-only proof of every grant and use of talk time; it decides nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from shared.ids import AccountId
from shared.listener import ACCOUNT

_BOOK = text(
    "INSERT INTO ledger_entry (account_id, cause, seconds, used_seconds, booked_at) "
    "VALUES (:account_id, :cause, :seconds, :used_seconds, :now) "
    "ON CONFLICT (cause) DO NOTHING RETURNING id"
)
_ADD = text(
    "UPDATE talk_time SET seconds_left = seconds_left + :seconds WHERE account_id = :account_id "
    "RETURNING pg_notify(:channel, account_id)"
)


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
        _BOOK,
        {
            "account_id": account_id,
            "cause": cause,
            "seconds": seconds,
            "used_seconds": used_seconds,
            "now": now,
        },
    )
    return added.first() is not None


def add_seconds(session: Session, account_id: AccountId, seconds: int) -> None:
    """Change what is left; to book it is the caller's business."""
    session.execute(_ADD, {"seconds": seconds, "account_id": account_id, "channel": ACCOUNT})
