"""A call's turns as bars: where each stage begins and how long it is, in percent of the longest."""

from __future__ import annotations

from dataclasses import dataclass

from buddy_site import operations_words, words
from shared.services.call_timings import CallTimings, TurnView


@dataclass
class Bar:
    """One stage of a turn."""

    kind: str  # the stage, for its colour
    name: str
    took: str
    reached: str
    left: str  # percent
    width: str


@dataclass
class TurnRow:
    """One turn."""

    name: str
    at: str
    gap: str
    notes: str
    bars: list[Bar]


def turn_rows(timings: CallTimings) -> list[TurnRow]:
    """Draw every turn to one scale, so that they can be compared."""
    moments = [
        at for turn in timings.turns for step in turn.steps for at in (step.began_ms, step.ended_ms)
    ]
    first = min([0.0, *moments])
    scale = max([1.0, *moments]) - first
    return [_turn_row(turn, first, scale) for turn in timings.turns]


def _turn_row(turn: TurnView, first: float, scale: float) -> TurnRow:
    return TurnRow(
        name=f"Turn {turn.turn}",
        at=words.offset(turn.offset_seconds) if turn.offset_seconds is not None else "",
        gap=operations_words.milliseconds(turn.gap_ms),
        notes=operations_words.turn_notes(
            was_speculated=turn.was_speculated, had_filler=turn.had_filler
        )
        or ("" if turn.gap_ms is not None else "no answer was heard"),
        bars=[
            Bar(
                kind=step.stage.value.replace("_", "-"),
                name=operations_words.STAGES[step.stage],
                took=operations_words.milliseconds(step.took_ms),
                reached=operations_words.milliseconds(step.ended_ms),
                left=_percent(step.began_ms - first, scale),
                width=_percent(step.took_ms, scale),
            )
            for step in turn.steps
        ],
    )


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f}%"
