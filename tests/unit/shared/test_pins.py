"""Which PINs are taken, and how often one may be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.pins import (
    LOCKED_FOR,
    MOST_WRONG,
    PinRefused,
    PinTooEasy,
    Tries,
    checked_pin,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "123", "12345", "12a4", "1 23", "-123", "１２３４", "****"])
def test_pin_is_four_digits(text: str) -> None:
    with pytest.raises(PinRefused):
        checked_pin(text)


@pytest.mark.parametrize(
    "text", ["0000", "7777", "1234", "4321", "0123", "7890", "9876", "1212", "1987", "2004"]
)
def test_what_everybody_tries_first_is_refused(text: str) -> None:
    with pytest.raises(PinTooEasy):
        checked_pin(text)


@pytest.mark.parametrize("text", ["8305", " 4711 ", "1235", "2580", "0907"])
def test_anything_else_is_taken(text: str) -> None:
    assert checked_pin(text) == text.strip()


def test_fifth_wrong_pin_in_a_row_locks_for_an_hour_and_then_all_tries_are_back() -> None:
    tries = Tries()
    left = []
    for _ in range(MOST_WRONG):
        tries = tries.after_wrong(NOW)
        left.append(tries.left(NOW))

    assert left == [4, 3, 2, 1, 0]
    assert tries.left(NOW + LOCKED_FOR - timedelta(seconds=1)) == 0
    assert tries.left(NOW + LOCKED_FOR) == MOST_WRONG
    assert tries.after_wrong(NOW + LOCKED_FOR).left(NOW + LOCKED_FOR) == MOST_WRONG - 1


@given(st.lists(st.timedeltas(timedelta(0), timedelta(minutes=30)), max_size=60))
def test_nobody_tries_more_than_five_times_within_any_hour_of_guessing(
    waits: list[timedelta],
) -> None:
    """Wrong ones only; who guesses right starts anew."""
    now, tries, tried = NOW, Tries(), []
    for wait in waits:
        now += wait
        if tries.left(now):
            tries = tries.after_wrong(now)
            tried.append(now)

    for first, sixth in zip(tried, tried[MOST_WRONG:], strict=False):
        assert sixth - first >= LOCKED_FOR
