"""Subscriptions: https://docs.stripe.com/api/subscriptions/object.

Since 2025-03-31.basil a period belongs to an item. Statuses and what leads to them:
https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses.
"""

from __future__ import annotations

import copy

from sandbox.stripe.amounts import money
from sandbox.stripe.clock import period_after
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, created_within, page
from sandbox.stripe.objects import invoice
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json, listed, new_id

OVER = ("canceled", "incomplete_expired")
FEEDBACK = (
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
)


def make(
    books: Books, customer: Json, price: Json, *, quantity: int = 1, trial_end: int | None = None
) -> Json:
    """Add a subscription from now on, `incomplete` until its first bill is paid; says nothing."""
    identifier, now = new_id("sub"), books.now
    anchor = trial_end or now
    recurring = price["recurring"]
    end = trial_end or period_after(now, recurring["interval"], recurring["interval_count"], now)
    customer["currency"] = customer["currency"] or price["currency"]
    item: Json = {
        "id": new_id("si", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": now,
        "current_period_end": end,
        "current_period_start": now,
        "discounts": [],
        "metadata": {},
        "plan": _plan(price),
        "price": copy.deepcopy(price),
        "quantity": quantity,
        "subscription": identifier,
        "tax_rates": [],
    }
    return books.add(
        {
            "id": identifier,
            "object": "subscription",
            "application": None,
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": anchor,
            "billing_cycle_anchor_config": None,
            "billing_mode": {
                "flexible": {"proration_discounts": "included"},
                "type": "flexible",
            },
            "billing_schedules": [],
            "billing_thresholds": None,
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "cancellation_details": {"comment": None, "feedback": None, "reason": None},
            "collection_method": "charge_automatically",
            "created": now,
            "currency": price["currency"],
            "customer": customer["id"],
            "customer_account": None,
            "days_until_due": None,
            "default_payment_method": None,
            "default_source": None,
            "default_tax_rates": [],
            "description": None,
            "discounts": [],
            "ended_at": None,
            "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
            "items": listed([item], f"/v1/subscription_items?subscription={identifier}"),
            "latest_invoice": None,
            "livemode": False,
            "metadata": {},
            "next_pending_invoice_item_invoice": None,
            "on_behalf_of": None,
            "pause_collection": None,
            "payment_settings": {
                "payment_method_options": None,
                "payment_method_types": None,
                "save_default_payment_method": "off",
            },
            "pending_invoice_item_interval": None,
            "pending_setup_intent": None,
            "pending_update": None,
            "schedule": None,
            "start_date": now,
            "status": "trialing" if trial_end else "incomplete",
            "test_clock": None,
            "transfer_data": None,
            "trial_end": trial_end,
            "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
            "trial_start": now if trial_end else None,
        }
    )


def item_of(subscription: Json) -> Json:
    """Return what is subscribed to; the sandbox's subscriptions have one item."""
    item: Json = subscription["items"]["data"][0]
    return item


def put_price(subscription: Json, price: Json, quantity: int) -> None:
    """Let the item have another price."""
    item = item_of(subscription)
    item.update(price=copy.deepcopy(price), plan=_plan(price), quantity=quantity)


def cycle_line(subscription: Json, period: tuple[int, int]) -> Json:
    """Return what a whole period costs."""
    item = item_of(subscription)
    price = item["price"]
    is_trial = subscription["status"] == "trialing"
    amount = 0 if is_trial else price["unit_amount"] * item["quantity"]
    words = "Trial period for Unlimited" if is_trial else line_words(price, item["quantity"])
    return invoice.line(subscription["id"], item, price, amount, period, words)


def line_words(price: Json, quantity: int) -> str:
    """Return how a bill names a whole period."""
    amount = money(price["unit_amount"], price["currency"])
    return f"{quantity} × Unlimited (at {amount} / {price['recurring']['interval']})"


def set_cancellation(books: Books, subscription: Json, *, at_period_end: bool) -> None:
    """Let the subscription run out, or go on after all.

    https://docs.stripe.com/billing/subscriptions/cancel#cancel-at-the-end-of-the-current-period
    """
    subscription["cancel_at_period_end"] = at_period_end
    if at_period_end:
        subscription["cancel_at"] = item_of(subscription)["current_period_end"]
        subscription["canceled_at"] = books.now
        subscription["cancellation_details"]["reason"] = "cancellation_requested"
    else:
        subscription["cancel_at"] = subscription["canceled_at"] = None
        subscription["cancellation_details"] = {
            "comment": None,
            "feedback": None,
            "reason": None,
        }


def end(books: Books, subscription: Json, *, reason: str, status: str = "canceled") -> None:
    """End a subscription now and say so. What is still owed is not asked for any more."""
    former = copy.deepcopy(subscription)
    subscription["status"] = status
    subscription["ended_at"] = books.now
    subscription["canceled_at"] = subscription["canceled_at"] or books.now
    details = subscription["cancellation_details"]
    details["reason"] = details["reason"] or reason
    for bill in books.all("invoice"):
        if invoice.subscription_of(bill) != subscription["id"]:
            continue
        if bill["status"] in ("draft", "open"):
            bill.update(auto_advance=False, next_payment_attempt=None)
            bill["automatically_finalizes_at"] = None
    if status == "incomplete_expired":
        books.emit("customer.subscription.updated", subscription, former)
    else:
        books.emit("customer.subscription.deleted", subscription)


def change_status(books: Books, subscription: Json, status: str) -> None:
    """Let a subscription have another status and say so."""
    former = copy.deepcopy(subscription)
    subscription["status"] = status
    books.emit("customer.subscription.updated", subscription, former)


def cancel(books: Books, form: Form, identifier: str) -> Json:
    """Cancel at once: https://docs.stripe.com/api/subscriptions/cancel."""
    subscription = books.get("subscription", identifier)
    if subscription["status"] in OVER:
        message = f"No such subscription: '{identifier}'"
        raise StripeRefusal(message, status=404, code="resource_missing", param="id")
    comment_on(subscription, form)
    end(books, subscription, reason="cancellation_requested")
    return subscription


def comment_on(subscription: Json, form: Form) -> None:
    """Take down why the customer leaves."""
    given = form.nested("cancellation_details").only("comment", "feedback")
    details = subscription["cancellation_details"]
    if "comment" in given:
        details["comment"] = given.text("comment")
    if "feedback" in given:
        details["feedback"] = given.choice("feedback", *FEEDBACK)


def list_subscriptions(books: Books, form: Form) -> Json:
    """List those that go on; `status=all` or `status=canceled` shows the others."""
    rows = created_within(books.all("subscription"), form)
    if (customer := form.text("customer")) is not None:
        rows = [row for row in rows if row["customer"] == customer]
    if (price := form.text("price")) is not None:
        rows = [row for row in rows if item_of(row)["price"]["id"] == price]
    match form.text("status"):
        case None:
            rows = [row for row in rows if row["status"] not in OVER]
        case "all":
            pass
        case "ended":
            rows = [row for row in rows if row["status"] in OVER]
        case status:
            rows = [row for row in rows if row["status"] == status]
    return page(rows, form, "/v1/subscriptions")


def _plan(price: Json) -> Json:
    """Return the price as the older API names it; subscriptions show both."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


ROUTES = (
    Route(
        "GET",
        "/v1/subscriptions",
        "subscriptions.list",
        list_subscriptions,
        (*PAGE, "customer", "price", "status", "created"),
    ),
    Route(
        "GET", "/v1/subscriptions/<identifier>", "subscriptions.retrieve", retrieve("subscription")
    ),
    Route(
        "DELETE",
        "/v1/subscriptions/<identifier>",
        "subscriptions.cancel",
        cancel,
        ("cancellation_details",),
    ),
)
