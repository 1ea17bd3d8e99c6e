"""The pages that Stripe hosts, as a browser without scripts goes through them."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
import stripe

from tests.integration.sandbox.stripe.shop import SITE, Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def press(shop: Shop, path: str, **form: str) -> str:
    """Send a page's form; return where the browser is sent."""
    answer = await shop.http.post(path, data=form)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def look(shop: Shop, path: str, status: int = 200) -> str:
    answer = await shop.http.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


async def open_portal(shop: Shop, customer: str, **flow: Any) -> str:
    """Return the portal's address, or its task's, below the server."""
    wanted: Any = {"customer": customer, "return_url": f"{SITE}/billing"}
    if flow:
        wanted["flow_data"] = flow
    session = await shop.client.v1.billing_portal.sessions.create_async(wanted)
    path = session.url.removeprefix(shop.url)
    if not flow:
        return path
    answer = await shop.http.get(path)
    return str(answer.headers["location"])


async def test_checkout_pays_and_leads_back(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout(consent_collection={"terms_of_service": "required"})
    path = f"/c/pay/{session.id}"
    page = await look(stripe_shop, path)

    back = await press(stripe_shop, path, card="good", email="sam@example.com", terms="accepted")

    for words in ("$14.99", "per month", 'data-testid="terms"', 'data-testid="email"', "Sandbox"):
        assert words in page
    assert back == f"{SITE}/billing?session={session.id}"
    done = await stripe_shop.client.v1.checkout.sessions.retrieve_async(session.id)
    assert done.customer_details is not None
    assert done.customer_details.email == "sam@example.com"
    assert done.consent is not None
    assert done.consent.terms_of_service == "accepted"
    assert "All done" in await look(stripe_shop, path)
    assert "All done" in (await stripe_shop.http.post(path, data={"card": "good"})).text


async def test_checkout_says_why_it_did_not_pay(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout(customer_email="sam@example.com")
    path = f"/c/pay/{session.id}"

    assert await press(stripe_shop, path, card="no_funds") == path
    assert "Your card has insufficient funds." in await look(stripe_shop, path)
    assert "insufficient" not in await look(stripe_shop, path)
    assert await press(stripe_shop, path, card="nonsense") == path


async def test_checkouts_challenge_can_be_failed_and_passed(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout(customer_email="sam@example.com")
    path = f"/c/pay/{session.id}"

    asked = await press(stripe_shop, path, card="asks_once")
    bank = await look(stripe_shop, asked)
    failed = await press(stripe_shop, asked, answer="fail")
    page = await look(stripe_shop, path)
    await press(stripe_shop, path, card="asks_once")
    passed = await press(stripe_shop, asked, answer="approve")

    assert asked == f"{path}/challenge"
    assert "3155" in bank
    assert failed == path
    assert "unable to authenticate" in page
    assert passed == f"{SITE}/billing?session={session.id}"
    assert (await stripe_shop.state())["paid"] == 1499


async def test_an_expired_checkout_says_so(stripe_shop: Shop) -> None:
    session = await stripe_shop.checkout()
    await stripe_shop.client.v1.checkout.sessions.expire_async(session.id)

    assert "expired" in await look(stripe_shop, f"/c/pay/{session.id}")
    assert "could not be found" in await look(stripe_shop, "/c/pay/cs_none", 404)


async def test_the_portal_cancels_and_takes_it_back(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    portal = await open_portal(stripe_shop, str(subscription.customer))
    home = await look(stripe_shop, portal)
    about = f"{portal}/subscriptions/{subscription.id}"
    await look(stripe_shop, f"{about}/cancel")

    await press(stripe_shop, f"{about}/cancel", confirm="yes")
    leaving = await stripe_shop.subscription(subscription.id)
    then = await look(stripe_shop, portal)
    await press(stripe_shop, f"{about}/resume")
    staying = await stripe_shop.subscription(subscription.id)

    assert 'data-testid="cancel"' in home
    assert (leaving.cancel_at_period_end, leaving.cancel_at) == (
        False,
        subscription["items"].data[0].current_period_end,
    )
    assert 'data-testid="resume"' in then
    assert (staying.cancel_at, staying.status) == (None, "active")


async def test_a_cancellation_in_the_portal_takes_effect(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    task = await open_portal(
        stripe_shop,
        str(subscription.customer),
        type="subscription_cancel",
        subscription_cancel={"subscription": subscription.id},
        after_completion={"type": "redirect", "redirect": {"return_url": f"{SITE}/bye"}},
    )

    assert await press(stripe_shop, task, confirm="yes") == f"{SITE}/bye"
    assert await stripe_shop.since() == [
        "billing_portal.session.created",
        "customer.subscription.updated",
    ]
    assert await stripe_shop.advance(days=32) == ["customer.subscription.deleted"]


async def test_the_portal_switches_and_bills(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    portal = await open_portal(stripe_shop, str(subscription.customer))
    choosing = f"{portal}/subscriptions/{subscription.id}/update"
    offered = await look(stripe_shop, choosing)

    confirming = await press(stripe_shop, choosing, price="price_sandboxYearly")
    preview = await look(stripe_shop, confirming)
    await press(stripe_shop, confirming, confirm="yes")

    assert 'data-testid="choose-year"' in offered
    assert "$134.01" in preview
    assert "Your plan has been changed." in await look(stripe_shop, portal)
    state = await stripe_shop.state()
    assert state["subscriptions"][0]["lookup_key"] == "unlimited_yearly"
    assert state["paid"] == pytest.approx(14900, abs=1)


async def test_a_switch_that_is_not_paid_changes_nothing(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    portal = await open_portal(stripe_shop, str(subscription.customer))
    await press(stripe_shop, f"{portal}/payment-method", card="fails_later")
    confirming = f"{portal}/subscriptions/{subscription.id}/update/price_sandboxYearly"

    assert await press(stripe_shop, confirming, confirm="yes") == confirming

    assert "Your card was declined." in await look(stripe_shop, confirming)
    state = await stripe_shop.state()
    assert state["subscriptions"][0]["lookup_key"] == "unlimited_monthly"


async def test_a_flow_confirms_one_switch(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    item = {"id": subscription["items"].data[0].id, "price": "price_sandboxYearly"}
    task = await open_portal(
        stripe_shop,
        str(subscription.customer),
        type="subscription_update_confirm",
        subscription_update_confirm={"subscription": subscription.id, "items": [item]},
        after_completion={
            "type": "hosted_confirmation",
            "hosted_confirmation": {"custom_message": "Welcome to a year"},
        },
    )

    answer: httpx2.Response = await stripe_shop.http.post(task, data={"confirm": "yes"})

    assert "Welcome to a year" in answer.text
    assert task.endswith("/update/price_sandboxYearly")


@pytest.mark.parametrize(
    ("card", "last4", "steps"),
    [
        ("good", "4242", ["home"]),
        ("fails_later", "0341", ["home"]),
        ("asks_always", "3184", ["challenge", "home"]),
        ("declined", "4242", ["payment-method"]),
    ],
)
async def test_the_portal_takes_another_card(
    stripe_shop: Shop, card: str, last4: str, steps: list[str]
) -> None:
    subscription = await stripe_shop.subscribe()
    portal = await open_portal(stripe_shop, str(subscription.customer))

    went = [await press(stripe_shop, f"{portal}/payment-method", card=card)]
    if went[0].endswith("challenge"):
        went.append(await press(stripe_shop, went[0], answer="approve"))

    ends = [address.removeprefix(portal).rpartition("/")[2] or "home" for address in went]
    assert ends == steps
    assert f"•••• {last4}" in await look(stripe_shop, portal)


async def test_a_new_card_is_offered_to_pay_what_is_open(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    customer = str(subscription.customer)
    portal = await open_portal(stripe_shop, customer)
    await press(stripe_shop, f"{portal}/payment-method", card="fails_later")
    await stripe_shop.advance(days=32)
    back = {"type": "redirect", "redirect": {"return_url": f"{SITE}/fixed"}}
    task = await open_portal(
        stripe_shop, customer, type="payment_method_update", after_completion=back
    )

    offered = await press(stripe_shop, task, card="good")
    words = await look(stripe_shop, offered)
    done = await press(stripe_shop, offered, confirm="yes")

    assert "Pay $14.99 now" in words
    assert done == f"{SITE}/fixed"
    assert (await stripe_shop.subscription(subscription.id)).status == "active"


async def test_an_invoice_is_paid_on_its_page(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()
    portal = await open_portal(stripe_shop, str(subscription.customer))
    await press(stripe_shop, f"{portal}/payment-method", card="fails_later")
    await stripe_shop.advance(days=32)
    bill = str((await stripe_shop.subscription(subscription.id)).latest_invoice)

    await press(stripe_shop, f"/i/{bill}", card="usual")
    refused = await look(stripe_shop, f"/i/{bill}")
    await press(stripe_shop, f"/i/{bill}", card="good")

    assert "Your card was declined." in refused
    assert "Paid, thank you" in await look(stripe_shop, f"/i/{bill}")
    assert (await stripe_shop.state())["paid"] == 2 * 1499


async def test_a_portal_closes_after_an_hour_and_knows_its_own_only(stripe_shop: Shop) -> None:
    one, other = await stripe_shop.subscribe(), await stripe_shop.subscribe()
    portal = await open_portal(stripe_shop, str(one.customer))
    await look(stripe_shop, f"{portal}/subscriptions/{other.id}/cancel", 404)
    await look(stripe_shop, "/p/session/test_none", 404)

    await stripe_shop.advance(seconds=3601)

    assert "expired" in await look(stripe_shop, portal, 404)


@pytest.mark.parametrize(
    "flow",
    [
        {"type": "subscription_cancel"},
        {"type": "subscription_cancel", "subscription_cancel": {"subscription": "sub_none"}},
        {"type": "nonsense"},
        {"type": "payment_method_update", "after_completion": {"type": "redirect"}},
    ],
)
async def test_a_flow_that_makes_no_sense_is_refused(
    stripe_shop: Shop, flow: dict[str, Any]
) -> None:
    subscription = await stripe_shop.subscribe()

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await open_portal(stripe_shop, str(subscription.customer), **flow)

    assert refusal.value.http_status == 400
