"""What Stripe told us: customers, subscriptions and money, mirrored; its webhooks, once each."""

from datetime import datetime

from sqlmodel import Field

from shared.tables.base import INSTANT, Table, column


class BillingCustomer(Table, table=True):
    """An account's customer at Stripe."""

    __tablename__ = "billing_customer"

    account_id: str = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    stripe_customer_id: str = Field(unique=True)
    created_at: datetime = column(INSTANT)


class Checkout(Table, table=True):
    """One visit to Stripe's payment page."""

    __tablename__ = "checkout"

    id: str = Field(primary_key=True)  # also the idempotency key of its creation
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    lookup_key: str  # of the price
    stripe_session_id: str | None = Field(default=None, unique=True)  # none before it answered
    url: str | None = None
    status: str  # starting, open, complete, expired or failed
    created_at: datetime = column(INSTANT)
    expires_at: datetime = column(INSTANT)
    ended_at: datetime | None = column(INSTANT, default=None)


class Subscription(Table, table=True):
    """A subscription as Stripe showed it last."""

    __tablename__ = "subscription"

    id: str = Field(primary_key=True)  # Stripe's
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    status: str  # as Stripe has them
    price_id: str
    lookup_key: str | None = None
    amount_minor: int | None = None  # of one interval; None where Stripe counts usage
    currency: str | None = None
    interval: str | None = None  # month or year
    started_at: datetime = column(INSTANT)
    current_period_start: datetime = column(INSTANT)
    current_period_end: datetime = column(INSTANT)
    cancel_at_period_end: bool = False
    past_due_since: datetime | None = column(INSTANT, default=None)
    ended_at: datetime | None = column(INSTANT, default=None)
    needs_action_url: str | None = None  # where a payment waits for its owner
    synced_at: datetime = column(INSTANT)


class Payment(Table, table=True):
    """An invoice and what came of it; stays when its account goes, as the books must."""

    __tablename__ = "payment"

    invoice_id: str = Field(primary_key=True)  # Stripe's
    account_id: str | None = Field(
        default=None, foreign_key="account.id", index=True, ondelete="SET NULL"
    )
    subscription_id: str | None = None
    status: str  # as Stripe has them
    currency: str
    due_minor: int
    paid_minor: int = 0
    refunded_minor: int = 0
    created_at: datetime = column(INSTANT)
    paid_at: datetime | None = column(INSTANT, default=None)
    hosted_url: str | None = None
    synced_at: datetime = column(INSTANT)


class ProcessedWebhook(Table, table=True):
    """An event of a vendor that has had its effect."""

    __tablename__ = "processed_webhook"

    event_id: str = Field(primary_key=True)
    kind: str
    created_at: datetime = column(INSTANT)  # by the vendor
    received_at: datetime = column(INSTANT, index=True)


class Reconciliation(Table, table=True):
    """How far a vendor's events have been gone through for those that never reached us."""

    __tablename__ = "reconciliation"

    vendor: str = Field(primary_key=True)
    seen_until: datetime = column(INSTANT)  # by the vendor's clock
