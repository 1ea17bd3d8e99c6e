"""Entitlements: what an account may do now, read from its subscriptions each time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from shared.domain import entitlements
from shared.domain.entitlements import Entitlement, SubscriptionFacts
from shared.ids import AccountId

# Every running call asks this at every renewal.
_FACTS = text(
    "SELECT status, current_period_end, cancel_at_period_end, past_due_since FROM subscription "
    "WHERE account_id = :account_id AND ended_at IS NULL"
)


def of(session: Session, account_id: AccountId, *, now: datetime) -> Entitlement:
    """Return the best that any of the account's subscriptions entitles it to."""
    rows = session.execute(_FACTS, {"account_id": account_id})
    found = [entitlements.entitlement(SubscriptionFacts(*row), now) for row in rows]
    return max(
        (one for one in found if one.until is not None),
        key=lambda one: (not one.is_in_grace, one.until),
        default=entitlements.NONE,
    )
