"""A voice process killed in mid-call, and one asked to stop while somebody talks."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import psycopg
import pytest

from sandbox.phone.caller import dial
from sandbox.phone.steps import press, say
from shared.database import Database, DatabaseUrls
from shared.sealing import KeyRing
from shared.seed.installation import seed_installation
from shared.services import talk_time
from shared.settings import Settings
from tests.integration.calls.conftest import recorded_call
from tests.support.database import open_test_database
from tests.support.ports import free_port
from tests.support.voice_service import (
    say_no_fillers,
    scripted_vendors,
    shorten_greetings,
    voice_process,
    voice_settings,
)

CALLER = "+14155550188"


@dataclass(frozen=True)
class Exchange:
    """What a voice process of its own needs."""

    settings: Settings
    twilio_url: str
    database: Database
    dsn: str

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query).fetchall()

    async def until_a_row(self, query: str) -> None:
        async with asyncio.timeout(60):
            while not self.rows(query):
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)


@pytest.fixture
async def exchange(database_urls: DatabaseUrls, tmp_path: Path) -> AsyncIterator[Exchange]:
    port = free_port()
    ring = KeyRing.create(tmp_path / "keys.json")
    async with scripted_vendors(port) as vendors:
        settings = voice_settings(database_urls, tmp_path, port=port, vendors=vendors)
        with open_test_database(database_urls, ring) as database:
            seed_installation(database, settings, datetime.now(UTC))
            database.transact_now(shorten_greetings)
            database.transact_now(say_no_fillers)
            yield Exchange(settings, vendors["twilio"], database, database_urls.pooled)


async def test_killed_process_costs_its_caller_one_quantum_at_most(exchange: Exchange) -> None:
    async with voice_process(exchange.settings) as process:
        calling = asyncio.create_task(
            dial(exchange.twilio_url, press("1"), say("hello"), say("more"), caller=CALLER)
        )
        await exchange.until_a_row("SELECT 1 FROM entry WHERE side = 'caller'")
        process.kill()
        await process.wait()
        report = await calling

    entries = recorded_call(exchange.database, report.call_sid).entries
    assert [entry.text for entry in entries][1] == "hello"  # what was said before is kept
    later = datetime.now(UTC) + timedelta(seconds=talk_time.LEASE_SECONDS + 1)
    swept = await exchange.database.transact(talk_time.sweep, now=later)
    call = recorded_call(exchange.database, report.call_sid)
    ((left, booked),) = exchange.rows(
        "SELECT t.seconds_left, (SELECT sum(seconds) FROM ledger_entry l"
        " WHERE l.account_id = t.account_id)::int FROM talk_time t"
        " JOIN call c ON c.account_id = t.account_id"
    )
    assert len(swept) == 1
    assert not call.card.is_live
    assert left == booked == 300 - call.card.seconds
    assert call.card.seconds <= report.seconds + talk_time.QUANTUM_SECONDS


async def test_sigterm_lets_the_call_in_progress_end_first(exchange: Exchange) -> None:
    async with voice_process(exchange.settings) as process:
        calling = asyncio.create_task(
            dial(exchange.twilio_url, press("1"), say("hello"), caller=CALLER)
        )
        await exchange.until_a_row("SELECT 1 FROM entry")
        process.send_signal(signal.SIGTERM)
        refused = await dial(exchange.twilio_url, press("1"), caller="+14155550187")
        async with aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{exchange.settings.voice_port}/readyz"
            async with http.get(url) as answer:
                ready = answer.status
        report = await calling
        async with asyncio.timeout(10):
            status = await process.wait()

    assert report.turns[-1].heard == "you said hello."
    assert report.end_reason == "caller"
    assert "we can not take your call" in refused.heard
    assert (ready, status) == (503, 0)
    assert recorded_call(exchange.database, report.call_sid).card.end_reason == "caller_hung_up"


async def test_call_that_outlasts_the_drain_is_said_goodbye_to(exchange: Exchange) -> None:
    settings = exchange.settings.model_copy(update={"drain_seconds": 1})
    settings.model_fields_set.add("drain_seconds")
    async with voice_process(settings) as process:
        calling = asyncio.create_task(
            dial(exchange.twilio_url, press("1"), say("hello"), say("more"), caller=CALLER)
        )
        await exchange.until_a_row("SELECT 1 FROM entry WHERE side = 'caller'")
        process.send_signal(signal.SIGTERM)
        report = await calling
        async with asyncio.timeout(20):
            status = await process.wait()

    assert "maintenance" in report.heard
    assert (report.end_reason, status) == ("closing", 0)
    assert recorded_call(exchange.database, report.call_sid).card.end_reason == "service_ending"
