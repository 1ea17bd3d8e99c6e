"""Whose address an ask for a code is counted by: what our own proxies say, and nobody else."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete

from buddy_site.state.phone import PhoneState
from shared.services import personas
from shared.tables.verification import GuardWindow
from tests.e2e.running_site import RunningSite, SiteProcess
from tests.integration.site.socket_client import state_socket
from tests.support.ports import free_port

ASKS = 3
REFUSED = "Very many codes are being asked for just now."


@contextlib.contextmanager
def limited(site: RunningSite) -> Iterator[None]:
    """Allow each network so few codes an hour, from now on."""

    def allow(codes: float) -> None:
        site.database.transact_now(
            personas.set_constant, name="verification_address", value=codes, now=datetime.now(UTC)
        )

    site.database.transact_now(lambda session: session.execute(delete(GuardWindow)))
    allow(ASKS)
    try:
        yield
    finally:
        allow(10_000)


@pytest.fixture
def behind_a_proxy(site: RunningSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run another process of the site, which believes one proxy before it; return its address."""
    port = free_port()
    environment = {
        **site.environment,
        "BUDDY_TRUSTED_PROXY_HOPS": "1",
        "BUDDY_SITE_PORT": str(port),
        "BUDDY_SITE_PUBLIC_URL": f"http://localhost:{port}",
    }
    log = tmp_path_factory.mktemp("proxied") / "site.log"
    process = SiteProcess(environment, log, f"http://127.0.0.1:{port}/readyz")
    process.start()
    try:
        yield f"http://localhost:{port}"
    finally:
        process.stop()


async def ask(site: RunningSite, url: str, number: str, forwarded: str) -> str:
    """Ask for a code as somebody new, with forwarded addresses of one's own; return what came."""
    cookie = site.cookie(site.token_for(f"pumper-{uuid.uuid4().hex[:8]}", is_adult=True))
    name = PhoneState.get_full_name()
    async with state_socket(url, cookie=cookie, headers={"X-Forwarded-For": forwarded}) as socket:
        await socket.call(f"{name}.load", "/phone")
        await socket.until('"is_loaded')
        await socket.call(f"{name}.send", "/phone", {"form": {"number": number, "country": "US"}})
        said = await socket.settled()
    return "sent" if '"step_rx_state_": "code"' in said else said


async def test_forged_addresses_are_one_address(site: RunningSite) -> None:
    with limited(site):
        answers = [
            await ask(site, site.url, f"+1212555020{n}", f"203.0.113.{n}") for n in range(ASKS + 1)
        ]

    assert answers[:ASKS] == ["sent"] * ASKS
    assert REFUSED in answers[ASKS]


async def test_a_trusted_proxys_word_counts_and_what_came_before_it_does_not(
    site: RunningSite, behind_a_proxy: str
) -> None:
    with limited(site):
        others = [
            await ask(site, behind_a_proxy, f"+1305555020{n}", f"198.51.100.{n}")
            for n in range(ASKS + 1)
        ]
        forged = [
            await ask(site, behind_a_proxy, f"+1305555021{n}", f"192.0.2.{n}, 198.51.100.99")
            for n in range(ASKS + 1)
        ]

    assert others == ["sent"] * (ASKS + 1)
    assert forged[:ASKS] == ["sent"] * ASKS
    assert REFUSED in forged[ASKS]
