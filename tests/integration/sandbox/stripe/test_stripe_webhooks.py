"""Webhooks from the sandbox: signed, in order, retried, and wrong on demand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.sandbox.stripe.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def deliveries(shop: Shop) -> list[dict[str, Any]]:
    await shop.control("webhooks", settle=True)
    return list((await shop.http.get("/_control/deliveries")).json()["deliveries"])


def names(shop: Shop) -> list[str]:
    events: list[Any] = shop.product.events
    return [event.data.object["name"] for event in events]


async def test_each_is_signed_and_told_once(stripe_shop: Shop) -> None:
    customer = await stripe_shop.customer(name="Sam")

    sent = await deliveries(stripe_shop)

    event = stripe_shop.product.events[0]
    headers = stripe_shop.product.headers[0]
    assert sent == [
        {
            "event": event.id,
            "type": "customer.created",
            "attempts": 1,
            "status": 200,
            "state": "delivered",
        }
    ]
    assert event.data.object["id"] == customer.id
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    told = await stripe_shop.client.v1.events.retrieve_async(event.id)
    assert told.pending_webhooks == 0


async def test_a_refusal_is_followed_by_another_try(stripe_shop: Shop) -> None:
    stripe_shop.product.statuses = [500]

    await stripe_shop.customer(name="Sam")

    sent = await deliveries(stripe_shop)
    assert [(row["attempts"], row["state"]) for row in sent] == [(2, "delivered")]
    assert len(stripe_shop.product.events) == 1


async def test_who_refuses_for_good_is_tried_less_and_less_often(
    stripe_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stripe_shop.product.statuses = [500, 503, 404]

    await stripe_shop.customer(name="Sam")

    sent = await deliveries(stripe_shop)
    seen = [(row["attempts"], row["status"], row["state"]) for row in sent]
    assert seen == [(3, 404, "refused")]
    waiting = await stripe_shop.client.v1.events.list_async({"delivery_success": False})
    assert len(waiting.data) == 1
    monkeypatch.setattr("sandbox.stripe.webhooks.RETRY_SECONDS", (0.0, 0.0))
    stripe_shop.product.statuses = [500, 500, 500]
    await stripe_shop.customer(name="Kim")
    assert (await deliveries(stripe_shop))[-1]["state"] == "failed"


async def test_nothing_comes_after_a_reset(stripe_shop: Shop) -> None:
    stripe_shop.product.statuses = [500]
    await stripe_shop.customer(name="Sam")
    await stripe_shop.sandbox.control.recorded("webhook", status=500)

    await stripe_shop.control("reset")

    assert await stripe_shop.told() == []


async def test_a_redirect_is_no_delivery(stripe_shop: Shop) -> None:
    stripe_shop.product.statuses = [302]

    await stripe_shop.customer()

    assert [row["attempts"] for row in await deliveries(stripe_shop)] == [2]


async def test_some_come_twice(stripe_shop: Shop) -> None:
    await stripe_shop.control("webhooks", duplicate=1)

    for name in ("a", "b"):
        await stripe_shop.customer(name=name)

    await deliveries(stripe_shop)
    assert names(stripe_shop) == ["a", "a", "b"]
    assert stripe_shop.product.events[0].id == stripe_shop.product.events[1].id


async def test_some_never_come_and_can_be_looked_up(stripe_shop: Shop) -> None:
    await stripe_shop.control("webhooks", drop=1, types=["customer.updated"])

    customer = await stripe_shop.customer(name="a")
    await stripe_shop.client.v1.customers.update_async(customer.id, {"name": "b"})

    sent = await deliveries(stripe_shop)
    assert [row["state"] for row in sent] == ["delivered", "dropped"]
    listed = await stripe_shop.client.v1.events.list_async()
    assert [row.type for row in listed.data] == ["customer.updated", "customer.created"]
    await stripe_shop.control("webhooks", redeliver=listed.data[0].id)
    await deliveries(stripe_shop)
    assert names(stripe_shop) == ["a", "b"]


async def test_held_ones_come_in_any_order_that_is_asked_for(stripe_shop: Shop) -> None:
    await stripe_shop.control("webhooks", hold=True)
    for name in ("a", "b", "c"):
        await stripe_shop.customer(name=name)
    held = names(stripe_shop)

    await stripe_shop.control("webhooks", release=True, reorder=True)
    await deliveries(stripe_shop)
    await stripe_shop.control("webhooks", reorder=False)
    await stripe_shop.customer(name="d")
    await deliveries(stripe_shop)

    assert (held, names(stripe_shop)) == ([], ["c", "b", "a", "d"])


async def test_what_one_payment_causes_can_come_backwards(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout((await stripe_shop.customer()).id)
    await stripe_shop.since()
    await stripe_shop.control("webhooks", reorder=True)

    await stripe_shop.control("pay", session=session.id, outcome="paid")

    told = await stripe_shop.since()
    assert (told[0], told[-1]) == ("checkout.session.completed", "customer.subscription.created")


async def test_a_product_that_is_away_is_asked_again(stripe_shop: Shop) -> None:
    await stripe_shop.control("fail_next", route="webhook", disconnect=True)

    await stripe_shop.customer(name="Sam")

    sent = await deliveries(stripe_shop)
    assert [(row["attempts"], row["status"]) for row in sent] == [(2, 200)]


async def test_a_wish_that_is_not_understood_is_refused(stripe_shop: Shop) -> None:
    for path, body in (
        ("webhooks", {"duplicates": 1}),
        ("webhooks", {"redeliver": "evt_none"}),
        ("clock", {"now": 1}),
        ("pay", {"session": "cs_none"}),
        ("events", {"type": "invoice.paid", "object": "in_none"}),
        ("seed", {"after_retries": "forgive"}),
        ("seed", {"price": []}),
    ):
        answer = await stripe_shop.http.post(f"/_control/{path}", json=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), path
