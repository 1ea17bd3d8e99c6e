"""How long each stage of a turn took, measured where it happens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
