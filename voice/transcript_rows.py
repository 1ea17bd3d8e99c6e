"""What a call leaves behind, as rows: sealed, and written in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from datetime import datetime
from typing import Final

from shared.domain.timings import CallFigures, Stage
from shared.ids import CallId, PersonaVersionId
from shared.listener import CALL_ENTRIES, CALL_INTERIM
from shared.sealing import KeyRing
from voice.conversation.commands import Side

WORDS: Final = "words"  # what an entry holds that is no divider

NO_FIGURES: Final = CallFigures()
FIGURES: Final = tuple(field.name for field in fields(CallFigures))
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
    figures: CallFigures = NO_FIGURES  # of the call until then


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
                             {", ".join(STAGES + FIGURES)})
    SELECT new.* FROM unnest(
        %s::text[], %s::int[], %s::int[], %s::bool[], %s::bool[],
        {", ".join(["%s::float8[]"] * len(STAGES))},
        %s::float8[], {", ".join(["%s::int[]"] * (len(FIGURES) - 1))}
    ) AS new (call_id, turn, offset_ms, was_speculated, had_filler,
              {", ".join(STAGES + FIGURES)})
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
_KEEP_SAID: Final = """
    INSERT INTO being_said (call_id, sequence, offset_ms, said_at, sealed_text, sealed_unheard,
                            persona_version_id)
    SELECT new.* FROM unnest(
        %s::text[], %s::int[], %s::int[], %s::timestamptz[], %s::bytea[], %s::bytea[], %s::text[]
    ) AS new (call_id, sequence, offset_ms, said_at, sealed_text, sealed_unheard,
              persona_version_id)
    WHERE EXISTS (SELECT FROM call WHERE call.id = new.call_id AND call.ended_at IS NULL)
    ON CONFLICT (call_id, sequence) DO UPDATE SET sealed_text = EXCLUDED.sealed_text,
        sealed_unheard = EXCLUDED.sealed_unheard
"""
_DROP_SAID: Final = "DELETE FROM being_said WHERE call_id = ANY(%s::text[])"
_NOTIFY: Final = """
    SELECT pg_notify(channel, payload) FROM unnest(%s::text[], %s::text[]) AS news (channel, payload)
"""

EntryRow = tuple[str, int, str, int, datetime, bytes, bytes | None, bool, str | None, str]
SaidRow = tuple[str, int, int, datetime, bytes, bytes | None, str | None]
UnansweredRow = tuple[str, bytes, datetime, bool]
TimingRow = tuple[str | int | float | None, ...]


def entry_row(entry: NewEntry, key_ring: KeyRing) -> EntryRow:
    """Return an entry as it is stored: its words sealed for its place."""
    text, unheard = _sealed(entry, key_ring)
    return (
        entry.call_id,
        entry.sequence,
        entry.side,
        entry.offset_ms,
        entry.said_at,
        text,
        unheard,
        entry.was_interrupted,
        entry.persona_version_id,
        entry.kind,
    )


def _sealed(entry: NewEntry, key_ring: KeyRing) -> tuple[bytes, bytes | None]:
    """Return what was heard of an entry and what was not."""
    place = (entry.call_id, entry.sequence)
    unheard = key_ring.seal(entry.unheard, "unheard", *place) if entry.unheard else None
    return key_ring.seal(entry.text, "entry", *place), unheard


def timing_row(timing: NewTurnTiming) -> TimingRow:
    """Return a turn's timing as it is stored."""
    stages = {**timing.stages_ms, "gap_ms": timing.gap_ms}
    return (
        timing.call_id,
        timing.turn,
        timing.offset_ms,
        timing.was_speculated,
        timing.had_filler,
        *(stages.get(stage) for stage in STAGES),
        *astuple(timing.figures),
    )


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    entries: list[EntryRow] = field(default_factory=list)
    timings: list[TimingRow] = field(default_factory=list)
    interims: list[str] = field(default_factory=list)  # payloads of notifications
    unanswered: dict[CallId, Unanswered | None] = field(default_factory=dict)
    said: dict[CallId, NewEntry | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.entries or self.timings or self.interims or self.unanswered or self.said)

    def parts(self) -> list[Batch]:
        """Return every row as a batch of its own."""
        return [
            *(Batch(entries=[row]) for row in self.entries),
            *(Batch(timings=[row]) for row in self.timings),
            *(Batch(interims=[payload]) for payload in self.interims),
            *(Batch(unanswered={call_id: words}) for call_id, words in self.unanswered.items()),
            *(Batch(said={call_id: entry}) for call_id, entry in self.said.items()),
        ]

    def statement(self, key_ring: KeyRing) -> tuple[str, list[list[object]]]:
        """Return the batch as one statement, which is one transaction and one round trip.

        Parts of a statement see the same state of the database: none of these needs another's.
        """
        parts: list[tuple[str, list[list[object]]]] = []
        news = [(CALL_INTERIM, payload) for payload in self.interims]
        if self.entries:
            parts.append((_INSERT_ENTRIES, _columns(self.entries)))
            news += [
                (CALL_ENTRIES, call_id) for call_id in sorted({row[0] for row in self.entries})
            ]
        if self.timings:
            parts.append((_INSERT_TIMINGS, _columns(self.timings)))
        if kept := self._kept(key_ring):
            parts.append((_KEEP_UNANSWERED, _columns(kept)))
        if answered := [call_id for call_id, words in self.unanswered.items() if words is None]:
            parts.append((_DROP_UNANSWERED, [list(answered)]))
        if said := self._said(key_ring):
            parts.append((_KEEP_SAID, _columns(said)))
        if over := [call_id for call_id, entry in self.said.items() if entry is None]:
            parts.append((_DROP_SAID, [list(over)]))
        writes = ", ".join(f"part_{number} AS ({sql})" for number, (sql, _) in enumerate(parts))
        return (
            f"WITH {writes} {_NOTIFY}" if writes else _NOTIFY,
            [
                *(column for _, columns in parts for column in columns),
                [channel for channel, _ in news],
                [payload for _, payload in news],
            ],
        )

    def _kept(self, key_ring: KeyRing) -> list[UnansweredRow]:
        return [
            (
                call_id,
                key_ring.seal(words.text, "unanswered", call_id),
                words.said_at,
                words.is_whole,
            )
            for call_id, words in self.unanswered.items()
            if words is not None
        ]

    def _said(self, key_ring: KeyRing) -> list[SaidRow]:
        return [
            (
                call_id,
                entry.sequence,
                entry.offset_ms,
                entry.said_at,
                *_sealed(entry, key_ring),
                entry.persona_version_id,
            )
            for call_id, entry in self.said.items()
            if entry is not None
        ]


def _columns(rows: Sequence[Iterable[object]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
