"""The API's manners: keys, errors, idempotency, pages, expansion."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
import stripe

from sandbox.serving import serving
from sandbox.stripe.app import create_app
from tests.integration.sandbox.stripe.shop import PATIENCE, SECRET_KEY, Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADERS = {"Authorization": f"Bearer {SECRET_KEY}"}


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "You did not provide an API key"),
        ({"Authorization": "Bearer sk_test_somebody_elses"}, "sk_test_********lses"),
        ({"Authorization": "Basic bm90LWEta2V5Og=="}, "Invalid API Key provided: ********"),
    ],
)
async def test_a_wrong_key_is_refused(
    stripe_shop: Shop, headers: dict[str, str], words: str
) -> None:
    answer = await stripe_shop.http.get("/v1/prices", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert words in answer.json()["error"]["message"]


async def test_a_key_may_stand_where_a_user_name_does(stripe_shop: Shop) -> None:
    answer = await stripe_shop.http.get("/v1/prices", auth=(SECRET_KEY, ""))

    assert answer.status_code == 200


async def test_what_is_not_there_is_said_as_stripe_says_it(stripe_shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        await stripe_shop.client.v1.customers.retrieve_async("cus_none")

    error: Any = refusal.value
    assert (error.http_status, error.code, error.param) == (404, "resource_missing", "id")
    assert error.user_message == "No such customer: 'cus_none'"
    assert error.request_id.startswith("req_")
    assert error.error.doc_url == "https://stripe.com/docs/error-codes/resource-missing"


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("GET", "/v1/payouts", {}),
        ("POST", "/v1/products", {"name": "x"}),
        ("POST", "/v1/customers", {"tax_exempt": "none"}),
        ("POST", "/v1/checkout/sessions", {"mode": "payment"}),
        ("POST", "/v1/checkout/sessions", {"mode": "subscription", "ui_mode": "elements"}),
    ],
)
async def test_what_is_not_built_says_so_and_is_not_retried(
    stripe_shop: Shop, method: str, path: str, form: dict[str, str]
) -> None:
    answer = await stripe_shop.http.request(method, path, data=form, headers=HEADERS)

    assert answer.status_code == 501
    assert "not built" in answer.json()["error"]["message"]


async def test_the_same_key_gets_the_same_answer(stripe_shop: Shop) -> None:
    raw = {**HEADERS, "Idempotency-Key": "key-1"}

    first = await stripe_shop.http.post("/v1/customers", data={"name": "Sam"}, headers=raw)
    again = await stripe_shop.http.post("/v1/customers", data={"name": "Sam"}, headers=raw)

    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert again.headers["Request-Id"] != first.headers["Request-Id"]
    assert len((await stripe_shop.client.v1.customers.list_async()).data) == 1


async def test_a_key_means_one_request(stripe_shop: Shop) -> None:
    options: Any = {"idempotency_key": "key-1"}
    await stripe_shop.client.v1.customers.create_async({"name": "Sam"}, options)

    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        await stripe_shop.client.v1.customers.create_async({"name": "Kim"}, options)
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        await stripe_shop.client.v1.refunds.create_async({"charge": "ch_1"}, options)


async def test_two_requests_at_once_under_one_key_are_one(stripe_shop: Shop) -> None:
    await stripe_shop.control("fail_next", route="customers.create", delay_seconds=0.3)
    options: Any = {"idempotency_key": "key-1"}
    create = stripe_shop.client.v1.customers.create_async

    both = await asyncio.gather(
        create({"name": "Sam"}, options), create({"name": "Sam"}, options), return_exceptions=True
    )

    refused: list[Any] = [one for one in both if isinstance(one, stripe.StripeError)]
    found = [(one.http_status, one.error.code) for one in refused]
    assert found == [(409, "idempotency_key_in_use")]
    assert len((await stripe_shop.client.v1.customers.list_async()).data) == 1


async def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(
    stripe_shop: Shop,
) -> None:
    await stripe_shop.control("fail_next", route="customers.create:answer", disconnect=True)
    async with aiohttp.ClientSession() as session:
        patient = stripe.StripeClient(
            SECRET_KEY,
            base_addresses={"api": stripe_shop.url},
            http_client=stripe.AIOHTTPClient(
                timeout=aiohttp.ClientTimeout(total=PATIENCE), session=session
            ),
            max_network_retries=2,
        )
        made = await patient.v1.customers.create_async({"name": "Sam"})

    listed = await stripe_shop.client.v1.customers.list_async()
    assert [row.id for row in listed.data] == [made.id]
    assert await stripe_shop.told() == ["customer.created"]


async def test_a_parameters_fault_is_not_kept_under_the_key(stripe_shop: Shop) -> None:
    raw = {**HEADERS, "Idempotency-Key": "key-1"}

    wrong = await stripe_shop.http.post("/v1/refunds", data={"amount": "x"}, headers=raw)
    other = await stripe_shop.http.post("/v1/refunds", data={"charge": "ch_1"}, headers=raw)

    assert [wrong.status_code, other.status_code] == [400, 400]
    assert other.json()["error"]["code"] == "resource_missing"


async def test_failures_on_demand_look_like_stripes(stripe_shop: Shop) -> None:
    await stripe_shop.control("fail_next", route="prices.list", status=429)
    with pytest.raises(stripe.RateLimitError):
        await stripe_shop.price()

    await stripe_shop.control("fail_next", route="prices.list", status=503)
    with pytest.raises(stripe.APIError) as failure:
        await stripe_shop.price()

    assert failure.value.http_status == 503
    assert (await stripe_shop.price()).unit_amount == 1499


async def test_events_are_paged_from_the_latest_back(stripe_shop: Shop) -> None:
    for name in "abcde":
        await stripe_shop.customer(name=name)
    events = stripe_shop.client.v1.events

    first = await events.list_async({"limit": 2, "type": "customer.created"})
    second = await events.list_async(
        {"limit": 2, "type": "customer.created", "starting_after": first.data[-1].id}
    )
    back = await events.list_async(
        {"limit": 2, "type": "customer.created", "ending_before": second.data[0].id}
    )

    def names(page: stripe.ListObject[stripe.Event]) -> list[str]:
        rows: list[Any] = page.data
        return [row.data.object["name"] for row in rows]

    assert (names(first), first.has_more) == (["e", "d"], True)
    assert (names(second), second.has_more) == (["c", "b"], True)
    assert names(back) == ["e", "d"]
    everything = await events.list_async({"limit": 2, "types": ["customer.*"]})
    assert len([row async for row in everything.auto_paging_iter()]) == 5
    with pytest.raises(stripe.InvalidRequestError):
        await events.list_async({"starting_after": "evt_none"})
    with pytest.raises(stripe.InvalidRequestError):
        await events.list_async({"limit": 101})


async def test_events_are_found_by_when_they_happened(stripe_shop: Shop) -> None:
    await stripe_shop.customer(name="early")
    await stripe_shop.control("clock", advance_seconds=1000, freeze=True)
    border = stripe_shop.sandbox.books.now
    await stripe_shop.customer(name="late")
    events = stripe_shop.client.v1.events

    late = await events.list_async({"created": {"gte": border}})
    early = await events.list_async({"created": {"lt": border}})
    await stripe_shop.control("clock", advance_seconds=30 * 86_400)

    assert [len(late.data), len(early.data)] == [1, 1]
    kept = await events.list_async({})
    assert [row.id for row in kept.data] == [row.id for row in late.data]


async def test_an_event_keeps_what_was_so_then(stripe_shop: Shop) -> None:
    customer = await stripe_shop.customer(name="Sam")
    await stripe_shop.client.v1.customers.update_async(customer.id, {"name": "Kim"})

    listed = await stripe_shop.client.v1.events.list_async({"types": ["customer.updated"]})
    event: Any = await stripe_shop.client.v1.events.retrieve_async(listed.data[0].id)

    assert event.api_version == stripe.api_version
    assert event.data.object["name"] == "Kim"
    assert event.data.previous_attributes.to_dict() == {"name": "Sam"}
    assert event.request.id.startswith("req_")


async def test_expansion_goes_four_deep_and_no_further(stripe_shop: Shop) -> None:
    await stripe_shop.subscribe()
    sessions = stripe_shop.client.v1.checkout.sessions
    listed = await sessions.list_async({"expand": ["data.subscription.latest_invoice.payments"]})

    subscription: Any = listed.data[0].subscription
    assert subscription.latest_invoice.payments.data[0].status == "paid"
    for path in ("nonsense", "data.subscription.latest_invoice.customer.subscriptions"):
        with pytest.raises(stripe.InvalidRequestError):
            await sessions.list_async({"expand": [path]})


async def test_an_invoice_leads_to_its_payment(stripe_shop: Shop) -> None:
    subscription = await stripe_shop.subscribe()

    bill: Any = await stripe_shop.client.v1.invoices.retrieve_async(
        str(subscription.latest_invoice),
        {"expand": ["payments.data.payment.payment_intent", "confirmation_secret"]},
    )

    intent = bill.payments.data[0].payment.payment_intent
    assert (intent.status, intent.amount_received) == ("succeeded", 1499)
    assert bill.confirmation_secret.client_secret == intent.client_secret
    bare: Any = await stripe_shop.client.v1.invoices.retrieve_async(bill.id)
    assert "payments" not in bare


async def test_lists_keep_to_what_was_asked(stripe_shop: Shop) -> None:
    one, other = await stripe_shop.subscribe(), await stripe_shop.subscribe()
    customer = str(one.customer)
    client = stripe_shop.client.v1

    invoices = await client.invoices.list_async({"customer": customer})
    charges = await client.charges.list_async({"customer": customer})
    subscriptions = await client.subscriptions.list_async({"customer": customer})
    methods = await client.customers.payment_methods.list_async(customer)
    none = await client.subscriptions.list_async({"status": "past_due"})

    assert [len(found.data) for found in (invoices, charges, subscriptions, methods)] == [1] * 4
    assert subscriptions.data[0].id != other.id
    assert none.data == []


async def test_prices_are_found_by_their_key(stripe_shop: Shop) -> None:
    prices = stripe_shop.client.v1.prices
    found = await prices.list_async(
        {"lookup_keys": ["unlimited_yearly", "none"], "active": True, "expand": ["data.product"]}
    )

    price = found.data[0]
    assert isinstance(price.product, stripe.Product)
    assert (len(found.data), price.unit_amount, price.product.name) == (1, 14900, "Unlimited")
    await stripe_shop.control(
        "seed",
        prices=[{"lookup_key": "unlimited_yearly", "unit_amount": 9900, "interval": "year"}],
    )
    assert (await stripe_shop.price("unlimited_yearly")).unit_amount == 9900
    assert (await prices.retrieve_async(price.id)).lookup_key is None


async def test_who_subscribes_outlives_a_restart(
    stripe_shop: Shop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("stripe") / "state" / "stripe.json"
    config = stripe_shop.config.with_options(stripe_state=path, stripe_webhook_url="")

    async with (
        serving(create_app(config)) as url,
        aiohttp.ClientSession() as http,
        http.post(f"{url}/v1/customers", headers=HEADERS, data={"name": "S"}) as made,
    ):
        customer = await made.json()
    app = create_app(config)
    async with serving(app) as url, aiohttp.ClientSession() as http:
        address = f"{url}/v1/customers/{customer['id']}"
        async with http.get(address, headers=HEADERS) as found:
            kept = await found.json()

    assert kept == customer
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(app.extensions["stripe"].books.all("price")) == 2
    path.write_text("{")
    assert len(create_app(config).extensions["stripe"].books.all("customer")) == 0
