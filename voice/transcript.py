"""Writes what is said, as it is said: batched, sealed, and never in a call's way.

One writer serves every call of the process over a connection of its own. Writing the same entry
twice changes nothing, so a batch whose answer was lost is simply written again; while the
database is away entries wait here, and the oldest go first when it is back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog

from shared.ids import CallId
from shared.sealing import KeyRing
from voice.conversation.commands import Side
from voice.interims import Interims, interim_payload
from voice.transcript_rows import (
    WORDS,
    Batch,
    EntryRow,
    NewEntry,
    NewTurnTiming,
    TimingRow,
    Unanswered,
    entry_row,
    timing_row,
)
from voice.waiting import pause

FLUSH_EVERY: Final = 0.05  # seconds: one commit for all that is said in the meantime
HEARD_WITHIN: Final = 0.5  # seconds: how far a sentence was heard is kept this late at most
LARGEST_BATCH: Final = 500  # rows a statement
MOST_KEPT: Final = 100_000  # rows; an hour's outage of a hundred calls
ANSWER_WITHIN: Final = 5.0  # seconds
RETRY_DELAYS: Final = (0.1, 0.25, 0.5, 1.0)  # seconds; the last one repeats

log = structlog.get_logger()


class TranscriptWriter:
    """The process's one writer; `run` must be running."""

    def __init__(self, dsn: str, key_ring: KeyRing) -> None:
        self._dsn = dsn
        self._key_ring = key_ring
        self._entries: deque[EntryRow] = deque()
        self._timings: deque[TimingRow] = deque()
        self._interims = Interims()
        self._unanswered: dict[CallId, Unanswered | None] = {}  # None: it has been answered
        self._said: dict[CallId, NewEntry | None] = {}  # None: it has been said
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self._has_work = asyncio.Event()
        self._writing = asyncio.Lock()
        self._lost = 0
        self.is_healthy = True

    def write(self, entry: NewEntry) -> None:
        """Write an entry soon. Never blocks, never raises."""
        self._entries.append(entry_row(entry, self._key_ring))
        waiting = self._interims.waiting.get(entry.call_id)
        if waiting is not None and (waiting[0] is entry.side or entry.kind != WORDS):
            # These words are the entry now, or what follows them is not to be seen.
            del self._interims.waiting[entry.call_id]
        self._keep_within_bounds(self._entries)
        self._has_work.set()

    def write_timing(self, timing: NewTurnTiming) -> None:
        """Write a turn's timing soon. Never blocks, never raises."""
        self._timings.append(timing_row(timing))
        self._keep_within_bounds(self._timings)
        self._has_work.set()

    def show_interim(self, call_id: CallId, side: Side, text: str) -> None:
        """Show words that may still change; the latest win, and they may get lost."""
        self._interims.waiting[call_id] = (side, text)
        self._has_work.set()

    def keep_unanswered(self, call_id: CallId, words: Unanswered | None) -> None:
        """Keep what the caller said last, or None once it is answered; the latest wins."""
        self._unanswered[call_id] = words
        self._has_work.set()

    def keep_said(self, call_id: CallId, entry: NewEntry | None) -> None:
        """Keep the entry that what is being said would be now, or None once it was.

        How far it was heard may wait for what else there is to write, for a moment.
        """
        known = self._said.get(call_id)
        self._said[call_id] = entry
        if entry is None or not entry.text:
            self._has_work.set()
        elif known is None:
            asyncio.get_running_loop().call_later(HEARD_WITHIN, self._has_work.set)

    async def run(self) -> None:
        """Write until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        try:
            while True:
                await self._has_work.wait()
                self._has_work.clear()
                if await self._write_or_log():
                    failures = 0
                    await pause(FLUSH_EVERY)
                else:
                    await pause(RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)])
                    failures += 1
                    self._has_work.set()
                if (due := self._interims.next_due()) is not None:
                    loop.call_at(due, self._has_work.set)
        finally:
            await self.close()

    async def flush(self) -> None:
        """Write all that is held now; return, even if the database is away."""
        await self._write_all()

    async def close(self) -> None:
        """Let go of the connection; what is written next makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()

    @property
    def held(self) -> int:
        """How many rows wait to be written."""
        return len(self._entries) + len(self._timings)

    # Inside.

    async def _write_or_log(self) -> bool:
        try:
            return await self._write_all()
        except Exception:
            log.exception("transcript_writer_broke")
            return False

    async def _write_all(self) -> bool:
        """Write until nothing waits; return whether the database answered."""
        async with self._writing:
            while batch := self._next_batch():
                is_written = False
                try:
                    is_written = await self._try(batch)
                finally:
                    if not is_written:  # back to the front, in the order it was said
                        self._entries.extendleft(reversed(batch.entries))
                        self._timings.extendleft(reversed(batch.timings))
                        self._unanswered = batch.unanswered | self._unanswered
                        self._said = batch.said | self._said
                if not is_written:
                    return False
            return True

    def _next_batch(self) -> Batch:
        due = self._interims.due(asyncio.get_running_loop().time())
        said, self._said = self._said, {}
        return Batch(
            entries=_take(self._entries, LARGEST_BATCH),
            timings=_take(self._timings, LARGEST_BATCH),
            interims=[
                interim_payload(call_id, side, text, self._key_ring)
                for call_id, (side, text) in due.items()
            ],
            unanswered=self._take_unanswered(due.keys()),
            said=said,
        )

    def _take_unanswered(self, shown: AbstractSet[CallId]) -> dict[CallId, Unanswered | None]:
        """Take what is settled, and words that may still change as often as they are shown."""
        taken = {
            call_id: words
            for call_id, words in self._unanswered.items()
            if words is None or words.is_whole or call_id in shown
        }
        for call_id in taken:
            del self._unanswered[call_id]
        return taken

    async def _try(self, batch: Batch) -> bool:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._write_or_sift(batch)
        except (psycopg.Error, OSError) as error:  # a TimeoutError is an OSError
            if self.is_healthy:
                log.warning("transcript_store_lost", error=type(error).__name__, held=self.held)
            self.is_healthy = False
            await self.close()
            return False
        except asyncio.CancelledError:
            await self.close()  # in the middle of a statement it is of no use any more
            raise
        if not self.is_healthy:
            log.info("transcript_store_restored", held=self.held)
        self.is_healthy = True
        return True

    async def _write_or_sift(self, batch: Batch) -> None:
        try:
            await self._write(batch)
        except (psycopg.IntegrityError, psycopg.DataError):
            # One bad row must not hold up the rest for ever: each on its own, the bad one goes.
            for part in batch.parts():
                try:
                    await self._write(part)
                except (psycopg.IntegrityError, psycopg.DataError) as error:
                    log.error("transcript_row_refused", error=type(error).__name__)  # noqa: TRY400 - no trace needed

    async def _write(self, batch: Batch) -> None:
        connection = await self._connected()
        await connection.execute(*batch.statement(self._key_ring))

    async def _connected(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._dsn,
                autocommit=True,
                prepare_threshold=None,  # so that it works behind any pooler, and costs nothing
                connect_timeout=5,
                keepalives_idle=15,
                keepalives_interval=5,
                keepalives_count=3,
                application_name="voice transcript",
                options="-c statement_timeout=5000",
            )
        return self._connection

    def _keep_within_bounds(self, rows: deque[Any]) -> None:
        if len(rows) > MOST_KEPT:
            rows.popleft()
            self._lost += 1
            if self._lost == 1:
                log.error("transcript_overflow", most_kept=MOST_KEPT)


def _take(rows: deque[Any], most: int) -> list[Any]:
    return [rows.popleft() for _ in range(min(len(rows), most))]
