"""Stripe's own samples of its objects, read into values of ours."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stripe

from buddy_site.gateways import stripe_shapes as shapes
from shared.money import Money

WIRE = Path(__file__).parents[2] / "wire" / "stripe"
CLIENT = stripe.StripeClient("sk_test_wire")


def sample(name: str, **changes: Any) -> Any:
    """Return Stripe's sample as the SDK hands it over."""
    values = copy.deepcopy(json.loads((WIRE / f"{name}.json").read_text())["object"])
    return CLIENT.deserialize({**values, **changes}, api_mode="V1")


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_a_price_is_read() -> None:
    found = shapes.price(sample("price"))

    assert found.price_id.startswith("price_")
    assert found.amount is not None
    assert (found.amount.currency, found.is_active) == ("usd", True)


def test_a_subscription_is_read_with_the_period_of_its_item() -> None:
    going_on = {"cancel_at": None, "cancel_at_period_end": False, "ended_at": None}
    found = sample("subscription", status="active", **going_on)
    item = found["items"].data[0]

    read = shapes.subscription(found)

    assert (read.subscription_id, read.status) == (found.id, "active")
    assert read.current_period_end == at(item.current_period_end)
    assert (read.cancel_at_period_end, read.ended_at) == (False, None)
    assert (read.price_id, read.unpaid_since, read.needs_action_url) == (item.price.id, None, None)


@pytest.mark.parametrize(("days", "is_ending"), [(0, True), (-1, True), (1, False)])
def test_an_end_set_as_a_date_counts_when_the_period_ends_with_it(
    days: int, *, is_ending: bool
) -> None:
    found = sample("subscription")
    end = found["items"].data[0].current_period_end

    read = shapes.subscription(
        sample("subscription", cancel_at=end + days * 86_400, cancel_at_period_end=False)
    )

    assert read.cancel_at_period_end is is_ending


def test_an_open_bill_says_since_when_money_is_missing() -> None:
    bill = json.loads((WIRE / "invoice.json").read_text())["object"]
    bill |= {"status": "open", "status_transitions": {"finalized_at": 1_700_000_000}}
    found = sample("subscription", status="past_due", latest_invoice=bill)

    read = shapes.subscription(found, needs_action={bill["id"]: "https://pay.example"})

    assert read.unpaid_since == at(1_700_000_000)
    assert read.needs_action_url == "https://pay.example"


def test_an_invoice_is_read_with_its_subscription_under_its_parent() -> None:
    found = sample("invoice", status="paid")

    read = shapes.invoice(found, refunded_minor=7)

    parent = found.parent.subscription_details.subscription if found.parent else None
    assert (read.invoice_id, read.status, read.refunded_minor) == (found.id, "paid", 7)
    assert (read.due_minor, read.paid_minor) == (found.amount_due, found.amount_paid)
    assert read.subscription_id == parent


def test_a_page_is_read() -> None:
    found = sample("checkout_session", status="complete", url=None)

    assert shapes.checkout(found).status == "complete"


def test_an_event_says_whom_it_is_about() -> None:
    invoice = json.loads((WIRE / "invoice.json").read_text())["object"]
    customer = json.loads((WIRE / "customer.json").read_text())["object"]

    about_invoice = shapes.event(sample("event", type="invoice.paid", data={"object": invoice}))
    about_customer = shapes.event(
        sample("event", type="customer.deleted", data={"object": customer})
    )
    about_nobody = shapes.event(
        sample("event", type="price.updated", data={"object": {"object": "price", "id": "p"}})
    )

    assert (about_invoice.kind, about_invoice.customer_id) == ("invoice.paid", invoice["customer"])
    assert about_customer.customer_id == customer["id"]
    assert about_nobody.customer_id is None


def test_a_price_by_usage_has_no_amount() -> None:
    assert shapes.price(sample("price", unit_amount=None)).amount is None
    assert shapes.price(sample("price", unit_amount=1499)).amount == Money(1499)
