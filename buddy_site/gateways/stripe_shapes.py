"""Reads Stripe's objects, as the SDK's API version shapes them, into values of ours.

Periods are on a subscription's item, an invoice's subscription is under its parent, and its
payments are a list of its own: https://docs.stripe.com/changelog/basil.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import stripe

from shared.domain.billing import (
    CheckoutSeen,
    EventSeen,
    InvoiceSeen,
    PriceSeen,
    SubscriptionSeen,
)
from shared.money import Money

# What our checkouts note on a subscription, to know it by when nothing else is left of it.
ACCOUNT_NOTE, SITE_NOTE = "account_id", "site"


def price(found: stripe.Price) -> PriceSeen:
    """Read a price."""
    return PriceSeen(
        price_id=found.id,
        lookup_key=found.lookup_key,
        amount=_amount(found),
        interval=found.recurring.interval if found.recurring is not None else None,
        interval_count=found.recurring.interval_count if found.recurring is not None else 0,
        is_active=found.active,
    )


def checkout(found: stripe.checkout.Session) -> CheckoutSeen:
    """Read a payment page."""
    return CheckoutSeen(session_id=found.id, status=found.status or "open", url=found.url)


def subscription(
    found: stripe.Subscription, *, needs_action: Mapping[str, str] | None = None
) -> SubscriptionSeen:
    """Read a subscription with its latest invoice expanded.

    `needs_action` has, by invoice, where a payment waits for its owner.
    """
    item = found["items"].data[0]
    bill = found.latest_invoice if isinstance(found.latest_invoice, stripe.Invoice) else None
    period_end = _instant(item.current_period_end)
    cancels_at = _maybe_instant(found.cancel_at)
    return SubscriptionSeen(
        subscription_id=found.id,
        status=found.status,
        price_id=item.price.id,
        lookup_key=item.price.lookup_key,
        amount=_amount(item.price),
        interval=item.price.recurring.interval if item.price.recurring is not None else None,
        started_at=_instant(found.start_date),
        current_period_start=_instant(item.current_period_start),
        current_period_end=period_end,
        # With flexible billing the portal sets the end's date instead of the flag.
        cancel_at_period_end=found.cancel_at_period_end
        or (cancels_at is not None and cancels_at <= period_end),
        ended_at=_maybe_instant(found.ended_at),
        unpaid_since=_fell_due(bill),
        needs_action_url=(needs_action or {}).get(bill.id) if bill is not None else None,
        account_id=_note(found, ACCOUNT_NOTE),
        site=_note(found, SITE_NOTE),
    )


def invoice(found: stripe.Invoice, *, refunded_minor: int) -> InvoiceSeen:
    """Read an invoice."""
    parent = found.parent.subscription_details if found.parent is not None else None
    return InvoiceSeen(
        invoice_id=found.id,
        subscription_id=_id(parent.subscription) if parent is not None else None,
        status=found.status or "draft",
        currency=found.currency,
        due_minor=found.amount_due,
        paid_minor=found.amount_paid,
        refunded_minor=refunded_minor,
        created_at=_instant(found.created),
        paid_at=_maybe_instant(found.status_transitions.paid_at),
        hosted_url=found.hosted_invoice_url,
    )


def payment_intents(found: stripe.Invoice) -> tuple[str, ...]:
    """Return the ids of the payments of an invoice whose payments are expanded."""
    payments = found.payments.data if found.payments is not None else []
    ids = (_id(one.payment.payment_intent) for one in payments)
    return tuple(one for one in ids if one is not None)


def event(found: stripe.Event) -> EventSeen:
    """Read whom an event is about; everything else in it may be old."""
    thing: dict[str, object] = found.to_dict()["data"]["object"]
    if thing.get("object") == "customer":
        customer_id = thing.get("id")
    else:
        customer_id = _id(thing.get("customer"))
    return EventSeen(
        event_id=found.id,
        kind=found.type,
        created_at=_instant(found.created),
        customer_id=customer_id if isinstance(customer_id, str) else None,
    )


def _fell_due(bill: stripe.Invoice | None) -> datetime | None:
    if bill is None or bill.status != "open":
        return None
    return _instant(bill.status_transitions.finalized_at or bill.created)


def _amount(found: stripe.Price) -> Money | None:
    return Money(found.unit_amount, found.currency) if found.unit_amount is not None else None


def _note(found: stripe.Subscription, name: str) -> str | None:
    return found.metadata.to_dict().get(name)


def _id(value: object) -> str | None:
    """Return the id of what is there as an id or expanded."""
    if isinstance(value, stripe.StripeObject):
        return str(value["id"])
    return value if isinstance(value, str) else None


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _maybe_instant(seconds: int | None) -> datetime | None:
    return _instant(seconds) if seconds is not None else None
