"""How fast calls were: each turn of one, and what many of them come to, for an operator.

Times say nothing of what was said; still, only who runs the installation may see them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel import Session, col, select

from shared.domain.timings import CallFigures, Spread, Stage, Step, spread, waterfall
from shared.ids import CallId
from shared.services import call_ends
from shared.services.accounts import SignedIn
from shared.services.oversight import NotAnOperator
from shared.services.talk_time import CallNotFound
from shared.tables.call import Call, TurnTiming

DAY: Final = timedelta(days=1)
WORST: Final = 5


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn's waterfall."""

    turn: int
    offset_seconds: float | None  # of the end of the caller's speech
    gap_ms: float | None  # None: the reply was never heard
    was_speculated: bool
    had_filler: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class CallTimings:
    """A call's turns, and what they come to."""

    figures: CallFigures | None  # None: the call goes on
    turns: tuple[TurnView, ...]
    gap: Spread | None
    stages: tuple[tuple[Stage, Spread], ...]  # what each took


@dataclass(frozen=True, slots=True)
class BuddySpread:
    """The gaps of one buddy's turns."""

    buddy: str
    gap: Spread


@dataclass(frozen=True, slots=True)
class WorstCall:
    """A call whose gaps were among the longest."""

    call_id: CallId
    buddy: str | None
    started_at: datetime
    gap: Spread
    underruns: int


@dataclass(frozen=True, slots=True)
class DayOfCalls:
    """What the calls that began in the last 24 hours come to."""

    calls: int
    failed: int  # ended by a failure, or with the line lost
    answer: Spread | None
    gap: Spread | None
    buddies: tuple[BuddySpread, ...]
    stages: tuple[tuple[Stage, Spread], ...]  # when each was reached
    worst: tuple[WorstCall, ...]
    figures: CallFigures  # summed up


FAILURES: Final = ("failed", "recogniser_lost", "line_lost")

# The names are ours; every value is bound.
_GAPS: Final = """
    count(turn_timing.gap_ms),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY turn_timing.gap_ms),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY turn_timing.gap_ms)
"""
_TURNS_SINCE: Final = """
    FROM turn_timing JOIN call ON call.id = turn_timing.call_id
    LEFT JOIN persona_version ON persona_version.id = call.persona_version_id
    WHERE call.started_at >= :since AND turn_timing.gap_ms IS NOT NULL
"""
_OF_BUDDIES: Final = text(
    f"SELECT coalesce(persona_version.name, ''), {_GAPS} {_TURNS_SINCE} GROUP BY 1 ORDER BY 1"
)
_WORST: Final = text(
    f"SELECT call.id, persona_version.name, call.started_at, call.underruns, {_GAPS} "
    f"{_TURNS_SINCE} GROUP BY call.id, persona_version.name ORDER BY 7 DESC, call.id LIMIT :most"
)
_REACHED: Final = ", ".join(
    _GAPS.replace("gap_ms", name) for name in (*(f"{stage}_ms" for stage in Stage), "gap_ms")
)
_OF_STAGES: Final = text(
    f"SELECT {_REACHED} FROM turn_timing JOIN call ON call.id = turn_timing.call_id "  # noqa: S608
    "WHERE call.started_at >= :since"
)
_OF_CALLS: Final = text(
    "SELECT count(*), count(*) FILTER (WHERE end_reason = ANY(:failures)),"
    " coalesce(sum(interruptions), 0), coalesce(sum(underruns), 0),"
    " coalesce(sum(speculations_prepared), 0), coalesce(sum(speculations_committed), 0),"
    " count(answer_ms), percentile_cont(0.5) WITHIN GROUP (ORDER BY answer_ms),"
    " percentile_cont(0.95) WITHIN GROUP (ORDER BY answer_ms)"
    " FROM call WHERE started_at >= :since AND stream_started_at IS NOT NULL"
)


def of_call(session: Session, *, operator: SignedIn, call_id: CallId) -> CallTimings:
    """Return how fast a call was; raise `CallNotFound`, or `NotAnOperator` for anybody else."""
    if not operator.is_operator:
        raise NotAnOperator
    call = session.get(Call, call_id)
    if call is None:
        raise CallNotFound
    rows = session.exec(
        select(TurnTiming).where(TurnTiming.call_id == call_id).order_by(col(TurnTiming.turn))
    )
    turns = tuple(_turn(row) for row in rows)
    return CallTimings(
        figures=call_ends.figures_of(call) if call.ended_at is not None else None,
        turns=turns,
        gap=spread(turn.gap_ms for turn in turns),
        stages=_took(turns),
    )


def of_day(session: Session, *, operator: SignedIn, now: datetime) -> DayOfCalls:
    """Return what the last 24 hours' calls come to; raise `NotAnOperator` for anybody else."""
    if not operator.is_operator:
        raise NotAnOperator
    since = {"since": now - DAY}
    in_all = session.execute(_OF_CALLS, {**since, "failures": list(FAILURES)}).one()
    reached = tuple(session.execute(_OF_STAGES, since).one())
    spreads = [_spread(*reached[at : at + 3]) for at in range(0, len(reached), 3)]
    return DayOfCalls(
        calls=in_all[0],
        failed=in_all[1],
        answer=_spread(*in_all[6:9]),
        gap=spreads[-1],
        buddies=tuple(
            BuddySpread(name, Spread(*found))
            for name, *found in session.execute(_OF_BUDDIES, since)
        ),
        stages=tuple(
            (stage, found)
            for stage, found in zip(Stage, spreads, strict=False)
            if found is not None
        ),
        worst=tuple(
            WorstCall(CallId(call_id), buddy, started_at, Spread(*found), underruns)
            for call_id, buddy, started_at, underruns, *found in session.execute(
                _WORST, {**since, "most": WORST}
            )
        ),
        figures=CallFigures(
            interruptions=in_all[2],
            underruns=in_all[3],
            speculations_prepared=in_all[4],
            speculations_committed=in_all[5],
        ),
    )


def _turn(row: TurnTiming) -> TurnView:
    reached = {stage: getattr(row, f"{stage}_ms") for stage in Stage}
    return TurnView(
        turn=row.turn,
        offset_seconds=row.offset_ms / 1000 if row.offset_ms is not None else None,
        gap_ms=row.gap_ms,
        was_speculated=row.was_speculated,
        had_filler=row.had_filler,
        steps=waterfall({stage: at for stage, at in reached.items() if at is not None}),
    )


def _took(turns: Iterable[TurnView]) -> tuple[tuple[Stage, Spread], ...]:
    took: dict[Stage, list[float]] = {stage: [] for stage in Stage}
    for turn in turns:
        for step in turn.steps:
            took[step.stage].append(step.took_ms)
    return tuple(
        (stage, found) for stage, values in took.items() if (found := spread(values)) is not None
    )


def _spread(count: int, p50: float | None, p95: float | None) -> Spread | None:
    return Spread(count, p50, p95) if p50 is not None and p95 is not None else None
