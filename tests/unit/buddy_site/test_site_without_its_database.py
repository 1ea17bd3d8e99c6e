"""What signing in and out and the doors say while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from buddy_site import runtime
from buddy_site.endpoints import health
from buddy_site.endpoints.google_callback import SignInEndpoints
from buddy_site.flows.billing import BillingFlow
from buddy_site.flows.live_reads import LiveReads
from buddy_site.flows.phone_verification import PhoneVerification
from buddy_site.live import Hub
from buddy_site.runtime import Site
from shared.clock import SystemClock
from shared.database import StoreUnavailable
from shared.sealing import KeyRing
from shared.seed.prices import paid_plan
from shared.settings import Settings
from tests.support.fake_billing import FakeBilling
from tests.support.fake_codes import FakeCodes

SITE = "http://localhost:3000"
TOKEN = "0123456789abcdefghijABCDEFGHIJ"


class DatabaseAway:
    """Refuses every transaction, as a database that is down does."""

    async def transact(self, *_args: Any, **_kwargs: Any) -> Any:
        message = "away"
        raise StoreUnavailable(message)


@pytest.fixture
def site() -> Iterator[Site]:
    database: Any = DatabaseAway()
    gateway = FakeBilling()
    site = Site(
        settings=Settings(),
        clock=SystemClock(),
        database=database,
        hub=Hub(LiveReads(database), KeyRing.generate()),
        listening=asyncio.Event(),
        cast=list,
        plan=paid_plan(),
        billing_gateway=gateway,
        billing=BillingFlow(database, gateway, SystemClock(), site_url=SITE, plan=paid_plan()),
        proving=PhoneVerification(
            database, SystemClock(), FakeCodes(), countries=("US",), constant=lambda _, usual: usual
        ),
    )
    with runtime.installed(site):
        yield site


@pytest.fixture
async def browser_of_nobody() -> AsyncIterator[httpx2.AsyncClient]:
    app = Starlette(
        routes=[*health.routes(), *SignInEndpoints(Settings()).routes()],
    )
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url=SITE, follow_redirects=False
    ) as client:
        yield client


@pytest.mark.usefixtures("site")
async def test_nobody_is_told_to_be_signed_out_who_is_not(
    browser_of_nobody: httpx2.AsyncClient,
) -> None:
    answer = await browser_of_nobody.post(
        "/auth/sign-out", headers={"Origin": SITE, "Cookie": f"buddy_session={TOKEN}"}
    )

    assert answer.headers["location"] == "/sign-in/?problem=still_signed_in"
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("site")
async def test_supervisor_is_told_that_the_site_is_not_ready(
    browser_of_nobody: httpx2.AsyncClient,
) -> None:
    assert (await browser_of_nobody.get("/healthz")).status_code == 200
    assert (await browser_of_nobody.get("/readyz")).status_code == 503


async def test_site_that_has_not_started_is_not_ready(
    browser_of_nobody: httpx2.AsyncClient,
) -> None:
    assert (await browser_of_nobody.get("/readyz")).status_code == 503


async def test_google_out_of_reach_is_said_at_once(unused_tcp_port: int) -> None:
    endpoints = SignInEndpoints(
        Settings(google_metadata_url=f"http://127.0.0.1:{unused_tcp_port}/x")
    )
    app = Starlette(routes=endpoints.routes())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=SITE) as client:
        answer = await client.get("/auth/google")

    assert answer.headers["location"] == "/sign-in/?problem=unreachable"
