"""What asking the payment vendor does: each call, on the fake and on Stripe in the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from buddy_site.flows.stripe_news import HANDLED
from buddy_site.gateways.billing import CheckoutClosed, Missing, PortalPage
from buddy_site.gateways.stripe_billing import StripeBilling
from shared.domain.billing import CheckoutSeen
from shared.errors import ProviderError
from shared.money import Money
from tests.contract.billing_world import SITE, World, fake, sandbox

ACCOUNT = "acc_1"
MONTHLY = "unlimited_monthly"


@pytest.fixture(params=[fake, sandbox], ids=["fake", "sandbox"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with request.param() as world:
        yield world


async def customer(world: World, key: str = "customer-1") -> str:
    return await world.billing.create_customer(
        account_id=ACCOUNT, email="sam@example.com", idempotency_key=key
    )


async def page(
    world: World,
    customer_id: str,
    key: str = "checkout-1",
    *,
    expires_at: datetime | None = None,
) -> CheckoutSeen:
    price = await world.billing.price(MONTHLY)
    assert price is not None
    return await world.billing.create_checkout(
        customer_id=customer_id,
        account_id=ACCOUNT,
        price_id=price.price_id,
        success_url=f"{SITE}/billing/?returned=paid",
        cancel_url=f"{SITE}/billing/?returned=left",
        expires_at=expires_at or await world.now() + timedelta(hours=1),
        idempotency_key=key,
    )


async def subscribed(world: World, *, card: str = "good") -> str:
    customer_id = await customer(world)
    await world.pay((await page(world, customer_id)).session_id, card=card)
    return customer_id


async def test_a_price_is_found_by_its_lookup_key(world: World) -> None:
    monthly = await world.billing.price(MONTHLY)
    yearly = await world.billing.price("unlimited_yearly")

    assert monthly is not None
    assert yearly is not None
    assert (monthly.amount, monthly.interval, monthly.interval_count) == (Money(1499), "month", 1)
    assert (yearly.amount, yearly.interval, yearly.is_active) == (Money(14900), "year", True)
    assert await world.billing.price("unlimited_daily") is None


async def test_a_customer_is_made_once_for_a_key(world: World) -> None:
    first = await customer(world)
    again = await customer(world)
    other = await customer(world, "customer-2")

    assert first == again != other
    assert await world.billing.is_customer(first)
    assert not await world.billing.is_customer("cus_nobody")


async def test_a_page_is_made_once_for_a_key_and_is_open(world: World) -> None:
    customer_id = await customer(world)
    expires_at = await world.now() + timedelta(hours=1)
    first = await page(world, customer_id, expires_at=expires_at)

    again = await page(world, customer_id, expires_at=expires_at)
    looked_up = await world.billing.checkout(first.session_id)

    assert first == again == looked_up
    assert (first.status, bool(first.url)) == ("open", True)
    assert await world.billing.checkout("cs_test_none") is None


async def test_nobody_pays_for_a_customer_who_is_none(world: World) -> None:
    with pytest.raises(Missing) as missing:
        await page(world, "cus_nobody")

    assert missing.value.what == "customer"


async def test_a_page_that_was_paid_on_is_complete_and_can_not_be_closed(world: World) -> None:
    customer_id = await customer(world)
    session_id = (await page(world, customer_id)).session_id
    await world.pay(session_id)

    found = await world.billing.checkout(session_id)

    assert found == CheckoutSeen(session_id, "complete", None)
    with pytest.raises(CheckoutClosed):
        await world.billing.expire_checkout(session_id)


async def test_a_page_can_be_closed_once(world: World) -> None:
    session_id = (await page(world, await customer(world))).session_id

    await world.billing.expire_checkout(session_id)

    assert await world.billing.checkout(session_id) == CheckoutSeen(session_id, "expired", None)
    with pytest.raises(CheckoutClosed):
        await world.billing.expire_checkout(session_id)
    with pytest.raises(CheckoutClosed):
        await world.billing.expire_checkout("cs_test_none")


async def test_a_subscription_says_all_that_we_keep(world: World) -> None:
    customer_id = await subscribed(world)

    (found,) = await world.billing.subscriptions(customer_id)

    assert (found.status, found.lookup_key, found.amount, found.interval) == (
        "active",
        MONTHLY,
        Money(1499),
        "month",
    )
    assert (found.account_id, found.site) == (ACCOUNT, SITE)
    assert (found.cancel_at_period_end, found.ended_at, found.unpaid_since) == (False, None, None)
    assert found.current_period_start == found.started_at
    assert timedelta(days=28) <= found.current_period_end - found.started_at <= timedelta(days=31)


async def test_nobody_has_neither_subscriptions_nor_invoices(world: World) -> None:
    assert await world.billing.subscriptions("cus_nobody") == ()
    assert await world.billing.invoices("cus_nobody") == ()


async def test_invoices_say_what_was_paid_and_what_went_back(world: World) -> None:
    customer_id = await subscribed(world)
    (before,) = await world.billing.invoices(customer_id)
    await world.refund(customer_id, 500)

    (after,) = await world.billing.invoices(customer_id)
    (subscription,) = await world.billing.subscriptions(customer_id)

    assert (before.status, before.due_minor, before.paid_minor) == ("paid", 1499, 1499)
    assert (before.refunded_minor, after.refunded_minor) == (0, 500)
    assert (before.currency, before.subscription_id) == ("usd", subscription.subscription_id)
    assert before.paid_at is not None
    assert before.hosted_url is not None


async def test_a_renewal_is_an_invoice_and_a_period_more(world: World) -> None:
    customer_id = await subscribed(world)
    (first,) = await world.billing.subscriptions(customer_id)

    await world.renew(customer_id)

    (renewed,) = await world.billing.subscriptions(customer_id)
    invoices = await world.billing.invoices(customer_id)
    assert renewed.current_period_start == first.current_period_end
    assert [one.status for one in invoices] == ["paid", "paid"]


async def test_a_bill_that_waits_for_its_owners_bank_says_where_to_go(world: World) -> None:
    customer_id = await subscribed(world, card="asks_always")

    await world.renew(customer_id)

    (waiting,) = await world.billing.subscriptions(customer_id)
    bill = next(one for one in await world.billing.invoices(customer_id) if one.status == "open")
    assert (waiting.status, bill.paid_minor) == ("past_due", 0)
    assert waiting.needs_action_url is not None
    assert waiting.unpaid_since is not None
    assert waiting.unpaid_since >= waiting.current_period_start


async def test_events_come_in_order_and_only_of_the_kinds_asked_for(world: World) -> None:
    since = await world.now() - timedelta(seconds=5)
    customer_id = await subscribed(world)

    paid = await world.billing.events(since=since, kinds=frozenset({"invoice.paid"}))
    handled = await world.billing.events(since=since, kinds=HANDLED)
    later = await world.billing.events(since=since + timedelta(days=1), kinds=HANDLED)

    assert [(one.kind, one.customer_id) for one in paid] == [("invoice.paid", customer_id)]
    assert handled[-1].kind == "checkout.session.completed"
    assert {one.customer_id for one in handled} == {customer_id}
    assert later == ()


async def test_every_page_of_the_portal_has_an_address(world: World) -> None:
    customer_id = await subscribed(world)
    (subscription,) = await world.billing.subscriptions(customer_id)

    urls = [
        await world.billing.portal(
            customer_id=customer_id,
            page=page,
            subscription_id=subscription.subscription_id,
            return_url=f"{SITE}/billing/?returned=portal",
        )
        for page in PortalPage
    ]

    assert all("/p/session/" in url for url in urls)
    assert len(set(urls)) == len(PortalPage)
    with pytest.raises(Missing):
        await world.billing.portal(
            customer_id="cus_nobody", page=PortalPage.HOME, subscription_id=None, return_url=SITE
        )


async def test_a_subscription_can_be_canceled_at_once_and_again(world: World) -> None:
    customer_id = await subscribed(world)
    (subscription,) = await world.billing.subscriptions(customer_id)

    await world.billing.cancel_subscription(subscription.subscription_id)
    await world.billing.cancel_subscription(subscription.subscription_id)
    await world.billing.cancel_subscription("sub_none")

    (ended,) = await world.billing.subscriptions(customer_id)
    assert (ended.status, ended.is_live, ended.ended_at is not None) == ("canceled", False, True)


async def test_a_deleted_customer_has_nothing_that_runs(world: World) -> None:
    customer_id = await subscribed(world)

    await world.billing.delete_customer(customer_id)
    await world.billing.delete_customer(customer_id)

    assert not await world.billing.is_customer(customer_id)
    with pytest.raises(Missing):
        await page(world, customer_id, "checkout-2")


CALLS: dict[str, Callable[[World], Awaitable[object]]] = {
    "price": lambda world: world.billing.price(MONTHLY),
    "create_customer": customer,
    "subscriptions": lambda world: world.billing.subscriptions("cus_1"),
    "delete_customer": lambda world: world.billing.delete_customer("cus_1"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("status", "is_retryable"), [(429, True), (403, False)])
async def test_a_failure_says_whether_asking_again_can_help(
    world: World, call: str, status: int, *, is_retryable: bool
) -> None:
    await world.fail_next(call, status)

    with pytest.raises(ProviderError) as failed:
        await CALLS[call](world)

    assert failed.value.retryable is is_retryable
    assert "sam@example.com" not in str(failed.value)


def stripe_at(url: str, *, key: str = "sk_test_sandbox", timeout: float = 5.0) -> StripeBilling:
    return StripeBilling(
        secret_key=key,
        webhook_secret="whsec_sandbox",
        site_url=SITE,
        base_url=url,
        timeout_seconds=timeout,
    )


async def test_a_wrong_key_can_not_help_itself_by_asking_again() -> None:
    async with sandbox() as world:
        stranger = stripe_at(world.url, key="sk_test_guess")
        with pytest.raises(ProviderError) as failed:
            await stranger.price(MONTHLY)
        await stranger.close()

    assert not failed.value.retryable
    assert "guess" not in str(failed.value)


async def test_one_failure_on_the_way_is_nobodys_business() -> None:
    async with sandbox() as world:
        await world.control("fail_next", route="customers.create:answer", disconnect=True)

        first = await customer(world)

        assert await customer(world) == first


async def test_nobody_waits_for_a_stripe_that_hangs_or_is_not_there() -> None:
    async with sandbox() as world:
        await world.control("fail_next", route="prices.list", delay_seconds=30, times=3)
        for billing in (stripe_at(world.url, timeout=0.1), stripe_at("http://127.0.0.1:9")):
            with pytest.raises(ProviderError) as failed:
                await billing.price(MONTHLY)
            await billing.close()
            assert failed.value.retryable
