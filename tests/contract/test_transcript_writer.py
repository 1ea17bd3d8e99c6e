"""The transcript writer against a real PostgreSQL, read back by the service that pages use."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.database import Database, DatabaseUrls
from shared.ids import AccountId, CallId, PersonaVersionId
from shared.services import calls
from tests.support.builders import call_in_progress
from voice.conversation.commands import Side
from voice.transcript import TranscriptWriter
from voice.transcript_rows import NewEntry, NewTurnTiming, Unanswered

SAID_AT = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
async def writer(
    database: Database, database_urls: DatabaseUrls
) -> AsyncIterator[TranscriptWriter]:
    """Lend a writer that runs."""
    writer = TranscriptWriter(database_urls.pooled, database.key_ring)
    running = asyncio.create_task(writer.run())
    yield writer
    running.cancel()
    await asyncio.wait([running])


@pytest.fixture
async def idle_writer(
    database: Database, database_urls: DatabaseUrls
) -> AsyncIterator[TranscriptWriter]:
    """Lend a writer that writes when the test says so."""
    writer = TranscriptWriter(database_urls.pooled, database.key_ring)
    yield writer
    await writer.close()


@pytest.fixture
def call_id(database: Database) -> CallId:
    return call_in_progress(database)


def entry(call_id: CallId, sequence: int, text: str = "hello", **more: Any) -> NewEntry:
    return NewEntry(
        call_id=call_id,
        sequence=sequence,
        side=more.pop("side", Side.CALLER),
        text=text,
        said_at=SAID_AT,
        offset_ms=sequence * 100,
        **more,
    )


async def rows(urls: DatabaseUrls, statement: str, *values: object) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(urls.direct, autocommit=True) as connection:
        found = await connection.execute(statement, values)
        return await found.fetchall() if found.description else []


async def texts(urls: DatabaseUrls, database: Database, call_id: CallId) -> list[str]:
    owner = await rows(urls, "SELECT account_id FROM call WHERE id = %s", call_id)
    entries = database.transact_now(
        calls.entries_after, account_id=AccountId(owner[0][0]), call_id=call_id, sequence=0
    )
    return [entry.text for entry in entries]


@asynccontextmanager
async def heard(urls: DatabaseUrls, channel: str) -> AsyncIterator[asyncio.Queue[str]]:
    """Follow a channel."""
    payloads: asyncio.Queue[str] = asyncio.Queue()
    connection = await psycopg.AsyncConnection.connect(urls.direct, autocommit=True)
    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))

    async def follow() -> None:
        async for notification in connection.notifies():
            payloads.put_nowait(notification.payload)

    following = asyncio.create_task(follow())
    yield payloads
    following.cancel()
    await asyncio.wait([following])
    await connection.close()


async def test_what_is_written_is_what_a_page_reads(
    writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    async with asyncio.timeout(10), heard(database_urls, "call_entries") as changed:
        writer.write(entry(call_id, 1, "tell me a story"))
        writer.write(
            entry(
                call_id,
                2,
                "Once upon a time",
                side=Side.BUDDY,
                unheard="there was a bear.",
                was_interrupted=True,
            )
        )
        await changed.get()

    stored = await rows(
        database_urls,
        "SELECT sequence, side, offset_ms, said_at, was_interrupted, sealed_unheard IS NULL,"
        " position('story'::bytea IN sealed_text) FROM entry ORDER BY sequence",
    )
    assert stored == [
        (1, "caller", 100, SAID_AT, False, True, 0),
        (2, "buddy", 200, SAID_AT, True, False, 0),
    ]
    assert await texts(database_urls, database, call_id) == ["tell me a story", "Once upon a time"]


async def test_many_entries_keep_their_order_and_tell_of_each_call_once(
    idle_writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls
) -> None:
    first, second = call_in_progress(database, "CA1"), call_in_progress(database, "CA2")
    async with asyncio.timeout(10), heard(database_urls, "call_entries") as changed:
        for number in range(1, 101):
            idle_writer.write(entry(first, number, f"first {number}"))
            idle_writer.write(entry(second, number, f"second {number}"))
        await idle_writer.flush()
        told = {await changed.get(), await changed.get()}

    assert told == {first, second}
    assert changed.empty()
    expected = [f"first {number}" for number in range(1, 101)]
    assert await texts(database_urls, database, first) == expected


async def test_writing_an_entry_again_changes_nothing(
    idle_writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    idle_writer.write(entry(call_id, 1, "once"))
    await idle_writer.flush()
    idle_writer.write(entry(call_id, 1, "twice"))
    idle_writer.write(entry(call_id, 2, "two"))
    idle_writer.write(entry(call_id, 2, "two"))
    await idle_writer.flush()

    assert await texts(database_urls, database, call_id) == ["once", "two"]
    assert idle_writer.held == 0


async def test_a_row_that_can_not_be_written_does_not_hold_up_the_rest(
    idle_writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    idle_writer.write(entry(call_id, 1, "before"))
    idle_writer.write(entry(call_id, 2, "bad", persona_version_id=PersonaVersionId("pv_none")))
    idle_writer.write(entry(CallId("call_erased"), 1, "of nobody"))
    idle_writer.write(entry(call_id, 3, "after"))
    await idle_writer.flush()

    assert await texts(database_urls, database, call_id) == ["before", "after"]
    assert (idle_writer.held, idle_writer.is_healthy) == (0, True)


async def test_a_connection_that_was_cut_is_made_again(
    writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    async with asyncio.timeout(10), heard(database_urls, "call_entries") as changed:
        writer.write(entry(call_id, 1, "before"))
        await changed.get()
        await rows(
            database_urls,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'voice transcript' AND datname = current_database()",
        )
        writer.write(entry(call_id, 2, "after"))
        await changed.get()
        await writer.flush()  # the commit may be heard of before the writer knows of it

    assert await texts(database_urls, database, call_id) == ["before", "after"]
    assert writer.is_healthy


async def test_what_was_said_while_the_database_was_away_is_written_when_it_is_back(
    writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    async with asyncio.timeout(20), heard(database_urls, "call_entries") as changed:
        await allow_connections(database_urls, is_allowed=False)
        for number in range(1, 6):
            writer.write(entry(call_id, number, f"line {number}"))
        writer.write_timing(NewTurnTiming(call_id, 1, {"first_token_ms": 300.0}, gap_ms=900.0))
        await writer.flush()

        assert (writer.held, writer.is_healthy) == (6, False)

        await allow_connections(database_urls, is_allowed=True)
        await changed.get()
        await writer.flush()  # the commit may be heard of before the writer knows of it

    assert await texts(database_urls, database, call_id) == [f"line {n}" for n in range(1, 6)]
    assert (writer.held, writer.is_healthy) == (0, True)


async def allow_connections(urls: DatabaseUrls, *, is_allowed: bool) -> None:
    """Let anybody in, or throw everybody out."""
    name = str(conninfo_to_dict(urls.direct)["dbname"])
    server = DatabaseUrls(*[make_conninfo(urls.direct, dbname="postgres")] * 2)
    async with await psycopg.AsyncConnection.connect(server.direct, autocommit=True) as connection:
        await connection.execute(
            sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format(
                sql.Identifier(name), sql.SQL("true" if is_allowed else "false")
            )
        )
    if not is_allowed:
        await rows(
            server,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'voice transcript' AND datname = %s",
            name,
        )


async def test_the_stages_of_a_turn_are_written_once(
    idle_writer: TranscriptWriter, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    timing = NewTurnTiming(
        call_id,
        1,
        {"final_words_ms": 120.5, "turn_ended_ms": 800.0, "first_frame_ms": 900.0},
        gap_ms=900.0,
        offset_ms=12_500,
        was_speculated=True,
        had_filler=True,
    )
    idle_writer.write_timing(timing)
    idle_writer.write_timing(timing)
    await idle_writer.flush()

    stored = await rows(
        database_urls,
        "SELECT turn, offset_ms, was_speculated, had_filler, final_words_ms, request_ms,"
        " turn_ended_ms, first_frame_ms, gap_ms FROM turn_timing",
    )
    assert stored == [(1, 12_500, True, True, 120.5, None, 800.0, 900.0, 900.0)]


async def test_interim_words_are_sealed_and_at_most_four_a_second(
    writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10), heard(database_urls, "call_interim") as shown:
        started_at = loop.time()
        payloads: list[str] = []
        while loop.time() - started_at < 1.0:
            writer.show_interim(call_id, Side.CALLER, f"words {len(payloads)}")
            try:
                async with asyncio.timeout(0.02):
                    payloads.append(await shown.get())
            except TimeoutError:
                continue

    assert 3 <= len(payloads) <= 5
    said = json.loads(database.key_ring.open(base64.b64decode(payloads[-1]), "interim"))
    assert (said["call_id"], said["side"]) == (call_id, "caller")
    assert said["text"].startswith("words ")


async def test_the_longest_interim_words_still_fit(
    idle_writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    async with asyncio.timeout(10), heard(database_urls, "call_interim") as shown:
        idle_writer.show_interim(call_id, Side.BUDDY, "x" * 5000 + "🙂" * 1200)
        await idle_writer.flush()
        payload = await shown.get()

    said = json.loads(database.key_ring.open(base64.b64decode(payload), "interim"))
    assert said["text"] == "🙂" * 1200


async def test_interim_words_do_not_come_after_the_entry_they_became(
    idle_writer: TranscriptWriter, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    async with asyncio.timeout(10), heard(database_urls, "call_interim") as shown:
        idle_writer.show_interim(call_id, Side.CALLER, "tell me")
        idle_writer.write(entry(call_id, 1, "tell me more"))
        await idle_writer.flush()
        await rows(database_urls, "SELECT pg_notify('call_interim', 'the end')")

        assert await shown.get() == "the end"


async def test_what_was_not_answered_is_kept_sealed_until_it_is(
    idle_writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    async def kept() -> list[tuple[str, bool]]:
        await idle_writer.flush()
        found = await rows(database_urls, "SELECT sealed_text, is_whole FROM unanswered")
        ring = database.key_ring
        return [(ring.open(text, "unanswered", call_id), whole) for text, whole in found]

    words = Unanswered(call_id, "what is", SAID_AT)
    idle_writer.keep_unanswered(call_id, words)
    assert await kept() == []  # nobody sees these words yet
    idle_writer.show_interim(call_id, Side.CALLER, "what is")
    assert await kept() == [("what is", False)]

    idle_writer.keep_unanswered(call_id, replace(words, text="what is salt", is_whole=True))
    assert await kept() == [("what is salt", True)]

    idle_writer.keep_unanswered(call_id, None)
    assert await kept() == []


async def test_words_of_a_call_that_is_over_are_not_kept(
    idle_writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    await database.transact(
        calls.end_call, call_id=call_id, end_reason="failed", used_seconds=0, now=SAID_AT
    )

    idle_writer.keep_unanswered(call_id, Unanswered(call_id, "bye", SAID_AT, is_whole=True))
    await idle_writer.flush()

    assert await rows(database_urls, "SELECT 1 FROM unanswered") == []


async def test_what_a_buddy_is_saying_is_kept_sealed_until_it_is_said(
    idle_writer: TranscriptWriter, database: Database, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    async def kept() -> list[tuple[int, str, str]]:
        await idle_writer.flush()
        found = await rows(
            database_urls, "SELECT sequence, sealed_text, sealed_unheard FROM being_said"
        )
        ring = database.key_ring
        return [
            (
                number,
                ring.open(text, "entry", call_id, number),
                ring.open(unheard, "unheard", call_id, number),
            )
            for number, text, unheard in found
        ]

    said = replace(entry(call_id, 1, ""), side=Side.BUDDY, unheard="Salt is salty.")
    idle_writer.keep_said(call_id, said)
    assert await kept() == [(1, "", "Salt is salty.")]

    idle_writer.keep_said(call_id, replace(said, text="Salt is", unheard="salty."))
    assert await kept() == [(1, "Salt is", "salty.")]

    idle_writer.keep_said(call_id, None)
    assert await kept() == []


async def test_how_far_a_sentence_was_heard_is_kept_within_half_a_second(
    writer: TranscriptWriter, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    said = replace(entry(call_id, 1, "Salt is"), side=Side.BUDDY, unheard="salty.")

    writer.keep_said(call_id, said)

    async with asyncio.timeout(10):
        while not await rows(database_urls, "SELECT 1 FROM being_said"):
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.02)


async def test_sentence_of_a_call_that_is_gone_holds_up_no_other(
    idle_writer: TranscriptWriter, database_urls: DatabaseUrls, call_id: CallId
) -> None:
    said = replace(entry(call_id, 1, ""), side=Side.BUDDY, unheard="Salt is salty.")
    idle_writer.keep_said(CallId("call_gone"), said)
    idle_writer.keep_said(call_id, said)
    await idle_writer.flush()

    assert await rows(database_urls, "SELECT call_id FROM being_said") == [(call_id,)]
