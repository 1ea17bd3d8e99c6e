"""Turns as bars, and what an operator is told in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from buddy_site import operations_words
from buddy_site.state.oversight import call_figures
from buddy_site.waterfalls import turn_rows
from shared.domain.sunsets import ModelOutlook, Outlook
from shared.domain.timings import CallFigures, Stage, waterfall
from shared.services.call_timings import CallTimings, TurnView


def timings(*turns: dict[Stage, float]) -> CallTimings:
    views = tuple(
        TurnView(
            turn=number,
            offset_seconds=65.0,
            gap_ms=stages.get(Stage.FIRST_FRAME),
            was_speculated=number == 1,
            had_filler=False,
            steps=waterfall(stages),
        )
        for number, stages in enumerate(turns, start=1)
    )
    return CallTimings(CallFigures(), views, None, ())


def test_all_turns_of_a_call_have_one_scale() -> None:
    short, long = turn_rows(
        timings(
            {Stage.REQUEST: 500.0, Stage.FIRST_FRAME: 1000.0},
            {Stage.REQUEST: 800.0, Stage.FIRST_FRAME: 2000.0},
        )
    )

    assert [(bar.kind, bar.left, bar.width) for bar in short.bars] == [
        ("request", "0.00%", "25.00%"),
        ("first-frame", "25.00%", "25.00%"),
    ]
    assert [(bar.left, bar.width) for bar in long.bars] == [
        ("0.00%", "40.00%"),
        ("40.00%", "60.00%"),
    ]
    assert (short.name, short.at, short.gap, short.notes) == (
        "Turn 1",
        "1:05",
        "1,000 ms",
        "made ahead",
    )


def test_work_before_the_last_word_moves_the_scale_to_the_left() -> None:
    (turn,) = turn_rows(timings({Stage.REQUEST: -500.0, Stage.FIRST_FRAME: 500.0}))

    assert [(bar.kind, bar.left, bar.width) for bar in turn.bars] == [
        ("request", "0.00%", "0.00%"),
        ("first-frame", "0.00%", "100.00%"),
    ]


def test_a_turn_without_an_answer_says_so() -> None:
    (turn,) = turn_rows(timings({}))

    assert (turn.gap, turn.notes, turn.bars) == ("–", "made ahead", [])


@pytest.mark.parametrize(
    ("outlook", "days", "words"),
    [
        (Outlook.OPEN, 90, "Until 6 January 2027"),
        (Outlook.ENDING, 45, "Ends on 6 January 2027, in 45 days"),
        (Outlook.ENDING, 1, "Ends on 6 January 2027, tomorrow"),
        (Outlook.ENDING, 0, "Ends on 6 January 2027, today"),
        (Outlook.ENDED, -3, "Ended on 6 January 2027"),
    ],
)
def test_an_operator_is_told_when_a_model_ends(outlook: Outlook, days: int, words: str) -> None:
    one = ModelOutlook("old", ("speech",), outlook, date(2027, 1, 6), days, "new")

    assert operations_words.until(one) == words
    assert operations_words.alarm(one) == (
        f"old, used for speech: {words[0].lower()}{words[1:]}. Its vendor names new instead."
    )


def test_every_stage_has_a_name_and_money_its_cents() -> None:
    assert set(operations_words.STAGES) == set(Stage)
    assert operations_words.dollars(1_254_000) == "$1.25"
    assert operations_words.milliseconds(1239.6) == "1,240 ms"


def test_what_is_counted_at_the_end_is_no_zero_while_the_call_goes_on() -> None:
    running = replace(timings({Stage.FIRST_FRAME: 900.0}), figures=None)

    assert [(figure.name, figure.value) for figure in call_figures(running)] == [
        ("Gap", "–"),
        ("The rest", "–"),
    ]
