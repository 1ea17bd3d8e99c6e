"""Periods are counted from their anchor: https://docs.stripe.com/billing/subscriptions/billing-cycle."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.stripe.clock import Clock, add, period_after

MOMENTS = st.integers(min_value=1_500_000_000, max_value=2_500_000_000)


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def read(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()[:16]


@pytest.mark.parametrize(
    ("anchor", "interval", "count", "expected"),
    [
        ("2026-01-31T10:00", "month", 1, "2026-02-28T10:00"),
        ("2026-01-31T10:00", "month", 2, "2026-03-31T10:00"),
        ("2028-01-31T10:00", "month", 1, "2028-02-29T10:00"),
        ("2026-12-15T00:00", "month", 1, "2027-01-15T00:00"),
        ("2028-02-29T23:59", "year", 1, "2029-02-28T23:59"),
        ("2028-02-29T23:59", "year", 4, "2032-02-29T23:59"),
        ("2026-03-01T08:00", "week", 2, "2026-03-15T08:00"),
        ("2026-02-28T08:00", "day", 1, "2026-03-01T08:00"),
    ],
)
def test_an_interval_ends_on_the_anchors_day(
    anchor: str, interval: str, count: int, expected: str
) -> None:
    assert read(add(at(anchor), interval, count)) == expected


@given(MOMENTS, st.sampled_from(["month", "year"]), st.integers(1, 3))
def test_periods_follow_each_other_and_keep_their_day(
    anchor: int, interval: str, count: int
) -> None:
    ends = [anchor]
    for _ in range(14):
        ends.append(period_after(anchor, interval, count, ends[-1]))

    days = {datetime.fromtimestamp(end, UTC).day for end in ends}
    assert ends == [add(anchor, interval, count * periods) for periods in range(15)]
    assert ends == sorted(set(ends))
    assert max(days) == datetime.fromtimestamp(anchor, UTC).day


def test_the_clock_goes_on_and_never_back() -> None:
    system = [1000.0]
    clock = Clock(lambda: system[0])
    clock.move_to(5000)
    clock.move_to(10)
    moved = clock.now
    system[0] += 7

    assert (moved, clock.now) == (5000, 5007)
    clock.reset()
    assert clock.now == 1007


def test_a_frozen_clock_moves_only_when_told() -> None:
    system = [1000.0]
    clock = Clock(lambda: system[0])
    clock.freeze()
    system[0] += 500
    stood = clock.now
    clock.move_to(3000)

    assert (stood, clock.now) == (1000, 3000)
