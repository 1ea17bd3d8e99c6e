"""A payment vendor to ask, and the hand that pays and lets time pass: the fake or the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import httpx2

from buddy_site.gateways.billing import Billing
from buddy_site.gateways.stripe_billing import StripeBilling
from sandbox.config import SandboxConfig
from sandbox.serving import serving
from sandbox.stripe.app import create_app
from tests.support.fake_billing import FakeBilling

SITE = "http://localhost:3000"


class World(Protocol):
    """What both can be told to do."""

    @property
    def billing(self) -> Billing: ...

    async def now(self) -> datetime: ...

    async def pay(self, session_id: str, *, card: str = "good") -> None: ...

    async def renew(self, customer_id: str) -> None: ...

    async def refund(self, customer_id: str, minor: int) -> None: ...

    async def fail_next(self, call: str, status: int = 503) -> None: ...


@dataclass
class FakeWorld:
    billing: FakeBilling
    asks: bool = False

    async def now(self) -> datetime:
        return self.billing.now

    async def pay(self, session_id: str, *, card: str = "good") -> None:
        self.billing.pay(session_id)
        self.asks = card == "asks_always"

    async def renew(self, customer_id: str) -> None:
        (subscription_id,) = self.billing.subscriptions_of[customer_id]
        self.billing.renew(subscription_id, is_paid=not self.asks, asks=self.asks)

    async def refund(self, customer_id: str, minor: int) -> None:
        self.billing.refund(next(iter(self.billing.invoices_of[customer_id])), minor)

    async def fail_next(self, call: str, status: int = 503) -> None:
        self.billing.fail_next(call, retryable=status >= 500 or status == 429)


ROUTES = {
    "price": "prices.list",
    "create_customer": "customers.create",
    "is_customer": "customers.retrieve",
    "create_checkout": "checkout.sessions.create",
    "checkout": "checkout.sessions.retrieve",
    "expire_checkout": "checkout.sessions.expire",
    "portal": "billing_portal.sessions.create",
    "subscriptions": "subscriptions.list",
    "invoices": "invoices.list",
    "events": "events.list",
    "cancel_subscription": "subscriptions.cancel",
    "delete_customer": "customers.delete",
}


@dataclass
class SandboxWorld:
    billing: StripeBilling
    url: str
    http: httpx2.AsyncClient

    async def now(self) -> datetime:
        state = (await self.http.get("/_control/state")).json()
        return datetime.fromtimestamp(state["now"], UTC)

    async def control(self, path: str, **body: Any) -> Any:
        answer = await self.http.post(f"/_control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pay(self, session_id: str, *, card: str = "good") -> None:
        await self.control("pay", session=session_id, card=card, outcome="paid")

    async def renew(self, customer_id: str) -> None:
        await self.control(
            "clock", advance_seconds=int(timedelta(days=31, hours=2).total_seconds())
        )

    async def refund(self, customer_id: str, minor: int) -> None:
        client = self.billing._transport.client
        charges = await client.v1.charges.list_async({"customer": customer_id})
        await client.v1.refunds.create_async({"charge": charges.data[0].id, "amount": minor})

    async def fail_next(self, call: str, status: int = 503) -> None:
        times = 3 if status >= 500 else 1  # the SDK tries again twice
        await self.control("fail_next", route=ROUTES[call], status=status, times=times)


@asynccontextmanager
async def fake() -> AsyncIterator[FakeWorld]:
    yield FakeWorld(FakeBilling(site_url=SITE))


@asynccontextmanager
async def sandbox() -> AsyncIterator[SandboxWorld]:
    app = create_app(SandboxConfig(stripe_webhook_url=""))
    async with serving(app) as url, httpx2.AsyncClient(base_url=url) as http:
        billing = StripeBilling(
            secret_key="sk_test_sandbox",
            webhook_secret="whsec_sandbox",
            site_url=SITE,
            base_url=url,
        )
        try:
            yield SandboxWorld(billing, url, http)
        finally:
            await billing.close()
