"""What Stripe shows of a customer, and what follows for the person who pays.

The values are what a gateway read at one moment; statuses are spelled as Stripe has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.money import Money

# Whoever has one of these manages it in the portal instead of buying another.
RUNNING = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
# A first payment that was tried and has not come through: it may yet, for a day.
INCOMPLETE = "incomplete"
LIVE = RUNNING | {INCOMPLETE}
# A first payment that was never made leaves nothing behind.
NEVER_BEGAN = "incomplete_expired"


@dataclass(frozen=True, slots=True)
class SubscriptionSeen:
    """A subscription as Stripe shows it."""

    subscription_id: str
    status: str
    price_id: str
    lookup_key: str | None
    amount: Money | None  # of one interval; None where Stripe computes it by usage
    interval: str | None
    started_at: datetime
    current_period_start: datetime
    current_period_end: datetime
    cancel_at_period_end: bool
    ended_at: datetime | None
    unpaid_since: datetime | None  # when the newest bill fell due, while it is open
    needs_action_url: str | None
    account_id: str | None = None  # as our checkout noted it
    site: str | None = None  # the installation that sold it

    @property
    def is_live(self) -> bool:
        """Whether it can still cost or entitle."""
        return self.status in LIVE


@dataclass(frozen=True, slots=True)
class InvoiceSeen:
    """A bill as Stripe shows it."""

    invoice_id: str
    subscription_id: str | None
    status: str
    currency: str
    due_minor: int
    paid_minor: int
    refunded_minor: int
    created_at: datetime
    paid_at: datetime | None
    hosted_url: str | None


@dataclass(frozen=True, slots=True)
class CheckoutSeen:
    """A payment page as Stripe shows it: open, complete or expired."""

    session_id: str
    status: str
    url: str | None


@dataclass(frozen=True, slots=True)
class PriceSeen:
    """A price as Stripe has it."""

    price_id: str
    lookup_key: str | None
    amount: Money | None
    interval: str | None
    interval_count: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class EventSeen:
    """That something happened to a customer. What it is now has to be asked."""

    event_id: str
    kind: str
    created_at: datetime
    customer_id: str | None


@dataclass(frozen=True, slots=True)
class CustomerSeen:
    """All that Stripe has of a customer, read after `asked_at`; checkouts were read first."""

    customer_id: str
    asked_at: datetime
    checkouts: tuple[CheckoutSeen, ...]
    subscriptions: tuple[SubscriptionSeen, ...]
    invoices: tuple[InvoiceSeen, ...]
    is_deleted: bool = False


class Standing(StrEnum):
    """How it stands with somebody's subscription: what a page has to say about it."""

    NONE = "none"
    CONFIRMING = "confirming"  # paid, as far as the browser says; Stripe has not said so yet
    ACTIVE = "active"
    CANCELING = "canceling"  # runs to the end of what is paid
    PAST_DUE = "past_due"  # the card failed; they go on talking for a while
    LAPSED = "lapsed"  # that while is over
    NEEDS_ACTION = "needs_action"  # the bank wants to be told
    INCOMPLETE = "incomplete"  # the first payment is not through
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class SubscriptionStanding:
    """What decides how a subscription stands."""

    status: str
    cancel_at_period_end: bool
    has_ended: bool
    needs_action: bool
    is_entitled: bool
    was_refunded: bool  # the newest payment went back


def standing(subscription: SubscriptionStanding | None, *, is_confirming: bool) -> Standing:
    """Return how it stands; `is_confirming` says that a payment page was left as paid."""
    if subscription is None or subscription.has_ended or subscription.status == NEVER_BEGAN:
        if is_confirming:
            return Standing.CONFIRMING
        if subscription is None or subscription.status == NEVER_BEGAN:
            return Standing.NONE
        return Standing.REFUNDED if subscription.was_refunded else Standing.CANCELED
    if subscription.status == INCOMPLETE and is_confirming:
        return Standing.CONFIRMING
    if subscription.needs_action:
        return Standing.NEEDS_ACTION
    match subscription.status:
        case "active" | "trialing" if not subscription.is_entitled:
            return Standing.CONFIRMING  # its renewal is overdue to be heard of
        case "active" | "trialing":
            return Standing.CANCELING if subscription.cancel_at_period_end else Standing.ACTIVE
        case "past_due":
            return Standing.PAST_DUE if subscription.is_entitled else Standing.LAPSED
        case "incomplete":  # INCOMPLETE, which a pattern can't name
            return Standing.INCOMPLETE
        case "paused":
            return Standing.PAUSED
        case _:
            return Standing.UNPAID
