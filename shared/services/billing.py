"""What a page shows of an account's subscription and money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlmodel import Session, col, select

from shared.domain.billing import INCOMPLETE, NEVER_BEGAN, Standing, SubscriptionStanding, standing
from shared.domain.entitlements import PAST_DUE_GRACE, Entitlement
from shared.ids import AccountId
from shared.money import Money
from shared.services import checkouts, entitlements, phone_lines
from shared.tables.billing import BillingCustomer, Payment, Subscription

SHOWN_PAYMENTS = 24
OWING = ("past_due", "unpaid", INCOMPLETE)  # statuses in which a payment is missing


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription as its owner sees it."""

    subscription_id: str
    lookup_key: str | None
    amount: Money | None
    interval: str | None
    current_period_end: datetime
    ended_at: datetime | None
    grace_until: datetime | None  # while a payment is missing
    needs_action_url: str | None


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A bill as its owner sees it."""

    invoice_id: str
    subscription_id: str | None
    created_at: datetime
    status: str
    due: Money
    paid: Money
    refunded: Money
    url: str | None


@dataclass(frozen=True, slots=True)
class BillingView:
    """All of it."""

    standing: Standing
    entitlement: Entitlement
    subscription: SubscriptionView | None
    payments: tuple[PaymentView, ...]  # the newest first
    pay_url: str | None  # where what is owed can be paid
    has_verified_number: bool
    has_customer: bool
    checkout_url: str | None  # of the payment page that is open


def overview(
    session: Session, *, account_id: AccountId, has_returned: bool, now: datetime
) -> BillingView:
    """Return how it stands; `has_returned` says that the browser came back from paying."""
    row = _newest(session, account_id)
    payments = _payments(session, account_id)
    entitlement = entitlements.of(session, account_id, now=now)
    checkout_url = checkouts.open_url(session, account_id=account_id, now=now)
    return BillingView(
        standing=standing(
            _standing(row, payments, entitlement),
            is_confirming=has_returned and checkout_url is not None,
        ),
        entitlement=entitlement,
        subscription=_view(row) if row is not None else None,
        payments=payments,
        pay_url=_pay_url(row, payments),
        has_verified_number=bool(phone_lines.lines(session, account_id=account_id)),
        has_customer=session.get(BillingCustomer, account_id) is not None,
        checkout_url=checkout_url,
    )


def pressing(session: Session, *, account_id: AccountId, now: datetime) -> BillingView | None:
    """Return how it stands if a payment may be missing; every page asks, so it is one look-up."""
    found = session.exec(
        select(Subscription.id).where(
            Subscription.account_id == account_id,
            col(Subscription.ended_at).is_(None),
            col(Subscription.status).in_(OWING),
        )
    )
    if found.first() is None:
        return None
    return overview(session, account_id=account_id, has_returned=False, now=now)


def manageable(session: Session, *, account_id: AccountId) -> tuple[str, str | None] | None:
    """Return the account's customer and its live subscription, for a visit to the portal."""
    customer = session.get(BillingCustomer, account_id)
    if customer is None:
        return None
    row = _newest(session, account_id)
    live = row.id if row is not None and row.ended_at is None else None
    return customer.stripe_customer_id, live


def _newest(session: Session, account_id: AccountId) -> Subscription | None:
    """Return the subscription that runs, or else ended last, or else never began."""
    return session.exec(
        select(Subscription)
        .where(Subscription.account_id == account_id)
        .order_by(
            col(Subscription.status).in_((INCOMPLETE, NEVER_BEGAN)),
            col(Subscription.ended_at).desc().nulls_first(),
            col(Subscription.started_at).desc(),
        )
        .limit(1)
    ).first()


def _payments(session: Session, account_id: AccountId) -> tuple[PaymentView, ...]:
    """Return the bills; one that was never paid for a plan that never began is owed by nobody."""
    never_began = select(Subscription.id).where(
        Subscription.account_id == account_id,
        col(Subscription.status).in_((INCOMPLETE, NEVER_BEGAN)),
    )
    rows = session.exec(
        select(Payment)
        .where(
            Payment.account_id == account_id,
            or_(
                col(Payment.paid_minor) > 0,
                col(Payment.subscription_id).is_(None),
                col(Payment.subscription_id).not_in(never_began),
            ),
        )
        .order_by(col(Payment.created_at).desc(), col(Payment.invoice_id))
        .limit(SHOWN_PAYMENTS)
    )
    return tuple(
        PaymentView(
            invoice_id=row.invoice_id,
            subscription_id=row.subscription_id,
            created_at=row.created_at,
            status=row.status,
            due=Money(row.due_minor, row.currency),
            paid=Money(row.paid_minor, row.currency),
            refunded=Money(row.refunded_minor, row.currency),
            url=row.hosted_url,
        )
        for row in rows
    )


def _standing(
    row: Subscription | None, payments: tuple[PaymentView, ...], entitlement: Entitlement
) -> SubscriptionStanding | None:
    if row is None:
        return None
    newest_paid = next((one for one in payments if one.paid.minor > 0), None)
    return SubscriptionStanding(
        status=row.status,
        cancel_at_period_end=row.cancel_at_period_end,
        has_ended=row.ended_at is not None,
        needs_action=row.needs_action_url is not None,
        is_entitled=entitlement.is_unlimited,
        was_refunded=newest_paid is not None and newest_paid.refunded.minor > 0,
    )


def _view(row: Subscription) -> SubscriptionView:
    amount = (
        Money(row.amount_minor, row.currency)
        if row.amount_minor is not None and row.currency is not None
        else None
    )
    return SubscriptionView(
        subscription_id=row.id,
        lookup_key=row.lookup_key,
        amount=amount,
        interval=row.interval,
        current_period_end=row.current_period_end,
        ended_at=row.ended_at,
        grace_until=row.past_due_since + PAST_DUE_GRACE if row.past_due_since else None,
        needs_action_url=row.needs_action_url,
    )


def _pay_url(row: Subscription | None, payments: tuple[PaymentView, ...]) -> str | None:
    if row is None or row.ended_at is not None:
        return None
    if row.needs_action_url is not None:
        return row.needs_action_url
    owed = (one for one in payments if one.status == "open" and one.subscription_id == row.id)
    return next((one.url for one in owed), None)
