"""The times of turns, with replies that are made ahead."""

from __future__ import annotations

from dataclasses import dataclass, field

from voice.conversation.events import (
    ReplyId,
    SegmentPlayed,
    SegmentStarted,
    TranscriptReceived,
)
from voice.timing import CallTimes, Stage, TurnTimes

FIRST, SECOND = ReplyId(1), ReplyId(2)


@dataclass
class Watch:
    """Call times whose time is set by hand."""

    now: float = 100.0
    told: list[TurnTimes] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = CallTimes(lambda: self.now, self.told.append, self.answer)

    def answer(self) -> None:
        self.answers.append(self.now)

    def at(self, now: float) -> CallTimes:
        self.now = now
        return self.clock


def test_each_stage_counts_from_the_last_words_end_and_once() -> None:
    watch = Watch()
    watch.at(100.0).note(TranscriptReceived("words", False, 99.75))
    watch.at(100.25).note(TranscriptReceived("words", True, 100.0))
    watch.at(100.75).begin_turn(FIRST)
    watch.at(101.0).take(FIRST, Stage.FIRST_TOKEN)
    watch.at(101.25).take(FIRST, Stage.FIRST_TOKEN)
    watch.at(101.5).note(SegmentStarted(FIRST, 1))
    watch.at(102.0).note(SegmentPlayed(FIRST, 1, 0.5))
    watch.at(103.0).note(SegmentPlayed(FIRST, 1, 1.0))

    assert watch.told == [
        TurnTimes(
            1,
            {
                Stage.FINAL_WORDS: 250.0,
                Stage.REQUEST: 750.0,
                Stage.TURN_ENDED: 750.0,
                Stage.FIRST_TOKEN: 1000.0,
                Stage.FIRST_FRAME: 1500.0,
                Stage.FIRST_MARK: 2000.0,
            },
            told_after_ms=2000.0,
        )
    ]
    assert watch.told[0].gap_ms == 1500.0


def test_a_reply_made_ahead_keeps_its_times_from_before_the_turn_ended() -> None:
    watch = Watch()
    watch.at(100.0).note(TranscriptReceived("words", True, 99.0))
    watch.at(100.0).prepare(FIRST)
    watch.at(100.25).take(FIRST, Stage.FIRST_TOKEN)
    watch.at(100.5).begin_turn(FIRST)
    watch.at(100.5).take(FIRST, Stage.FIRST_FRAME)
    watch.at(101.0).note(SegmentPlayed(FIRST, 1, 0.5))

    (times,) = watch.told
    assert times.was_speculated
    assert times.stages_ms[Stage.REQUEST] == 1000.0
    assert times.stages_ms[Stage.FIRST_TOKEN] == 1250.0
    assert times.stages_ms[Stage.TURN_ENDED] == times.gap_ms == 1500.0


def test_a_reply_that_no_turn_ended_with_is_not_told_and_takes_no_number() -> None:
    watch = Watch()
    watch.at(100.0).note(TranscriptReceived("words", True, 100.0))
    watch.at(100.0).prepare(FIRST)
    watch.at(100.25).over(FIRST)
    watch.at(101.0).begin_turn(SECOND)
    watch.at(102.0).take(SECOND, Stage.FIRST_FRAME)
    watch.at(102.0).stop()

    (times,) = watch.told
    assert (times.turn, times.was_speculated, times.gap_ms) == (1, False, 2000.0)


def test_a_wait_that_was_covered_is_told_with_it() -> None:
    watch = Watch()
    watch.at(100.0).note(TranscriptReceived("words", True, 100.0))
    watch.at(101.0).begin_turn(FIRST)
    watch.at(102.0).fill(FIRST)
    watch.at(102.0).fill(SECOND)  # a greeting was never asked for: it has no times
    watch.at(103.0).over(FIRST)

    (times,) = watch.told
    assert times.had_filler
    assert times.told_after_ms == 3000.0


def test_words_that_never_became_final_have_no_time_for_that() -> None:
    watch = Watch()
    watch.at(90.0).note(TranscriptReceived("words", True, 90.0))
    watch.at(100.0).note(TranscriptReceived("words", False, None))
    watch.at(103.0).begin_turn(FIRST)
    watch.at(104.0).over(FIRST)

    assert watch.told[0].stages_ms == {Stage.REQUEST: 3000.0, Stage.TURN_ENDED: 3000.0}


def test_a_call_is_answered_with_its_first_sound() -> None:
    watch = Watch()
    watch.at(90.0).note(SegmentStarted(FIRST, 1))
    watch.at(95.0).note(SegmentStarted(FIRST, 2))

    assert watch.answers == [90.0]
    assert watch.told == []
