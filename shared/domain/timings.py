"""The stages of a turn, and what many of them come to.

Every time is in milliseconds after the caller's last word ended; work that was done ahead of
the end of a turn may therefore have happened before the words were final, or below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """What happens on the way from the caller's last word to the buddy's first sound."""

    FINAL_WORDS = "final_words"
    REQUEST = "request"
    TURN_ENDED = "turn_ended"  # the pause was over; a reply made ahead was asked for before
    FIRST_TOKEN = "first_token"  # noqa: S105 - a token of the model
    FIRST_SEGMENT = "first_segment"
    FIRST_BYTE = "first_byte"
    FIRST_FRAME = "first_frame"
    FIRST_MARK = "first_mark"


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a turn's waterfall: from the stage before it, in time, to its own end."""

    stage: Stage
    began_ms: float
    ended_ms: float

    @property
    def took_ms(self) -> float:
        return self.ended_ms - self.began_ms


@dataclass(frozen=True, slots=True)
class Spread:
    """Half of what was measured is at most `p50`, 19 of 20 at most `p95`."""

    count: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class CallFigures:
    """What a call came to, as far as its shell could tell."""

    answer_ms: float | None = None  # from the stream's opening to the first audible frame
    interruptions: int = 0  # of buddies, by the caller
    underruns: int = 0  # silences within a segment, because its audio came too late
    speculations_prepared: int = 0  # replies made ahead of their turn's end
    speculations_committed: int = 0  # and those that were said


def waterfall(stages_ms: Mapping[Stage, float]) -> tuple[Step, ...]:
    """Return what each stage took, in the order in which they were reached.

    The first begins with the end of the caller's speech, or at its own time if that was sooner.
    """
    order = {stage: place for place, stage in enumerate(Stage)}
    steps: list[Step] = []
    for stage, ended in sorted(stages_ms.items(), key=lambda at: (at[1], order[at[0]])):
        began = steps[-1].ended_ms if steps else min(0.0, ended)
        steps.append(Step(stage, began, ended))
    return tuple(steps)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of them lies, 0 to 1, interpolated.

    This is what PostgreSQL's `percentile_cont` gives. There must be a value.
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def spread(values: Iterable[float | None]) -> Spread | None:
    """Return what the values come to; None without any. Those that are None are left out."""
    found = [value for value in values if value is not None]
    if not found:
        return None
    return Spread(len(found), percentile(found, 0.5), percentile(found, 0.95))
