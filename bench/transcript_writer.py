"""How fast entries become durable, and how many a second one writer takes."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import psycopg

from bench.figures import percentile, table
from shared.ids import CallId
from shared.phone import PhoneNumber
from shared.services import calls
from tests.support.database import database_server, open_test_database
from voice.conversation.commands import Side
from voice.transcript import TranscriptWriter
from voice.transcript_rows import NewEntry

WORDS = "Once upon a time there was a bear who sang all day, and all night long he slept in a tree."
RATES = (25, 250, 1000)  # entries a second: 0.25 a call and second
SECONDS = 4
BURST = 20_000


def measure() -> str:
    return asyncio.run(_measure())


async def _measure() -> str:
    with (
        database_server() as server,
        server.migrated_database() as urls,
        open_test_database(urls) as database,
    ):
        taken = await database.transact(
            calls.take_call,
            call_sid="CAbench",
            number=PhoneNumber("+14155550199"),
            is_attested=False,
            now=datetime.now(UTC),
        )
        writer = TranscriptWriter(urls.pooled, database.key_ring)
        running = asyncio.create_task(writer.run())
        rows = [await _steady(writer, taken.call_id, urls.pooled, rate) for rate in RATES]
        rows.append(await _burst(writer, taken.call_id))
        running.cancel()
        await asyncio.wait([running])
    return table(
        "Transcript writer",
        "From `write` until another connection reads the row, at a steady rate; and a burst of "
        f"{BURST:,} entries. Sealed rows of {len(WORDS)} characters, one writer, one connection.",
        ["load", "p50", "p99", "entries a second"],
        rows,
    )


def _entry(call_id: CallId, sequence: int) -> NewEntry:
    return NewEntry(
        call_id=call_id,
        sequence=sequence,
        side=Side.BUDDY,
        text=WORDS,
        said_at=datetime.now(UTC),
        offset_ms=sequence,
    )


async def _steady(writer: TranscriptWriter, call_id: CallId, dsn: str, rate: int) -> list[str]:
    written: dict[int, float] = {}
    delays: list[float] = []
    first = rate * 1_000_000

    async def read() -> None:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            seen = first - 1
            while len(delays) < rate * SECONDS:
                cursor = await connection.execute(
                    "SELECT sequence FROM entry WHERE call_id = %s AND sequence > %s"
                    " AND sequence < %s ORDER BY sequence",
                    (call_id, seen, first + 1_000_000),
                )
                now = time.perf_counter()
                for (sequence,) in await cursor.fetchall():
                    delays.append((now - written[sequence]) * 1000)
                    seen = sequence
                await asyncio.sleep(0.002)

    reading = asyncio.create_task(read())
    began = time.perf_counter()
    for number in range(rate * SECONDS):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        written[first + number] = time.perf_counter()
        writer.write(_entry(call_id, first + number))
    await reading
    return [
        f"{rate} a second",
        f"{percentile(delays, 0.5):.0f} ms",
        f"{percentile(delays, 0.99):.0f} ms",
        f"{rate}",
    ]


async def _burst(writer: TranscriptWriter, call_id: CallId) -> list[str]:
    began = time.perf_counter()
    for number in range(BURST):
        writer.write(_entry(call_id, number))
    await writer.flush()
    seconds = time.perf_counter() - began
    return ["burst", "", "", f"{BURST / seconds:,.0f}"]
