"""A worker killed in mid-call, with another beside it: the call goes on there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from sandbox.phone.caller import dial
from sandbox.phone.steps import press, say
from shared.database import Database, DatabaseUrls
from shared.sealing import KeyRing
from shared.seed.installation import seed_installation
from shared.services.calls import EntryView
from shared.settings import Settings
from tests.integration.calls.conftest import recorded_call
from tests.support.database import open_test_database
from tests.support.ports import free_port
from tests.support.voice_service import (
    scripted_vendors,
    shorten_greetings,
    voice_log,
    voice_process,
    voice_settings,
)

CALLER = "+14155550186"
BACK_WITHIN = 3.0  # seconds from the kill to the buddy's voice


@dataclass(frozen=True)
class Workers:
    """Two processes that take the calls of one number."""

    twilio_url: str
    database: Database
    dsn: str
    running: tuple[tuple[Settings, asyncio.subprocess.Process], ...]

    async def until_a_row(self, query: str) -> None:
        async with asyncio.timeout(60):
            while not self._rows(query):
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.02)

    async def kill_the_one_that_talks(self) -> datetime:
        """Kill it as the system does, without a word; return when."""
        (talking,) = [
            process
            for settings, process in self.running
            if "call_began" in voice_log(settings).read_text()
        ]
        now = datetime.now(UTC)
        talking.kill()
        await talking.wait()
        return now

    def talk_time(self) -> tuple[object, ...]:
        """Return what is left, and what the ledger says is left."""
        (row,) = self._rows(
            "SELECT t.seconds_left, (SELECT sum(seconds) FROM ledger_entry l"
            " WHERE l.account_id = t.account_id)::int FROM talk_time t"
            " JOIN call c ON c.account_id = t.account_id"
        )
        return row

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
async def workers(database_urls: DatabaseUrls, tmp_path: Path) -> AsyncIterator[Workers]:
    ports = free_port(), free_port()
    ring = KeyRing.create(tmp_path / "keys.json")
    async with AsyncExitStack() as stack:
        vendors = await stack.enter_async_context(scripted_vendors(*ports))
        first = voice_settings(database_urls, tmp_path, port=ports[0], vendors=vendors)
        database = stack.enter_context(open_test_database(database_urls, ring))
        seed_installation(database, first, datetime.now(UTC))
        database.transact_now(shorten_greetings)
        running = []
        for port in ports:  # both are reached at the first one's address
            settings = first.model_copy(update={"voice_port": port})
            process = await stack.enter_async_context(voice_process(settings))
            running.append((settings, process))
        yield Workers(vendors["twilio"], database, database_urls.pooled, tuple(running))


async def test_call_of_a_killed_worker_goes_on_in_the_other(workers: Workers) -> None:
    calling = asyncio.create_task(
        dial(
            workers.twilio_url,
            press("1"),
            say("what about my dog"),
            say("and more"),
            caller=CALLER,
        )
    )
    await workers.until_a_row("SELECT 1 FROM entry WHERE side = 'caller'")
    killed_at = await workers.kill_the_one_that_talks()
    report = await calling
    await workers.until_a_row("SELECT 1 FROM call WHERE ended_at IS NOT NULL")

    call = recorded_call(workers.database, report.call_sid)
    back = first_of_the_other(call.entries)
    assert back.text == "Sorry, I lost you for a second."
    assert (back.said_at - killed_at).total_seconds() < BACK_WITHIN
    assert "you were asking about your dog. you said what about my dog." in report.heard
    assert report.turns[-1].heard.endswith("you said and more.")
    assert report.end_reason == "caller"
    cut = [entry for entry in call.entries if entry.was_interrupted]
    assert [f"{entry.text} {entry.unheard}".strip().lower() for entry in cut] == [
        "you said what about my dog."  # heard as far as it came
    ]
    assert call.entries.index(cut[0]) < call.entries.index(back)
    asked = [entry.text for entry in call.entries if entry.side == "caller"]
    assert asked == ["what about my dog", "and more"]  # nothing twice, nothing lost
    assert not call.card.is_live
    assert workers.talk_time() == (300 - call.card.seconds,) * 2
    assert 0 < call.card.seconds <= report.seconds


def first_of_the_other(entries: tuple[EntryView, ...]) -> EntryView:
    return next(entry for entry in entries if entry.sequence > 1000)
