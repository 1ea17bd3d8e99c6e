"""What Stripe says, kept here: rows are what was fetched last, never what an event claimed.

Events come twice, late and in any order, so an event only says whom to ask about. What is
fetched replaces what is here unless that was asked for later: whatever changes at Stripe makes
an event of its own, whose fetch begins after the change, so the newest question always knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from shared.database import lock
from shared.domain import billing as seen
from shared.domain.billing import CheckoutSeen, CustomerSeen, EventSeen
from shared.ids import AccountId
from shared.listener import ACCOUNT, notify
from shared.services import checkouts
from shared.tables.account import Account
from shared.tables.billing import (
    BillingCustomer,
    Payment,
    ProcessedWebhook,
    Reconciliation,
    Subscription,
)

STRIPE = "stripe"
PAST_DUE, CANCELED = "past_due", "canceled"
PATIENCE = timedelta(hours=1)  # between two questions about a subscription that should move
UNSETTLED = ("incomplete", "past_due", "unpaid", "paused")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose customer it is, and which payment pages to ask about as well."""

    account_id: AccountId
    open_session_ids: tuple[str, ...]


def owner(session: Session, *, customer_id: str) -> Owner | None:
    """Return whose customer this is; None for customers that are not ours."""
    account_id = _account_of(session, customer_id)
    if account_id is None:
        return None
    return Owner(account_id, checkouts.open_session_ids(session, account_id=account_id))


def customer_of(session: Session, *, account_id: AccountId) -> str | None:
    """Return the account's customer at Stripe."""
    row = session.get(BillingCustomer, account_id)
    return row.stripe_customer_id if row is not None else None


def apply(
    session: Session,
    *,
    found: CustomerSeen,
    events: tuple[EventSeen, ...] = (),
    now: datetime,
) -> AccountId | None:
    """Make the rows what was found; remember the events that led to it, in the same transaction.

    Return whose they are, or None if the customer is not ours (any more): then nothing is kept
    but the events.
    """
    lock(session, STRIPE, found.customer_id)
    remember_all(session, events=events, now=now)
    account_id = _account_of(session, found.customer_id)
    if account_id is None:
        return None
    changes = [
        *(_sync_checkout(session, one, now=now) for one in found.checkouts),
        *(
            sync_subscription(session, account_id=account_id, found=one, asked_at=found.asked_at)
            for one in found.subscriptions
        ),
        *(
            sync_invoice(session, account_id=account_id, found=one, asked_at=found.asked_at)
            for one in found.invoices
        ),
    ]
    if found.is_deleted:
        _end_all(session, account_id, asked_at=found.asked_at)
        session.delete(session.get_one(BillingCustomer, account_id))
        changes.append(True)
    session.flush()
    if any(changes):
        notify(session, ACCOUNT, account_id)
    return account_id


def sync_subscription(
    session: Session, *, account_id: AccountId, found: seen.SubscriptionSeen, asked_at: datetime
) -> bool:
    """Make the subscription's row what was found; say whether anything about it is news."""
    row = session.get(Subscription, found.subscription_id)
    if row is not None and row.synced_at > asked_at:
        return False
    values: dict[str, Any] = {
        "status": found.status,
        "price_id": found.price_id,
        "lookup_key": found.lookup_key,
        "amount_minor": found.amount.minor if found.amount is not None else None,
        "currency": found.amount.currency if found.amount is not None else None,
        "interval": found.interval,
        "started_at": found.started_at,
        "current_period_start": found.current_period_start,
        "current_period_end": found.current_period_end,
        "cancel_at_period_end": found.cancel_at_period_end,
        "past_due_since": _past_due_since(row, found, asked_at),
        "ended_at": found.ended_at or (None if found.is_live else asked_at),
        "needs_action_url": found.needs_action_url if found.is_live else None,
    }
    if row is None:
        row = Subscription(
            id=found.subscription_id, account_id=account_id, synced_at=asked_at, **values
        )
        session.add(row)
        log.info("subscription_began", subscription=found.subscription_id, status=found.status)
        return True
    if row.ended_at is not None and not found.is_live:
        values["ended_at"] = found.ended_at or row.ended_at
    former = row.status
    is_news = _set(row, values)
    row.synced_at = asked_at
    if former != found.status:
        log.info(
            "subscription_changed",
            subscription=found.subscription_id,
            former=former,
            status=found.status,
        )
    return is_news


def sync_invoice(
    session: Session, *, account_id: AccountId, found: seen.InvoiceSeen, asked_at: datetime
) -> bool:
    """Make the payment's row what was found; say whether anything about it is news."""
    row = session.get(Payment, found.invoice_id)
    if row is not None and row.synced_at > asked_at:
        return False
    values: dict[str, Any] = {
        "subscription_id": found.subscription_id,
        "status": found.status,
        "currency": found.currency,
        "due_minor": found.due_minor,
        "paid_minor": found.paid_minor,
        "refunded_minor": found.refunded_minor,
        "created_at": found.created_at,
        "paid_at": found.paid_at,
        "hosted_url": found.hosted_url,
    }
    if row is None:
        session.add(
            Payment(
                invoice_id=found.invoice_id, account_id=account_id, synced_at=asked_at, **values
            )
        )
        return True
    is_news = _set(row, values)
    row.synced_at = asked_at
    return is_news


def remember(session: Session, *, event: EventSeen, now: datetime) -> bool:
    """Note that the event has had its effect; say whether it had not before."""
    added = session.execute(
        insert(ProcessedWebhook)
        .values(
            event_id=event.event_id, kind=event.kind, created_at=event.created_at, received_at=now
        )
        .on_conflict_do_nothing()
        .returning(col(ProcessedWebhook.event_id))
    )
    return added.first() is not None


def remember_all(session: Session, *, events: tuple[EventSeen, ...], now: datetime) -> None:
    """Note that events have had their effect."""
    for event in events:
        remember(session, event=event, now=now)


def unprocessed(session: Session, *, event_ids: tuple[str, ...]) -> frozenset[str]:
    """Return those of the events that have not had their effect yet."""
    known = session.exec(
        select(ProcessedWebhook.event_id).where(col(ProcessedWebhook.event_id).in_(event_ids))
    )
    return frozenset(event_ids) - frozenset(known)


def account_is_gone(session: Session, *, account_id: str) -> bool:
    """Return whether no such account is left."""
    return session.get(Account, account_id) is None


def seen_until(session: Session) -> datetime | None:
    """Return up to when Stripe's events have been gone through; None: never, and nobody pays."""
    row = session.get(Reconciliation, STRIPE)
    if row is not None:
        return row.seen_until
    return session.exec(select(func.min(BillingCustomer.created_at))).one()


def see_until(session: Session, *, until: datetime) -> None:
    """Note that events up to then have been gone through; it never goes back."""
    adding = insert(Reconciliation).values(vendor=STRIPE, seen_until=until)
    session.execute(
        adding.on_conflict_do_update(
            index_elements=["vendor"],
            set_={"seen_until": func.greatest(Reconciliation.seen_until, until)},
        )
    )


def due(session: Session, *, now: datetime) -> tuple[str, ...]:
    """Return the customers of whom news should have come by now, without an event to say so."""
    rows = session.exec(
        select(BillingCustomer.stripe_customer_id)
        .join(Subscription, col(Subscription.account_id) == BillingCustomer.account_id)
        .where(
            col(Subscription.ended_at).is_(None),
            Subscription.synced_at < now - PATIENCE,
            or_(
                col(Subscription.current_period_end) < now,
                col(Subscription.status).in_(UNSETTLED),
            ),
        )
        .distinct()
    )
    return tuple(rows)


def _account_of(session: Session, customer_id: str) -> AccountId | None:
    found = session.exec(
        select(BillingCustomer.account_id).where(BillingCustomer.stripe_customer_id == customer_id)
    ).one_or_none()
    return AccountId(found) if found is not None else None


def _sync_checkout(session: Session, found: CheckoutSeen, *, now: datetime) -> bool:
    if found.status == checkouts.OPEN:
        return False
    return checkouts.end(session, session_id=found.session_id, status=found.status, now=now)


def _end_all(session: Session, account_id: AccountId, *, asked_at: datetime) -> None:
    """End what a customer who is gone subscribed to, where Stripe has nothing left to show."""
    session.flush()
    session.execute(
        update(Subscription)
        .where(col(Subscription.account_id) == account_id, col(Subscription.ended_at).is_(None))
        .values(status=CANCELED, ended_at=asked_at, synced_at=asked_at, needs_action_url=None)
    )


def _past_due_since(
    row: Subscription | None, found: seen.SubscriptionSeen, asked_at: datetime
) -> datetime | None:
    """Return when it fell behind; a second unpaid bill does not begin the grace anew."""
    if found.status != PAST_DUE:
        return None
    since = found.unpaid_since or asked_at
    if row is not None and row.past_due_since is not None:
        return min(row.past_due_since, since)
    return since


def _set(row: Subscription | Payment, values: dict[str, Any]) -> bool:
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)
