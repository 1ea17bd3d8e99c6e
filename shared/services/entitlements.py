"""Entitlements: what an account may do now, read from its subscriptions each time."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from shared.domain import entitlements
from shared.domain.entitlements import Entitlement, SubscriptionFacts
from shared.ids import AccountId
from shared.tables.billing import Subscription


def of(session: Session, account_id: AccountId, *, now: datetime) -> Entitlement:
    """Return the best that any of the account's subscriptions entitles it to."""
    rows = session.exec(
        select(Subscription).where(
            Subscription.account_id == account_id, col(Subscription.ended_at).is_(None)
        )
    ).all()
    found = [entitlements.entitlement(_facts(row), now) for row in rows]
    return max(
        (one for one in found if one.until is not None),
        key=lambda one: (not one.is_in_grace, one.until),
        default=entitlements.NONE,
    )


def _facts(row: Subscription) -> SubscriptionFacts:
    return SubscriptionFacts(
        status=row.status,
        current_period_end=row.current_period_end,
        cancel_at_period_end=row.cancel_at_period_end,
        past_due_since=row.past_due_since,
    )
