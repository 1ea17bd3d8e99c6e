"""Checkouts: visits to Stripe's payment page, at most one open for an account and price.

Two tabs and double clicks begin the same row, and the row's id is the idempotency key of
everything that is made at Stripe for it: so they end on one page, and pay once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from shared.database import lock
from shared.domain.billing import RUNNING
from shared.errors import DomainError
from shared.ids import AccountId, CheckoutId, new_id
from shared.services import accounts, consents, phone_lines
from shared.tables.billing import BillingCustomer, Checkout, Subscription
from shared.wordings import ConsentKind

STARTING, OPEN, COMPLETE, EXPIRED, FAILED = "starting", "open", "complete", "expired", "failed"
LIFETIME = timedelta(hours=1)  # Stripe takes from 30 minutes to a day
LAST_USE = timedelta(minutes=5)  # a page that is about to expire is not handed out again


class NumberUnverified(DomainError):
    """Without a proved number nobody could use what they pay for."""

    code = "number_unverified"


class AlreadySubscribed(DomainError):
    """The account has a subscription to manage instead."""

    code = "already_subscribed"


@dataclass(frozen=True, slots=True)
class StartedCheckout:
    """What is needed to make the page at Stripe, or to find the one that is there."""

    checkout_id: CheckoutId
    account_id: AccountId
    lookup_key: str
    email: str | None
    customer_id: str | None
    session_id: str | None
    url: str | None
    expires_at: datetime
    others: tuple[str, ...]  # sessions for other prices, which must not be paid as well


def start(
    session: Session,
    *,
    account_id: AccountId,
    lookup_key: str,
    wording_version: str,
    now: datetime,
) -> StartedCheckout:
    """Begin a checkout, or take up the open one; keep that the renewal was agreed to."""
    lock(session, "checkout", account_id)
    accounts.require_adult(session, account_id=account_id)
    if not phone_lines.lines(session, account_id=account_id):
        message = "no number of the account is verified"
        raise NumberUnverified(message)
    if has_running_subscription(session, account_id=account_id):
        message = "the account has a subscription"
        raise AlreadySubscribed(message)
    consents.give(
        session,
        account_id=account_id,
        kind=ConsentKind.RENEWAL,
        wording_version=wording_version,
        now=now,
    )
    pending = _pending(session, account_id, now=now)
    row = next((one for one in pending if one.lookup_key == lookup_key), None)
    if row is None:
        row = Checkout(
            id=new_id("co"),
            account_id=account_id,
            lookup_key=lookup_key,
            status=STARTING,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        session.add(row)
        session.flush()
    customer = session.get(BillingCustomer, account_id)
    return StartedCheckout(
        checkout_id=CheckoutId(row.id),
        account_id=account_id,
        lookup_key=lookup_key,
        email=accounts.profile(session, account_id=account_id, now=now).email,
        customer_id=customer.stripe_customer_id if customer is not None else None,
        session_id=row.stripe_session_id,
        url=row.url,
        expires_at=row.expires_at,
        others=tuple(
            one.stripe_session_id
            for one in pending
            if one.lookup_key != lookup_key and one.stripe_session_id is not None
        ),
    )


def keep_customer(
    session: Session, *, account_id: AccountId, customer_id: str, now: datetime
) -> str:
    """Make this the account's customer unless it has one; return the one it has."""
    lock(session, "checkout", account_id)
    row = session.get(BillingCustomer, account_id)
    if row is None:
        row = BillingCustomer(account_id=account_id, stripe_customer_id=customer_id, created_at=now)
        session.add(row)
        session.flush()
    return row.stripe_customer_id


def forget_customer(
    session: Session, *, account_id: AccountId, customer_id: str, now: datetime
) -> None:
    """Drop a customer that Stripe no longer has, and the payment pages it had."""
    row = session.get(BillingCustomer, account_id)
    if row is not None and row.stripe_customer_id == customer_id:
        session.delete(row)
        for checkout in session.exec(
            select(Checkout).where(
                Checkout.account_id == account_id, col(Checkout.ended_at).is_(None)
            )
        ):
            checkout.status, checkout.ended_at = FAILED, now
        session.flush()


def opened(session: Session, *, checkout_id: CheckoutId, session_id: str, url: str) -> None:
    """Keep the page that Stripe made."""
    row = session.get(Checkout, checkout_id, with_for_update=True)
    if row is not None and row.status == STARTING:
        row.stripe_session_id, row.url, row.status = session_id, url, OPEN


def fail(session: Session, *, checkout_id: CheckoutId, now: datetime) -> None:
    """Give up a checkout that Stripe refused: the next one begins anew."""
    row = session.get(Checkout, checkout_id, with_for_update=True)
    if row is not None and row.status == STARTING:
        row.status, row.ended_at = FAILED, now


def end(session: Session, *, session_id: str, status: str, now: datetime) -> bool:
    """Note that a page was paid on or has expired; say whether that is news."""
    row = session.exec(
        select(Checkout).where(Checkout.stripe_session_id == session_id).with_for_update()
    ).one_or_none()
    if row is None or row.ended_at is not None:
        return False
    row.status, row.ended_at = status, now
    session.flush()
    return True


def open_session_ids(session: Session, *, account_id: AccountId) -> tuple[str, ...]:
    """Return the sessions of the account that may have been paid meanwhile."""
    rows = session.exec(
        select(Checkout.stripe_session_id).where(
            Checkout.account_id == account_id, Checkout.status == OPEN
        )
    )
    return tuple(one for one in rows if one is not None)


def to_look_up(session: Session, *, created_before: datetime) -> tuple[str, ...]:
    """Return the customers with an open page that is old enough to have been paid by now."""
    rows = session.exec(
        select(BillingCustomer.stripe_customer_id)
        .join(Checkout, col(Checkout.account_id) == BillingCustomer.account_id)
        .where(Checkout.status == OPEN, Checkout.created_at <= created_before)
        .distinct()
    )
    return tuple(rows)


def has_running_subscription(session: Session, *, account_id: AccountId) -> bool:
    """Return whether the account has a subscription to manage."""
    found = session.exec(
        select(Subscription.id).where(
            Subscription.account_id == account_id,
            col(Subscription.ended_at).is_(None),
            col(Subscription.status).in_(RUNNING),
        )
    )
    return found.first() is not None


def open_url(session: Session, *, account_id: AccountId, now: datetime) -> str | None:
    """Return the payment page that the account may have paid on, the newest one."""
    return session.exec(
        select(Checkout.url)
        .where(
            Checkout.account_id == account_id, Checkout.status == OPEN, Checkout.expires_at > now
        )
        .order_by(col(Checkout.created_at).desc())
    ).first()


def _pending(session: Session, account_id: AccountId, *, now: datetime) -> list[Checkout]:
    rows = session.exec(
        select(Checkout)
        .where(
            Checkout.account_id == account_id,
            col(Checkout.status).in_((STARTING, OPEN)),
            Checkout.expires_at > now + LAST_USE,
        )
        .order_by(col(Checkout.created_at).desc())
    )
    return list(rows)
