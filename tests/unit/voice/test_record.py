"""What is written down of a call survives a database that is away for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from shared.database import StoreUnavailable
from shared.domain.timings import CallFigures
from shared.ids import CallId
from shared.services import calls
from tests.support.scripted_call import persona
from voice.conversation.commands import EndReason, Side, WriteEntry
from voice.metrics import Metrics
from voice.record import CallBook
from voice.replay.virtual_time import run_in_virtual_time
from voice.timing import Stage, TurnTimes
from voice.transcript_rows import NewEntry, NewTurnTiming, Unanswered

BEGAN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class FakeStore:
    """Remembers what was done; is away as often as told."""

    refusals: int = 0
    error: Exception = field(default_factory=lambda: StoreUnavailable("away"))
    done: list[partial[Any]] = field(default_factory=list)

    async def transact(self, use_case: Callable[[Session], None], /) -> None:
        if self.refusals:
            self.refusals -= 1
            raise self.error
        assert isinstance(use_case, partial)
        self.done.append(use_case)

    @property
    def names(self) -> list[str]:
        return [use_case.func.__name__ for use_case in self.done]


@dataclass
class FakeWriter:
    entries: list[NewEntry] = field(default_factory=list)
    timings: list[NewTurnTiming] = field(default_factory=list)
    unanswered: list[Unanswered | None] = field(default_factory=list)
    said: list[NewEntry | None] = field(default_factory=list)
    interims: list[str] = field(default_factory=list)

    def write(self, entry: NewEntry) -> None:
        self.entries.append(entry)

    def write_timing(self, timing: NewTurnTiming) -> None:
        self.timings.append(timing)

    def keep_unanswered(self, call_id: CallId, words: Unanswered | None) -> None:
        self.unanswered.append(words)

    def keep_said(self, call_id: CallId, entry: NewEntry | None) -> None:
        self.said.append(entry)

    def show_interim(self, call_id: CallId, side: Side, text: str) -> None:
        self.interims.append(text)


class LaterClock:
    """Each look is a second later."""

    def __init__(self) -> None:
        self._now = BEGAN

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


def book(store: FakeStore, writer: FakeWriter | None = None) -> CallBook:
    return CallBook(
        CallId("call_1"), store, writer or FakeWriter(), LaterClock(), "notice-1", BEGAN
    )


def test_use_cases_are_done_in_order_however_long_the_database_is_away() -> None:
    store = FakeStore(refusals=7)

    async def play() -> None:
        the_book = book(store)
        the_book.consent()
        the_book.end(EndReason.CALLER_HUNG_UP, 61)
        await the_book.run()

    run_in_virtual_time(play())

    assert store.names == ["record_consent", "end_call"]
    assert store.done[0].keywords["wording_version"] == "notice-1"
    assert store.done[1].keywords["used_seconds"] == 61
    assert store.done[1].keywords["end_reason"] == EndReason.CALLER_HUNG_UP


def test_refused_use_case_does_not_hold_up_the_end_of_the_call() -> None:
    store = FakeStore(refusals=1, error=calls.CallNotFound())

    async def play() -> None:
        the_book = book(store)
        the_book.consent()
        the_book.end(EndReason.FAILED, 0)
        await the_book.run()

    run_in_virtual_time(play())

    assert store.names == ["end_call"]


def test_entries_are_numbered_and_placed_where_they_began() -> None:
    writer = FakeWriter()
    the_book = book(FakeStore(), writer)

    the_book.interim(Side.CALLER, "hel")
    the_book.interim(Side.CALLER, "hello")
    the_book.entry(WriteEntry(Side.CALLER, "hello"), None)
    the_book.entry(WriteEntry(Side.BUDDY, "Hi", "there", was_interrupted=True), None)
    the_book.timing(TurnTimes(1, {Stage.FIRST_FRAME: 900.0}, told_after_ms=1500.0))

    assert [(e.sequence, e.text, e.offset_ms) for e in writer.entries] == [
        (1, "hello", 1000),
        (2, "Hi", 2000),
    ]
    assert (writer.entries[1].unheard, writer.entries[1].was_interrupted) == ("there", True)
    assert writer.interims == ["hel", "hello"]
    assert writer.timings == [
        NewTurnTiming(CallId("call_1"), 1, {"first_frame_ms": 900.0}, gap_ms=900.0, offset_ms=1500)
    ]


def test_off_the_record_leaves_two_dividers_and_nothing_else() -> None:
    writer = FakeWriter()
    the_book = book(FakeStore(), writer)

    the_book.entry(WriteEntry(Side.CALLER, "hello"), None)
    the_book.go_off()
    the_book.go_off()
    the_book.interim(Side.CALLER, "my sec")
    the_book.entry(WriteEntry(Side.CALLER, "my secret"), None)
    the_book.timing(TurnTimes(1, {Stage.REQUEST: 1.0}))
    the_book.go_on()
    the_book.go_on()
    the_book.entry(WriteEntry(Side.CALLER, "so then"), None)

    written = [(entry.sequence, entry.kind, entry.text) for entry in writer.entries]
    assert written == [
        (1, "words", "hello"),
        (2, "off_record", ""),
        (3, "on_record", ""),
        (4, "words", "so then"),
    ]
    assert (writer.interims, writer.timings) == ([], [])


def test_with_each_turn_is_kept_what_the_call_has_come_to() -> None:
    writer = FakeWriter()
    the_book = book(FakeStore(), writer)

    the_book.underrun()
    the_book.timing(TurnTimes(1, {}))
    the_book.interrupted()
    the_book.timing(TurnTimes(2, {}))

    assert [timing.figures for timing in writer.timings] == [
        CallFigures(underruns=1),
        CallFigures(underruns=1, interruptions=1),
    ]


def test_how_slowly_buddies_shall_speak_is_kept() -> None:
    store = FakeStore()

    async def play() -> None:
        the_book = book(store)
        the_book.slower(2)
        the_book.end(EndReason.CALLER_HUNG_UP, 61)
        await the_book.run()

    run_in_virtual_time(play())

    assert store.names == ["slow_down", "end_call"]
    assert store.done[0].keywords["slower"] == 2


def test_replies_prepared_and_those_said_are_counted() -> None:
    store = FakeStore()

    async def play() -> None:
        the_book = book(store)
        the_book.reply_prepared()
        the_book.reply_prepared()
        the_book.reply_committed()
        the_book.end(EndReason.CALLER_HUNG_UP, 61)
        await the_book.run()

    run_in_virtual_time(play())

    figures = store.done[0].keywords["figures"]
    assert (figures.speculations_prepared, figures.speculations_committed) == (2, 1)


def test_what_was_said_last_is_kept_until_it_is_answered() -> None:
    writer = FakeWriter()
    the_book = book(FakeStore(), writer)

    the_book.interim(Side.CALLER, "what is")
    the_book.interim(Side.CALLER, "what is salt")
    the_book.entry(WriteEntry(Side.CALLER, "what is salt"), None)
    the_book.turn_ended()
    the_book.interim(Side.BUDDY, "Salt is")
    the_book.turn_answered()
    the_book.turn_answered()

    said_at = writer.entries[0].said_at
    assert writer.unanswered == [
        Unanswered(CallId("call_1"), "what is", said_at),
        Unanswered(CallId("call_1"), "what is salt", said_at),
        Unanswered(CallId("call_1"), "what is salt", said_at, is_whole=True),
        None,
    ]


def test_what_is_said_while_the_buddy_is_interrupted_is_not_answered_yet() -> None:
    writer = FakeWriter()
    the_book = book(FakeStore(), writer)
    the_book.interim(Side.CALLER, "tell me")
    the_book.turn_ended()

    the_book.interim(Side.CALLER, "no wait")
    the_book.turn_answered()  # the floor went to the caller with these very words

    assert writer.unanswered[-1] is not None
    assert (writer.unanswered[-1].text, writer.unanswered[-1].is_whole) == ("no wait", False)


def kept(writer: FakeWriter) -> list[tuple[int, str, str] | None]:
    return [(said.sequence, said.text, said.unheard) if said else None for said in writer.said]


def test_what_a_buddy_is_saying_is_kept_as_the_entry_that_it_would_be_were_it_cut_off() -> None:
    writer = FakeWriter()
    the_book = book(FakeStore(), writer)
    the_book.persona(persona(1, "Lisa"))
    the_book.heard(0.5)  # of an announcement

    the_book.interim(Side.BUDDY, "Salt is very salty.")
    the_book.heard(0.4)
    the_book.heard(0.7)
    the_book.entry(WriteEntry(Side.BUDDY, "Salt is very salty."), None)
    the_book.heard(0.5)

    assert kept(writer) == [
        (1, "", "Salt is very salty."),
        (1, "Salt is", "very salty."),
        (1, "Salt is very", "salty."),
        None,
    ]
    first = writer.said[0]
    assert first is not None
    assert (first.said_at, first.offset_ms) == (writer.entries[0].said_at, 2000)
    assert (first.persona_version_id, first.was_interrupted) == ("pve_1", True)


def test_what_was_said_meanwhile_comes_before_it() -> None:
    writer = FakeWriter()
    the_book = book(FakeStore(), writer)

    the_book.interim(Side.BUDDY, "Salt is salty.")
    the_book.entry(WriteEntry(Side.LINE, "A minute is left."), None)
    the_book.heard(0.6)
    the_book.turn_answered()

    assert kept(writer) == [(1, "", "Salt is salty."), (2, "Salt is", "salty."), None]


def test_what_a_buddy_says_off_the_record_is_not_kept() -> None:
    writer = FakeWriter()
    the_book = book(FakeStore(), writer)
    the_book.interim(Side.BUDDY, "Salt is salty.")

    the_book.go_off()
    the_book.interim(Side.BUDDY, "Between us")
    the_book.heard(0.5)

    assert kept(writer) == [(1, "", "Salt is salty."), None]


def test_nothing_is_kept_for_others_off_the_record() -> None:
    writer = FakeWriter()
    the_book = book(FakeStore(), writer)
    the_book.interim(Side.CALLER, "my secret")

    the_book.go_off()
    the_book.interim(Side.CALLER, "is that")
    the_book.turn_ended()

    assert [kept.text if kept else None for kept in writer.unanswered] == ["my secret", None]


def test_lost_stream_is_told_with_what_it_used_and_ends_the_record() -> None:
    store = FakeStore()

    async def play() -> None:
        the_book = book(store)
        the_book.lose(EndReason.LINE_LOST, 12)
        await the_book.run()

    run_in_virtual_time(play())

    assert store.names == ["lose_stream"]
    assert store.done[0].keywords["used_seconds"] == 12
    assert store.done[0].keywords["reason"] == EndReason.LINE_LOST


def test_resumed_call_counts_its_entries_and_turns_on() -> None:
    writer, metrics = FakeWriter(), Metrics()
    the_book = CallBook(
        CallId("call_1"),
        FakeStore(),
        writer,
        LaterClock(),
        "notice-1",
        BEGAN - timedelta(seconds=60),
        is_resumed=True,
        turns_before=4,
        sequence=1000,
        used_before=70,
        figures=CallFigures(450.0, interruptions=2),
        watch=metrics.call(),
    )

    the_book.entry(WriteEntry(Side.BUDDY, "Sorry"), None)
    the_book.timing(TurnTimes(1, {Stage.FIRST_FRAME: 900.0}, told_after_ms=1500.0))
    the_book.answered()
    the_book.interrupted()
    the_book.end(EndReason.CALLER_HUNG_UP, 90)

    assert [(e.sequence, e.offset_ms) for e in writer.entries] == [(1001, 61_000)]
    assert [timing.turn for timing in writer.timings] == [5]
    assert the_book.figures == CallFigures(450.0, interruptions=3)
    talked = metrics.registry.get_sample_value("gotobuddy_talk_seconds_total")
    answers = metrics.registry.get_sample_value("gotobuddy_answer_seconds_count")
    assert (talked, answers) == (20.0, 0.0)  # of this stream, and nobody was answered anew
