"""What an operator sees of how fast calls were."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from shared.database import Database
from shared.domain.timings import CallFigures, Spread, Stage, percentile
from shared.ids import CallId
from shared.services import call_timings, calls, operations, talk_time
from shared.services.calls import CallNotFound
from shared.services.oversight import NotAnOperator
from shared.settings import Settings
from shared.tables.call import TurnTiming
from tests.support.builders import NOW, open_call, published_persona, signed_in_operator

FIGURES = CallFigures(450.0, 2, 1, speculations_prepared=4, speculations_committed=3)


def timed(session: Session, call_id: CallId, *gaps: float | None) -> None:
    """Give a call turns with these gaps."""
    for turn, gap in enumerate(gaps, start=1):
        session.add(
            TurnTiming(
                call_id=call_id,
                turn=turn,
                offset_ms=turn * 10_000,
                was_speculated=turn == 1,
                final_words_ms=250.0,
                turn_ended_ms=800.0,
                first_frame_ms=gap,
                gap_ms=gap,
            )
        )


def ended_call(database: Database, number: int, *gaps: float | None, at: datetime = NOW) -> CallId:
    """Have a call with Ben, whose turns had these gaps."""
    opened = open_call(database, call_sid=f"CA{number}", now=at)
    version = published_persona(database)
    database.transact_now(
        calls.choose_persona, call_id=opened.call_id, persona_version_id=version, now=at
    )
    database.transact_now(
        calls.end_call,
        call_id=opened.call_id,
        end_reason="caller_hung_up",
        used_seconds=0,
        figures=FIGURES,
        now=at,
    )
    database.transact_now(timed, opened.call_id, *gaps)
    return opened.call_id


def told(spread: Spread | None) -> tuple[int, float, float]:
    assert spread is not None
    return spread.count, spread.p50, spread.p95


def test_a_calls_turns_fall_stage_by_stage(database: Database) -> None:
    call_id = ended_call(database, 1, 1000.0, None, 2000.0)

    found = database.transact_now(
        call_timings.of_call, operator=signed_in_operator(database), call_id=call_id
    )

    first, second, _ = found.turns
    assert found.figures == FIGURES
    assert (first.offset_seconds, first.was_speculated, first.gap_ms) == (10.0, True, 1000.0)
    assert [(step.stage, step.took_ms) for step in first.steps] == [
        (Stage.FINAL_WORDS, 250.0),
        (Stage.TURN_ENDED, 550.0),
        (Stage.FIRST_FRAME, 200.0),
    ]
    assert (second.gap_ms, len(second.steps)) == (None, 2)
    assert found.gap == Spread(2, 1500.0, 1950.0)
    assert found.stages[-1] == (Stage.FIRST_FRAME, Spread(2, 700.0, 1150.0))


def test_a_call_that_goes_on_has_no_figures_yet(database: Database) -> None:
    opened = open_call(database)

    found = database.transact_now(
        call_timings.of_call, operator=signed_in_operator(database), call_id=opened.call_id
    )

    assert found.figures is None


def test_figures_told_twice_are_kept_once(database: Database) -> None:
    call_id = ended_call(database, 1)
    database.transact_now(
        calls.end_call,
        call_id=call_id,
        end_reason="failed",
        used_seconds=0,
        figures=CallFigures(900.0),
        now=NOW,
    )

    found = database.transact_now(
        call_timings.of_call, operator=signed_in_operator(database), call_id=call_id
    )
    assert found.figures == FIGURES


def test_a_day_is_told_by_buddy_with_its_worst_calls_first(database: Database) -> None:
    gaps = [700.0, 900.0, 1500.0, 4000.0, 650.0, 800.0, 1100.0]
    made = [ended_call(database, number, gap, 600.0) for number, gap in enumerate(gaps)]
    ended_call(database, 90, 9000.0, at=NOW - timedelta(days=1, seconds=1))

    day = database.transact_now(call_timings.of_day, operator=signed_in_operator(database), now=NOW)

    assert (day.calls, day.failed, day.answer) == (7, 0, Spread(7, 450.0, 450.0))
    every = [*gaps, *[600.0] * len(gaps)]
    assert told(day.gap) == pytest.approx((14, percentile(every, 0.5), percentile(every, 0.95)))
    assert [(one.buddy, one.gap) for one in day.buddies] == [("Ben", day.gap)]
    assert [one.call_id for one in day.worst] == [made[number] for number in (3, 2, 6, 1, 5)]
    worst = day.worst[0]
    assert (worst.buddy, worst.started_at, worst.underruns) == ("Ben", NOW, 1)
    assert told(worst.gap) == pytest.approx((2, 2300.0, 3830.0))
    assert dict(day.stages)[Stage.TURN_ENDED] == Spread(14, 800.0, 800.0)
    assert day.figures == CallFigures(None, 14, 7, 28, 21)


def test_a_day_without_calls_has_no_percentiles(database: Database) -> None:
    day = database.transact_now(call_timings.of_day, operator=signed_in_operator(database), now=NOW)

    assert (day.calls, day.gap, day.answer, day.buddies, day.worst) == (0, None, None, (), ())


def test_calls_on_the_line_are_seen_while_they_run(database: Database) -> None:
    opened = open_call(database)
    database.transact_now(talk_time.reserve, call_id=opened.call_id, used_seconds=7, now=NOW)
    ended_call(database, 2)

    found = database.transact_now(
        operations.overview,
        operator=signed_in_operator(database),
        settings=Settings.model_construct(),
        now=NOW,
    )

    (running,) = found.running
    assert (running.call_id, running.buddy, running.talked_seconds) == (opened.call_id, None, 7)
    assert "gpt-4o-mini-tts" in {one.model for one in found.models}
    assert (found.spent_micros, found.models_checked_at) == (0, None)


def test_nobody_else_sees_any_of_it(database: Database) -> None:
    call_id = ended_call(database, 1, 900.0)
    stranger = replace(signed_in_operator(database), is_operator=False)

    with pytest.raises(NotAnOperator):
        database.transact_now(call_timings.of_call, operator=stranger, call_id=call_id)
    with pytest.raises(NotAnOperator):
        database.transact_now(call_timings.of_day, operator=stranger, now=NOW)
    with pytest.raises(NotAnOperator):
        database.transact_now(
            operations.overview, operator=stranger, settings=Settings.model_construct(), now=NOW
        )


def test_a_call_that_is_none_is_not_found(database: Database) -> None:
    with pytest.raises(CallNotFound):
        database.transact_now(
            call_timings.of_call,
            operator=signed_in_operator(database),
            call_id=CallId("call_0"),
        )
