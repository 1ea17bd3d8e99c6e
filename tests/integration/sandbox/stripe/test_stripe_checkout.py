"""Checkout in the sandbox, as the product's code and a customer go through it."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.integration.sandbox.stripe.shop import DAY, SITE, Shop

FIRST_PAYMENT = [
    "customer.subscription.created",
    "invoice.created",
    "payment_intent.created",
    "invoice.finalized",
]
PAID = [
    "charge.succeeded",
    "payment_intent.succeeded",
    "invoice_payment.paid",
    "invoice.paid",
    "invoice.payment_succeeded",
    "customer.subscription.updated",
    "payment_method.attached",
    "customer.subscription.updated",
    "checkout.session.completed",
]
HOUR = 3600

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_paid_session_leaves_an_active_subscription(stripe_shop: Shop) -> None:
    customer = await stripe_shop.customer(email="sam@example.com")
    session = await stripe_shop.checkout(customer.id, client_reference_id="account_1")
    paid = await stripe_shop.control("pay", session=session.id, outcome="paid")

    done = await stripe_shop.client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["subscription.latest_invoice", "line_items"]}
    )

    subscription: Any = done.subscription
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert session.url == f"{stripe_shop.url}/c/pay/{session.id}"
    assert paid["url"] == f"{SITE}/billing?session={session.id}"
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.client_reference_id == "account_1"
    assert done.line_items is not None
    assert (subscription.status, subscription.metadata["account_id"]) == ("active", "account_1")
    assert subscription.latest_invoice.amount_paid == 1499
    period = subscription["items"].data[0]
    assert 28 * DAY <= period.current_period_end - period.current_period_start <= 31 * DAY
    assert await stripe_shop.told() == ["customer.created", *FIRST_PAYMENT, *PAID]


async def test_a_session_without_a_customer_makes_one(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout(customer_email="kim@example.com")

    await stripe_shop.control("pay", session=session.id, outcome="paid")

    done = await stripe_shop.client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["customer"]}
    )
    assert isinstance(done.customer, stripe.Customer)
    assert done.customer.email == "kim@example.com"


async def test_a_declined_card_leaves_the_session_open_for_another(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout((await stripe_shop.customer()).id)
    await stripe_shop.since()

    declined = await stripe_shop.control("pay", session=session.id, outcome="declined")
    meanwhile = await stripe_shop.since()
    still_open = await stripe_shop.client.v1.checkout.sessions.retrieve_async(session.id)
    await stripe_shop.control("pay", session=session.id, outcome="paid")

    state = await stripe_shop.state()
    assert declined == {"outcome": "declined", "url": None}
    refused = ["charge.failed", "payment_intent.payment_failed", "invoice.payment_failed"]
    assert meanwhile == [*FIRST_PAYMENT, *refused]
    assert still_open.status == "open"
    assert [row["status"] for row in state["subscriptions"]] == ["active"]
    assert [row["amount_paid"] for row in state["invoices"]] == [1499]


async def test_a_challenge_waits_for_its_answer(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout((await stripe_shop.customer()).id)
    await stripe_shop.since()

    asked = await stripe_shop.control("pay", session=session.id, outcome="needs_action")
    meanwhile = await stripe_shop.since()
    await stripe_shop.control("pay", session=session.id, card="asks_once", outcome="paid")

    assert asked["outcome"] == "needs_action"
    asking = ["payment_intent.requires_action", "invoice.payment_action_required"]
    assert meanwhile == [*FIRST_PAYMENT, *asking]
    assert await stripe_shop.since() == PAID


async def test_an_abandoned_session_expires(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout((await stripe_shop.customer()).id)

    left = await stripe_shop.control("pay", session=session.id, outcome="abandoned")

    assert left["url"] == f"{SITE}/billing"
    assert await stripe_shop.advance(seconds=24 * HOUR - 10) == []
    assert await stripe_shop.advance(seconds=20) == ["checkout.session.expired"]
    expired = await stripe_shop.client.v1.checkout.sessions.retrieve_async(session.id)
    assert (expired.status, expired.url) == ("expired", None)


async def test_a_first_payment_that_never_comes_ends_the_subscription(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout((await stripe_shop.customer()).id)
    await stripe_shop.control("pay", session=session.id, outcome="declined")

    assert await stripe_shop.advance(seconds=23 * HOUR - 10) == []
    told = await stripe_shop.advance(seconds=20)

    assert told == ["customer.subscription.updated", "payment_intent.canceled", "invoice.voided"]
    state = await stripe_shop.state()
    assert [row["status"] for row in state["subscriptions"]] == ["incomplete_expired"]


async def test_a_session_is_expired_once(stripe_shop: Shop) -> None:
    sessions = stripe_shop.client.v1.checkout.sessions
    session = await stripe_shop.checkout()

    expired = await sessions.expire_async(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        await sessions.expire_async(session.id)

    assert expired.status == "expired"
    assert await stripe_shop.told() == ["checkout.session.expired"]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
        ({"customer": "cus_none"}, "customer"),
        ({"success_url": ""}, "success_url"),
        ({"expires_at": 1}, "expires_at"),
        ({"customer_email": "a@example.com", "customer": "known"}, "customer_email"),
    ],
)
async def test_a_session_that_makes_no_sense_is_refused(
    stripe_shop: Shop, changes: dict[str, Any], param: str
) -> None:
    if changes.get("customer") == "known":
        changes = {**changes, "customer": (await stripe_shop.customer()).id}

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await stripe_shop.checkout(**changes)

    assert (refusal.value.http_status, refusal.value.param) == (400, param)


async def test_a_trial_costs_nothing_until_it_ends(stripe_shop: Shop) -> None:
    data = {"trial_period_days": 7, "metadata": {"account_id": "account_1"}}
    subscription = await stripe_shop.subscribe(subscription_data=data)

    noted = await stripe_shop.advance(days=4.1)
    ended = await stripe_shop.advance(days=3)

    assert subscription.status == "trialing"
    assert noted == ["customer.subscription.trial_will_end"]
    assert ended[:2] == ["invoice.created", "customer.subscription.updated"]
    state = await stripe_shop.state()
    assert [row["amount_paid"] for row in state["invoices"]] == [0, 1499]
    assert [row["status"] for row in state["subscriptions"]] == ["active"]
