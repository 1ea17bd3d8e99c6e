"""A sandbox Stripe, a product that it sends webhooks to, and Stripe's own client between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx2
import stripe
from quart import Quart, Response, request

from sandbox.config import SandboxConfig
from sandbox.serving import serving
from sandbox.stripe.app import Stripe, create_app

SECRET_KEY = "sk_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"
SITE = "http://localhost:3000"
PATIENCE = 10.0  # seconds after which a test gives up waiting
DAY = 86_400


class Product:
    """A product that checks every webhook's signature and keeps what it was told."""

    def __init__(self) -> None:
        self.events: list[stripe.Event] = []
        self.statuses: list[int] = []  # what to answer before 200
        self.headers: list[dict[str, str]] = []
        self.app = Quart("product")

        @self.app.post("/webhooks/stripe")
        async def webhook() -> Response:
            raw = await request.get_data(as_text=False)
            assert isinstance(raw, bytes)
            header = request.headers["Stripe-Signature"]
            event = stripe.Webhook.construct_event(raw, header, WEBHOOK_SECRET)
            self.headers.append(dict(request.headers))
            status = self.statuses.pop(0) if self.statuses else 200
            if status == 200:
                self.events.append(event)
            return Response(status=status)

    def forget(self) -> None:
        self.events.clear()
        self.statuses.clear()
        self.headers.clear()

    @property
    def told(self) -> list[str]:
        """The kinds of all events, in the order they came."""
        return [event.type for event in self.events]


@dataclass
class Shop:
    """All of them, and what a test does with them."""

    url: str
    client: stripe.StripeClient
    http: httpx2.AsyncClient
    product: Product
    sandbox: Stripe
    config: SandboxConfig
    _used: int = field(default=0)

    async def reset(self) -> None:
        """Forget everything, on both sides."""
        await self.control("webhooks", release=True, settle=True)  # none may come afterwards
        await self.control("reset")
        self.product.forget()
        self._used = 0

    async def control(self, path: str, **body: Any) -> dict[str, Any]:
        """Ask for something at `/_control`."""
        answer = await self.http.post(f"/_control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def state(self) -> dict[str, Any]:
        return dict((await self.http.get("/_control/state")).json())

    async def told(self) -> list[str]:
        """Wait until all webhooks have been sent; return their kinds."""
        await self.control("webhooks", settle=True)
        return self.product.told

    async def since(self) -> list[str]:
        """Return what was told since this was asked last."""
        told = await self.told()
        fresh, self._used = told[self._used :], len(told)
        return fresh

    async def advance(self, *, days: float = 0, seconds: int = 0) -> list[str]:
        """Let time pass; return what was told meanwhile."""
        await self.since()
        await self.control("clock", advance_seconds=int(days * DAY) + seconds)
        return await self.since()

    async def customer(self, **params: Any) -> stripe.Customer:
        wanted: Any = params
        return await self.client.v1.customers.create_async(wanted)

    async def price(self, lookup_key: str = "unlimited_monthly") -> stripe.Price:
        found = await self.client.v1.prices.list_async({"lookup_keys": [lookup_key]})
        return found.data[0]

    async def checkout(
        self, customer: str | None = None, lookup_key: str = "unlimited_monthly", **params: Any
    ) -> stripe.checkout.Session:
        price = await self.price(lookup_key)
        wanted: Any = {
            "mode": "subscription",
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": f"{SITE}/billing?session={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{SITE}/billing",
            "subscription_data": {"metadata": {"account_id": "account_1"}},
            **({"customer": customer} if customer else {}),
            **params,
        }
        return await self.client.v1.checkout.sessions.create_async(wanted)

    async def subscribe(
        self, card: str = "good", lookup_key: str = "unlimited_monthly", **params: Any
    ) -> stripe.Subscription:
        """Return a subscription that was paid for with a card, as its customer would."""
        customer = await self.customer()
        session = await self.checkout(customer.id, lookup_key, **params)
        await self.control("pay", session=session.id, card=card, outcome="paid")
        await self.since()
        found = await self.client.v1.subscriptions.list_async({"customer": customer.id})
        return found.data[0]

    async def subscription(self, identifier: str) -> stripe.Subscription:
        return await self.client.v1.subscriptions.retrieve_async(identifier)


@asynccontextmanager
async def shop() -> AsyncIterator[Shop]:
    """Serve a Stripe and a product on free ports."""
    product = Product()
    async with serving(product.app) as product_url:
        config = SandboxConfig(stripe_webhook_url=f"{product_url}/webhooks/stripe")
        app = create_app(config)
        async with (
            serving(app) as url,
            httpx2.AsyncClient(base_url=url) as http,
            aiohttp.ClientSession() as session,
        ):
            transport = stripe.AIOHTTPClient(
                timeout=aiohttp.ClientTimeout(total=PATIENCE), session=session
            )
            client = stripe.StripeClient(
                SECRET_KEY,
                base_addresses={"api": url},
                http_client=transport,
                max_network_retries=0,
            )
            yield Shop(url, client, http, product, app.extensions["stripe"], config)
