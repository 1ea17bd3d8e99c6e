"""How long each stage of a turn took, measured where it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from voice.conversation.events import Event, SegmentPlayed, SegmentStarted, TranscriptReceived


class Stage(StrEnum):
    """What happens on the way from the caller's last word to the buddy's first sound."""

    FINAL_WORDS = "final_words"
    REQUEST = "request"
    FIRST_TOKEN = "first_token"  # noqa: S105 - a token of the model
    FIRST_SEGMENT = "first_segment"
    FIRST_BYTE = "first_byte"
    FIRST_FRAME = "first_frame"
    FIRST_MARK = "first_mark"


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """One turn's stages, in milliseconds after the caller's last word ended."""

    turn: int
    stages_ms: dict[Stage, float]

    @property
    def gap_ms(self) -> float | None:
        """End of the caller's speech to the first audible frame."""
        return self.stages_ms.get(Stage.FIRST_FRAME)


class Stopwatch:
    """Takes the times of one turn; each stage counts once, at its first pass."""

    def __init__(self, turn: int, speech_ended_at: float) -> None:
        self._turn = turn
        self._speech_ended_at = speech_ended_at
        self._passed: dict[Stage, float] = {}

    def take(self, stage: Stage, now: float) -> None:
        """Note that `stage` was reached."""
        self._passed.setdefault(stage, now)

    @property
    def times(self) -> TurnTimes:
        """The stages passed so far."""
        return TurnTimes(
            self._turn,
            {stage: (at - self._speech_ended_at) * 1000 for stage, at in self._passed.items()},
        )


class CallTimes:
    """Takes the times of a call's turns, one after the other. Instants are the clock's."""

    def __init__(self, clock: Callable[[], float], keep: Callable[[TurnTimes], None]) -> None:
        self._clock = clock
        self._keep = keep
        self._stopwatch: Stopwatch | None = None
        self._turns = 0
        self._last_word_at = 0.0
        self._final_at = 0.0

    def begin_turn(self) -> None:
        """Begin to time a turn: its reply is asked for."""
        self._turns += 1
        self._stopwatch = Stopwatch(self._turns, self._last_word_at)
        if self._final_at >= self._last_word_at:
            self._stopwatch.take(Stage.FINAL_WORDS, self._final_at)
        self._stopwatch.take(Stage.REQUEST, self._clock())

    def take(self, stage: Stage) -> None:
        """Note that the turn at hand has reached `stage`."""
        if self._stopwatch is not None:
            self._stopwatch.take(stage, self._clock())

    def note(self, event: Event) -> None:
        """Take the times that events tell; with its first mark a turn's are complete."""
        match event:
            case TranscriptReceived(text, is_final, ended_at) if text:
                self._last_word_at = self._clock() if ended_at is None else ended_at
                if is_final:
                    self._final_at = self._clock()
            case SegmentStarted():
                self.take(Stage.FIRST_FRAME)
            case SegmentPlayed() if self._stopwatch is not None:
                self.take(Stage.FIRST_MARK)
                self._keep(self._stopwatch.times)
                self._stopwatch = None
            case _:
                pass
