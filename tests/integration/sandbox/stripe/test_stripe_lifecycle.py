"""A subscription's life in the sandbox: renewals, failures, the end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from tests.integration.sandbox.stripe.shop import DAY, Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = 3600
RENEWED = ["invoice.created", "customer.subscription.updated"]
FINAL = ["payment_intent.created", "invoice.finalized"]
PAID = [
    "charge.succeeded",
    "payment_intent.succeeded",
    "invoice_payment.paid",
    "invoice.paid",
    "invoice.payment_succeeded",
]
REFUSED = ["charge.failed", "payment_intent.payment_failed", "invoice.payment_failed"]
PAST_DUE = ["customer.updated", "customer.subscription.updated"]


def period(subscription: stripe.Subscription) -> tuple[int, int]:
    item = subscription["items"].data[0]
    return item.current_period_start, item.current_period_end


async def to_renewal(shop: Shop, subscription: stripe.Subscription) -> list[str]:
    """Go on to just after the period's end; its bill is a draft then."""
    await shop.since()
    await shop.control("clock", now=period(subscription)[1] + 10)
    return await shop.since()


async def status(shop: Shop) -> str:
    return str((await shop.state())["subscriptions"][-1]["status"])


async def test_a_period_is_billed_an_hour_after_the_last(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    before = period(subscription)

    renewed = await to_renewal(stripe_shop, subscription)
    waiting = await stripe_shop.subscription(subscription.id)
    paid = await stripe_shop.advance(seconds=HOUR)

    assert (renewed, paid) == (RENEWED, [*FINAL, *PAID])
    assert (waiting.status, period(waiting)[0]) == ("active", before[1])
    state = await stripe_shop.state()
    assert [row["status"] for row in state["invoices"]] == ["paid", "paid"]
    assert state["paid"] == 2 * 1499


async def test_a_month_that_is_shorter_does_not_move_the_day(stripe_shop: Shop) -> None:
    now = datetime.now(UTC)
    january = datetime(now.year + 1, 1, 31, 12, tzinfo=UTC)
    await stripe_shop.control("clock", now=int(january.timestamp()))

    subscription = await stripe_shop.subscribe()
    ends = [period(subscription)[1]]
    for _ in range(2):
        await to_renewal(stripe_shop, subscription)
        subscription = await stripe_shop.subscription(subscription.id)
        ends.append(period(subscription)[1])

    days = [datetime.fromtimestamp(end, UTC) for end in ends]
    assert [(day.month, day.day) for day in days] in (
        [(2, 28), (3, 31), (4, 30)],
        [(2, 29), (3, 31), (4, 30)],
    )


async def test_a_year_renews_yearly(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe(lookup_key="unlimited_yearly")

    await stripe_shop.advance(days=400)

    state = await stripe_shop.state()
    assert [row["amount_paid"] for row in state["invoices"]] == [14900, 14900]
    start, end = period(subscription)
    assert 365 * DAY <= end - start <= 366 * DAY


async def failing(shop: Shop, card: str = "fails_later") -> stripe.Subscription:
    """Return a subscription whose next bill its card won't pay."""
    subscription = await shop.subscribe()
    token = await portal(shop, str(subscription.customer))
    answer = await shop.http.post(f"{token}/payment-method", data={"card": card})
    if answer.headers["location"].endswith("/challenge"):
        await shop.http.post(answer.headers["location"], data={"answer": "approve"})
    return subscription


async def portal(shop: Shop, customer: str) -> str:
    session = await shop.client.v1.billing_portal.sessions.create_async({"customer": customer})
    return session.url.removeprefix(shop.url)


@pytest.mark.parametrize(
    ("after", "ended", "last"),
    [
        ("cancel", "canceled", ["customer.subscription.deleted"]),
        ("unpaid", "unpaid", ["customer.subscription.updated"]),
        ("past_due", "past_due", []),
    ],
)
async def test_retries_follow_their_schedule_to_the_chosen_end(
    stripe_shop: Shop, after: str, ended: str, last: list[str]
) -> None:
    await stripe_shop.control("seed", after_retries=after, retry_days=[3, 5])
    subscription = await failing(stripe_shop)
    await to_renewal(stripe_shop, subscription)

    first = await stripe_shop.advance(seconds=HOUR)
    second = await stripe_shop.advance(days=3)
    meanwhile = await status(stripe_shop)
    third = await stripe_shop.advance(days=5)

    assert first == [*FINAL, *REFUSED, *PAST_DUE]
    assert (second, meanwhile) == (REFUSED, "past_due")
    assert third == [*REFUSED, *last]
    assert await status(stripe_shop) == ended
    assert await stripe_shop.advance(days=9) == []


async def test_a_paid_retry_makes_it_active_again(stripe_shop: Shop) -> None:
    subscription = await failing(stripe_shop)
    await to_renewal(stripe_shop, subscription)
    await stripe_shop.advance(seconds=HOUR)
    past_due = await status(stripe_shop)
    token = await portal(stripe_shop, str(subscription.customer))
    await stripe_shop.http.post(f"{token}/payment-method", data={"card": "good"})

    told = await stripe_shop.advance(days=3)

    assert past_due == "past_due"
    assert told == [*PAID, *PAST_DUE]
    assert await status(stripe_shop) == "active"


async def test_the_api_can_pay_what_is_open(stripe_shop: Shop) -> None:
    subscription = await failing(stripe_shop)
    await to_renewal(stripe_shop, subscription)
    await stripe_shop.advance(seconds=HOUR)
    invoices = stripe_shop.client.v1.invoices
    bill = str((await stripe_shop.subscription(subscription.id)).latest_invoice)

    with pytest.raises(stripe.CardError) as refusal:
        await invoices.pay_async(bill)
    token = await portal(stripe_shop, str(subscription.customer))
    await stripe_shop.http.post(f"{token}/payment-method", data={"card": "good"})
    paid = await invoices.pay_async(bill)

    assert (refusal.value.http_status, refusal.value.code) == (402, "card_declined")
    assert (paid.status, paid.next_payment_attempt) == ("paid", None)
    assert await status(stripe_shop) == "active"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        await invoices.pay_async(bill)


async def test_a_card_that_asks_every_time_waits_for_its_owner(stripe_shop: Shop) -> None:
    subscription = await failing(stripe_shop, "asks_always")
    await to_renewal(stripe_shop, subscription)

    told = await stripe_shop.advance(seconds=HOUR)
    listed = await stripe_shop.client.v1.invoices.list_async({"status": "open"})
    bill = listed.data[0]
    page = f"/i/{bill.id}"
    sent_on = await stripe_shop.http.get(page)
    await stripe_shop.http.post(f"{page}/challenge", data={"answer": "approve"})

    asking = ["payment_intent.requires_action", "invoice.payment_action_required"]
    assert told == [*FINAL, *asking, "invoice.payment_failed", *PAST_DUE]
    assert bill.hosted_invoice_url == stripe_shop.url + page
    assert sent_on.headers["location"] == f"{page}/challenge"
    assert await stripe_shop.since() == [*PAID, *PAST_DUE]
    assert await status(stripe_shop) == "active"


async def test_a_cancelled_subscription_runs_to_its_end(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    subscriptions = stripe_shop.client.v1.subscriptions

    leaving = await subscriptions.update_async(
        subscription.id,
        {"cancel_at_period_end": True, "cancellation_details": {"feedback": "unused"}},
    )
    told = await to_renewal(stripe_shop, subscription)

    assert (leaving.status, leaving.cancel_at) == ("active", period(subscription)[1])
    assert told == ["customer.subscription.deleted"]
    ended = await stripe_shop.subscription(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", period(subscription)[1])
    assert ended.cancellation_details is not None
    assert ended.cancellation_details.feedback == "unused"
    assert ended.cancellation_details.reason == "cancellation_requested"


async def test_who_stays_after_all_is_renewed(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    subscriptions = stripe_shop.client.v1.subscriptions
    await subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    await stripe_shop.since()

    stays = await subscriptions.update_async(subscription.id, {"cancel_at_period_end": False})

    changed: Any = stripe_shop.product.events
    assert await stripe_shop.since() == ["customer.subscription.updated"]
    assert changed[-1].data.previous_attributes["cancel_at_period_end"] is True
    assert (stays.cancel_at, stays.canceled_at) == (None, None)
    assert await to_renewal(stripe_shop, subscription) == RENEWED


async def test_a_cancellation_now_is_the_end(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    subscriptions = stripe_shop.client.v1.subscriptions

    ended = await subscriptions.cancel_async(subscription.id)

    assert ended.status == "canceled"
    assert await stripe_shop.since() == ["customer.subscription.deleted"]
    with pytest.raises(stripe.InvalidRequestError):
        await subscriptions.cancel_async(subscription.id)
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription"):
        await subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    assert (await subscriptions.list_async({"customer": str(ended.customer)})).data == []
    everything = await subscriptions.list_async({"customer": str(ended.customer), "status": "all"})
    assert [row.id for row in everything.data] == [subscription.id]


async def test_a_deleted_customer_takes_their_subscription_along(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()

    await stripe_shop.client.v1.customers.delete_async(str(subscription.customer))

    assert await stripe_shop.since() == ["customer.subscription.deleted", "customer.deleted"]
    assert await stripe_shop.advance(days=40) == []


async def test_switching_the_interval_bills_the_difference_at_once(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    start, end = period(subscription)
    await stripe_shop.control("clock", now=(start + end) // 2, freeze=True)
    yearly = await stripe_shop.price("unlimited_yearly")
    item = subscription["items"].data[0].id

    switched = await stripe_shop.client.v1.subscriptions.update_async(
        subscription.id,
        {
            "items": [{"id": item, "price": yearly.id}],
            "proration_behavior": "always_invoice",
            "expand": ["latest_invoice"],
        },
    )

    bill: Any = switched.latest_invoice
    assert [row.amount for row in bill.lines.data] == [pytest.approx(-750, abs=1), 14900]
    assert (bill.billing_reason, bill.status) == ("subscription_update", "paid")
    assert bill.amount_paid == pytest.approx(14150, abs=1)
    assert period(switched)[0] == (start + end) // 2
    assert switched["items"].data[0].price.id == yearly.id


async def test_what_was_paid_too_much_is_credited_to_the_next_bills(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe(lookup_key="unlimited_yearly")
    monthly = await stripe_shop.price()
    item = subscription["items"].data[0].id

    await stripe_shop.client.v1.subscriptions.update_async(
        subscription.id, {"items": [{"id": item, "price": monthly.id}]}
    )
    customers = stripe_shop.client.v1.customers
    credited = await customers.retrieve_async(str(subscription.customer))
    await stripe_shop.advance(days=32)
    used = await customers.retrieve_async(str(subscription.customer))

    assert credited.balance == pytest.approx(-14900 + 1499, abs=1)
    assert used.balance == pytest.approx(-14900 + 2 * 1499, abs=1)
    state = await stripe_shop.state()
    assert [row["amount_paid"] for row in state["invoices"]] == [14900, 0, 0]


async def test_a_switch_that_must_be_paid_changes_nothing_when_it_is_not(
    stripe_shop: Shop,
) -> None:
    subscription = await failing(stripe_shop)
    yearly = await stripe_shop.price("unlimited_yearly")
    item = subscription["items"].data[0]
    await stripe_shop.since()

    with pytest.raises(stripe.CardError):
        await stripe_shop.client.v1.subscriptions.update_async(
            subscription.id,
            {
                "items": [{"id": item.id, "price": yearly.id}],
                "payment_behavior": "error_if_incomplete",
                "proration_behavior": "always_invoice",
            },
        )

    same = await stripe_shop.subscription(subscription.id)
    assert same["items"].data[0].price.id == item.price.id
    assert await stripe_shop.since() == []


async def test_a_new_price_within_the_interval_waits_for_the_next_bill(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    await stripe_shop.control(
        "seed", prices=[{"lookup_key": "plus", "unit_amount": 1999, "interval": "month"}]
    )
    plus = await stripe_shop.price("plus")
    item = subscription["items"].data[0].id

    await stripe_shop.client.v1.subscriptions.update_async(
        subscription.id, {"items": [{"id": item, "price": plus.id}]}
    )
    await to_renewal(stripe_shop, subscription)
    await stripe_shop.advance(seconds=HOUR)

    amounts = [row["amount_paid"] for row in (await stripe_shop.state())["invoices"]]
    assert amounts == [1499, pytest.approx(1999 + 500, abs=1)]


async def test_refunds_are_counted_until_nothing_is_left(stripe_shop: Shop) -> None:
    await stripe_shop.subscribe()
    refunds = stripe_shop.client.v1.refunds
    charge = (await stripe_shop.client.v1.charges.list_async()).data[0]

    part = await refunds.create_async(
        {"payment_intent": str(charge.payment_intent), "amount": 500, "reason": "duplicate"}
    )
    rest = await refunds.create_async({"charge": charge.id})

    assert [part.amount, rest.amount] == [500, 999]
    assert await stripe_shop.since() == 2 * ["charge.refunded", "refund.created"]
    refunded = await stripe_shop.client.v1.charges.retrieve_async(
        charge.id, {"expand": ["refunds"]}
    )
    assert (refunded.refunded, refunded.amount_refunded) == (True, 1499)
    assert refunded.refunds is not None
    assert len(refunded.refunds.data) == 2
    state = await stripe_shop.state()
    assert (state["paid"], state["refunded"]) == (1499, 1499)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await refunds.create_async({"charge": charge.id})
    assert refusal.value.code == "charge_already_refunded"


async def test_what_has_no_cause_here_happens_on_demand(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    await to_renewal(stripe_shop, subscription)
    bill = str((await stripe_shop.subscription(subscription.id)).latest_invoice)

    await stripe_shop.control("events", type="invoice.finalization_failed", object=bill)
    failed = await stripe_shop.client.v1.invoices.retrieve_async(bill)
    await stripe_shop.control("events", type="customer.subscription.paused", object=subscription.id)
    paused = await status(stripe_shop)
    await stripe_shop.control(
        "events", type="customer.subscription.resumed", object=subscription.id
    )

    kind = "entitlements.active_entitlement_summary.updated"
    await stripe_shop.control("events", type=kind, object=str(subscription.customer))

    assert failed.last_finalization_error is not None
    assert failed.last_finalization_error.code == "failed_tax_calculation"
    assert (paused, await status(stripe_shop)) == ("paused", "active")
    assert await stripe_shop.since() == [
        "invoice.finalization_failed",
        "customer.subscription.updated",
        "customer.subscription.paused",
        "customer.subscription.updated",
        "customer.subscription.resumed",
        kind,
    ]
    last: Any = stripe_shop.product.events[-1]
    assert last.data.object["customer"] == subscription.customer
