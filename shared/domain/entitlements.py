"""What an account may do now, derived from its subscription; never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

ENTITLING = frozenset({"active", "trialing"})
PAST_DUE = "past_due"

# While Stripe tries the card again the caller goes on talking: most payments come through.
PAST_DUE_GRACE = timedelta(days=7)
# A renewal that we have not heard of yet; the reconciliation finds it long before.
LATE_NEWS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """What decides of a subscription; statuses as Stripe has them."""

    status: str
    current_period_end: datetime
    cancel_at_period_end: bool
    past_due_since: datetime | None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What an account may do: talk without limit, and until when at least (None: never)."""

    is_unlimited: bool
    until: datetime | None
    is_in_grace: bool


NONE = Entitlement(is_unlimited=False, until=None, is_in_grace=False)


def entitlement(subscription: SubscriptionFacts | None, now: datetime) -> Entitlement:
    """Return what a subscription entitles to now."""
    until = _entitled_until(subscription) if subscription is not None else None
    if subscription is None or until is None or now >= until:
        return NONE
    return Entitlement(is_unlimited=True, until=until, is_in_grace=subscription.status == PAST_DUE)


def _entitled_until(subscription: SubscriptionFacts) -> datetime | None:
    if subscription.status == PAST_DUE and subscription.past_due_since is not None:
        return subscription.past_due_since + PAST_DUE_GRACE
    if subscription.status not in ENTITLING:
        return None
    if subscription.cancel_at_period_end:
        return subscription.current_period_end
    return subscription.current_period_end + LATE_NEWS
