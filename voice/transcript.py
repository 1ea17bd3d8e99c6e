"""Writes what is said, as it is said: batched, sealed, and never in a call's way.

One writer serves every call of the process over a connection of its own. Writing the same entry
twice changes nothing, so a batch whose answer was lost is simply written again; while the
database is away entries wait here, and the oldest go first when it is back.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg
import structlog

from shared.domain.timings import Stage
from shared.ids import CallId, PersonaVersionId
from shared.listener import CALL_ENTRIES, CALL_INTERIM
from shared.sealing import KeyRing
from voice.conversation.commands import Side

FLUSH_EVERY: Final = 0.05  # seconds: one commit for all that is said in the meantime
INTERIM_EVERY: Final = 0.25  # seconds: at most four times a second a call
LARGEST_BATCH: Final = 500  # rows a statement
MOST_KEPT: Final = 100_000  # rows; an hour's outage of a hundred calls
LONGEST_INTERIM: Final = 1200  # characters: sealed, they stay below a notification's 7999 bytes
ANSWER_WITHIN: Final = 5.0  # seconds
RETRY_DELAYS: Final = (0.1, 0.25, 0.5, 1.0)  # seconds; the last one repeats

WORDS: Final = "words"  # what an entry holds that is no divider

log = structlog.get_logger()

STAGES: Final = (*(f"{stage}_ms" for stage in Stage), "gap_ms")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One row of a call's transcript, about to be written."""

    call_id: CallId
    sequence: int
    side: Side
    text: str
    said_at: datetime
    offset_ms: int
    unheard: str = ""
    was_interrupted: bool = False
    persona_version_id: PersonaVersionId | None = None
    kind: str = WORDS


@dataclass(frozen=True, slots=True)
class Unanswered:
    """What the caller said last: kept until it is answered, should another have to do that."""

    call_id: CallId
    text: str
    said_at: datetime
    is_whole: bool = False  # the turn has ended


@dataclass(frozen=True, slots=True)
class NewTurnTiming:
    """How long each stage of a turn took."""

    call_id: CallId
    turn: int
    stages_ms: Mapping[str, float]  # of STAGES; what did not happen is left out
    gap_ms: float | None = None
    offset_ms: int | None = None  # of the end of the caller's speech
    was_speculated: bool = False
    had_filler: bool = False


# A call that is gone (erased while it ran) must not hold up the others: its rows are passed over.
_INSERT_ENTRIES: Final = """
    INSERT INTO entry (call_id, sequence, side, offset_ms, said_at, sealed_text, sealed_unheard,
                       was_interrupted, persona_version_id, kind)
    SELECT new.* FROM unnest(
        %s::text[], %s::int[], %s::text[], %s::int[], %s::timestamptz[], %s::bytea[], %s::bytea[],
        %s::bool[], %s::text[], %s::text[]
    ) AS new (call_id, sequence, side, offset_ms, said_at, sealed_text, sealed_unheard,
              was_interrupted, persona_version_id, kind)
    WHERE EXISTS (SELECT FROM call WHERE call.id = new.call_id)
    ON CONFLICT (call_id, sequence) DO NOTHING
"""
_INSERT_TIMINGS: Final = f"""
    INSERT INTO turn_timing (call_id, turn, offset_ms, was_speculated, had_filler,
                             {", ".join(STAGES)})
    SELECT new.* FROM unnest(
        %s::text[], %s::int[], %s::int[], %s::bool[], %s::bool[],
        {", ".join(["%s::float8[]"] * len(STAGES))}
    ) AS new (call_id, turn, offset_ms, was_speculated, had_filler, {", ".join(STAGES)})
    WHERE EXISTS (SELECT FROM call WHERE call.id = new.call_id)
    ON CONFLICT (call_id, turn) DO NOTHING
"""  # noqa: S608 - column names of ours
_KEEP_UNANSWERED: Final = """
    INSERT INTO unanswered (call_id, sealed_text, said_at, is_whole)
    SELECT new.* FROM unnest(%s::text[], %s::bytea[], %s::timestamptz[], %s::bool[])
        AS new (call_id, sealed_text, said_at, is_whole)
    WHERE EXISTS (SELECT FROM call WHERE call.id = new.call_id AND call.ended_at IS NULL)
    ON CONFLICT (call_id) DO UPDATE SET sealed_text = EXCLUDED.sealed_text,
        said_at = EXCLUDED.said_at, is_whole = EXCLUDED.is_whole
"""
_DROP_UNANSWERED: Final = "DELETE FROM unanswered WHERE call_id = ANY(%s::text[])"
_NOTIFY: Final = """
    SELECT pg_notify(channel, payload) FROM unnest(%s::text[], %s::text[]) AS news (channel, payload)
"""

EntryRow = tuple[str, int, str, int, datetime, bytes, bytes | None, bool, str | None, str]
UnansweredRow = tuple[str, bytes, datetime, bool]
TimingRow = tuple[str | int | float | None, ...]


@dataclass(slots=True)
class _Batch:
    """What one transaction writes."""

    entries: list[EntryRow]
    timings: list[TimingRow]
    interims: list[str]
    unanswered: dict[CallId, Unanswered | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.entries or self.timings or self.interims or self.unanswered)


@dataclass(slots=True)
class _Interims:
    """The words that may still change: the latest of each call, at most four times a second."""

    waiting: dict[CallId, tuple[Side, str]] = field(default_factory=dict)
    sent_at: dict[CallId, float] = field(default_factory=dict)

    def due(self, now: float) -> dict[CallId, tuple[Side, str]]:
        """Take what may be sent now."""
        self.sent_at = {
            call_id: at for call_id, at in self.sent_at.items() if now - at < INTERIM_EVERY
        }
        due = {
            call_id: words for call_id, words in self.waiting.items() if call_id not in self.sent_at
        }
        for call_id in due:
            del self.waiting[call_id]
            self.sent_at[call_id] = now
        return due

    def next_due(self) -> float | None:
        return min(
            (self.sent_at.get(call_id, 0.0) + INTERIM_EVERY for call_id in self.waiting),
            default=None,
        )


class TranscriptWriter:
    """The process's one writer; `run` must be running."""

    def __init__(self, dsn: str, key_ring: KeyRing) -> None:
        self._dsn = dsn
        self._key_ring = key_ring
        self._entries: deque[EntryRow] = deque()
        self._timings: deque[TimingRow] = deque()
        self._interims = _Interims()
        self._unanswered: dict[CallId, Unanswered | None] = {}  # None: it has been answered
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self._has_work = asyncio.Event()
        self._writing = asyncio.Lock()
        self._lost = 0
        self.is_healthy = True

    def write(self, entry: NewEntry) -> None:
        """Write an entry soon. Never blocks, never raises."""
        place = (entry.call_id, entry.sequence)
        unheard = self._key_ring.seal(entry.unheard, "unheard", *place) if entry.unheard else None
        self._entries.append(
            (
                entry.call_id,
                entry.sequence,
                entry.side,
                entry.offset_ms,
                entry.said_at,
                self._key_ring.seal(entry.text, "entry", *place),
                unheard,
                entry.was_interrupted,
                entry.persona_version_id,
                entry.kind,
            )
        )
        waiting = self._interims.waiting.get(entry.call_id)
        if waiting is not None and (waiting[0] is entry.side or entry.kind != WORDS):
            # These words are the entry now, or what follows them is not to be seen.
            del self._interims.waiting[entry.call_id]
        self._keep_within_bounds(self._entries)
        self._has_work.set()

    def write_timing(self, timing: NewTurnTiming) -> None:
        """Write a turn's timing soon. Never blocks, never raises."""
        stages = {**timing.stages_ms, "gap_ms": timing.gap_ms}
        self._timings.append(
            (
                timing.call_id,
                timing.turn,
                timing.offset_ms,
                timing.was_speculated,
                timing.had_filler,
                *(stages.get(stage) for stage in STAGES),
            )
        )
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
                    await _pause(FLUSH_EVERY)
                else:
                    await _pause(RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)])
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
                if not is_written:
                    return False
            return True

    def _next_batch(self) -> _Batch:
        due = self._interims.due(asyncio.get_running_loop().time())
        return _Batch(
            entries=_take(self._entries, LARGEST_BATCH),
            timings=_take(self._timings, LARGEST_BATCH),
            interims=[self._sealed(*words) for words in due.items()],
            unanswered=self._take_unanswered(due.keys()),
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

    async def _try(self, batch: _Batch) -> bool:
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

    async def _write_or_sift(self, batch: _Batch) -> None:
        try:
            await self._write(batch)
        except (psycopg.IntegrityError, psycopg.DataError):
            # One bad row must not hold up the rest for ever: each on its own, the bad one goes.
            for part in _parts(batch):
                try:
                    await self._write(part)
                except (psycopg.IntegrityError, psycopg.DataError) as error:
                    log.error("transcript_row_refused", error=type(error).__name__)  # noqa: TRY400 - no trace needed

    async def _write(self, batch: _Batch) -> None:
        """Write a batch in one statement, which is one transaction and one round trip.

        Parts of a statement see the same state of the database: none of these needs another's.
        """
        parts: list[tuple[str, list[list[object]]]] = []
        news = [(CALL_INTERIM, payload) for payload in batch.interims]
        if batch.entries:
            parts.append((_INSERT_ENTRIES, _columns(batch.entries)))
            news += [
                (CALL_ENTRIES, call_id) for call_id in sorted({row[0] for row in batch.entries})
            ]
        if batch.timings:
            parts.append((_INSERT_TIMINGS, _columns(batch.timings)))
        if kept := self._kept(batch.unanswered):
            parts.append((_KEEP_UNANSWERED, _columns(kept)))
        if answered := [call_id for call_id, words in batch.unanswered.items() if words is None]:
            parts.append((_DROP_UNANSWERED, [list(answered)]))
        writes = ", ".join(f"part_{number} AS ({sql})" for number, (sql, _) in enumerate(parts))
        values = [column for _, columns in parts for column in columns]
        connection = await self._connected()
        await connection.execute(
            f"WITH {writes} {_NOTIFY}" if writes else _NOTIFY,
            [*values, [channel for channel, _ in news], [payload for _, payload in news]],
        )

    def _kept(self, unanswered: Mapping[CallId, Unanswered | None]) -> list[UnansweredRow]:
        return [
            (
                call_id,
                self._key_ring.seal(words.text, "unanswered", call_id),
                words.said_at,
                words.is_whole,
            )
            for call_id, words in unanswered.items()
            if words is not None
        ]

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

    def _sealed(self, call_id: CallId, words: tuple[Side, str]) -> str:
        side, text = words
        # The latest words are the ones worth showing where they are too many for one payload.
        said = {"call_id": call_id, "side": side, "text": text[-LONGEST_INTERIM:]}
        sealed = self._key_ring.seal(json.dumps(said, ensure_ascii=False), "interim")
        return base64.b64encode(sealed).decode("ascii")

    def _keep_within_bounds(self, rows: deque[Any]) -> None:
        if len(rows) > MOST_KEPT:
            rows.popleft()
            self._lost += 1
            if self._lost == 1:
                log.error("transcript_overflow", most_kept=MOST_KEPT)


def _take(rows: deque[Any], most: int) -> list[Any]:
    return [rows.popleft() for _ in range(min(len(rows), most))]


def _columns(rows: Sequence[Iterable[object]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _parts(batch: _Batch) -> list[_Batch]:
    """Return every row as a batch of its own."""
    return [
        *(_Batch([row], [], []) for row in batch.entries),
        *(_Batch([], [row], []) for row in batch.timings),
        *(_Batch([], [], [payload]) for payload in batch.interims),
        *(_Batch([], [], [], {call_id: words}) for call_id, words in batch.unanswered.items()),
    ]


async def _pause(seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().create_future()
