"""Waterfalls and percentiles."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.timings import Spread, Stage, Step, percentile, spread, waterfall

times = st.dictionaries(st.sampled_from(Stage), st.floats(-5_000, 60_000), min_size=1)


def test_a_turn_falls_from_stage_to_stage() -> None:
    fallen = waterfall({Stage.FIRST_FRAME: 900.0, Stage.FINAL_WORDS: 250.0, Stage.REQUEST: 800.0})

    assert fallen == (
        Step(Stage.FINAL_WORDS, 0.0, 250.0),
        Step(Stage.REQUEST, 250.0, 800.0),
        Step(Stage.FIRST_FRAME, 800.0, 900.0),
    )
    assert [step.took_ms for step in fallen] == [250.0, 550.0, 100.0]


def test_stages_of_one_moment_stand_in_their_own_order() -> None:
    fallen = waterfall({Stage.TURN_ENDED: 800.0, Stage.REQUEST: 800.0})

    assert [step.stage for step in fallen] == [Stage.REQUEST, Stage.TURN_ENDED]


@given(times)
def test_bars_follow_each_other_without_a_gap(stages: dict[Stage, float]) -> None:
    fallen = waterfall(stages)

    assert {step.stage for step in fallen} == set(stages)
    assert all(step.took_ms >= 0 for step in fallen)
    for before, after in itertools.pairwise(fallen):
        assert after.began_ms == before.ended_ms
    assert fallen[-1].ended_ms == max(stages.values())


@pytest.mark.parametrize(("share", "value"), [(0.0, 10.0), (0.5, 25.0), (0.95, 38.5), (1.0, 40.0)])
def test_percentiles_lie_between_the_values(share: float, value: float) -> None:
    assert percentile([40, 10, 30, 20], share) == pytest.approx(value)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_no_percentile_leaves_the_range(values: list[float], share: float) -> None:
    assert min(values) - 1e-6 <= percentile(values, share) <= max(values) + 1e-6


def test_what_was_not_measured_counts_as_nothing() -> None:
    assert spread([None, 100.0, None, 300.0]) == Spread(2, 200.0, 290.0)
    assert spread([None]) is None
