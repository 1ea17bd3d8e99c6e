"""The computed facts: each is what its pattern says today, and true in every year."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable
from datetime import date

import pytest

from shared.seed import date_counts, date_numbers
from shared.seed.computed_facts import PATTERNS, filled, source_of
from shared.seed.daily_facts import FILE, DailyFact, daily_facts, dates
from shared.seed.date_counts import HOLIDAYS, hours_of_daylight
from shared.seed.fill_daily_facts import filled_file

YEARS = range(2026, 2066)
NAMES = {name: on for on, name in HOLIDAYS.items()}
COMPUTED = [
    (on, fact) for on, facts in daily_facts().items() for fact in facts if fact.kind == "computed"
]


hours_on = functools.cache(hours_of_daylight)


def days_of(on: tuple[int, int]) -> list[date]:
    return [date(year, *on) for year in YEARS if on != (2, 29) or year % 4 == 0]


def counted(fact: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", fact)]


def named_holidays(fact: str) -> list[tuple[int, int]]:
    return [NAMES[name] for name in sorted(NAMES, key=fact.find) if name in fact]


def test_every_computed_fact_is_what_its_pattern_says() -> None:
    assert len(COMPUTED) > 150
    assert [fact for on, fact in COMPUTED if PATTERNS[fact.source](*on) != fact.fact] == []


def test_every_pattern_is_in_use_and_none_on_two_following_dates() -> None:
    used = [
        {fact.source for fact in daily_facts()[on] if fact.kind == "computed"}
        for on in (*dates(), (1, 1))
    ]

    assert set().union(*used) == set(PATTERNS)
    assert [
        today & tomorrow for today, tomorrow in itertools.pairwise(used) if today & tomorrow
    ] == []


def test_the_file_holds_what_the_generator_would_write() -> None:
    text = FILE.read_text(encoding="utf-8")

    assert filled_file(text) == text


def test_nothing_counts_with_the_numbers_of_a_sad_date() -> None:
    assert [
        fact for on, fact in COMPUTED if on == (9, 11) and date_numbers.__name__ in fact.source
    ] == []


def test_a_date_that_lacks_nothing_gets_nothing_but_what_is_rare() -> None:
    cited = (DailyFact(1900, "a", "b", "first"), DailyFact(1901, "a", "b", "first"))

    found = filled(dict.fromkeys(dates(), cited))

    assert found[7, 30] == cited
    assert [fact.fact for fact in found[3, 14][2:]] == [date_numbers.like_pi(3, 14)]


def days_left(day: date, fact: str) -> bool:
    return counted(fact) == [(date(day.year, 12, 31) - day).days]


def number_in_the_year(day: date, fact: str) -> bool:
    return counted(fact) == [day.timetuple().tm_yday]


def days_before_a_holiday(day: date, fact: str) -> bool:
    (holiday,) = named_holidays(fact)
    return counted(fact) == [(date(day.year, *holiday) - day).days]


def weeks_before_a_holiday(day: date, fact: str) -> bool:
    (holiday,) = named_holidays(fact)
    (weeks,) = counted(fact)
    return (date(day.year, *holiday) - day).days == 7 * weeks


def days_since_new_year(day: date, fact: str) -> bool:
    return counted(fact) == [(day - date(day.year, 1, 1)).days]


def same_weekday(day: date, fact: str) -> bool:
    (holiday,) = named_holidays(fact)
    return date(day.year, *holiday).weekday() == day.weekday()


def halfway(day: date, fact: str) -> bool:
    first, second = named_holidays(fact)
    return day - date(day.year, *first) == date(day.year, *second) - day


def daylight(day: date, fact: str) -> bool:
    (hours,) = counted(fact)
    parts = {"quarter": 0.25, "half": 0.5, "three quarter": 0.75}
    part = max((share for words, share in parts.items() if f" {words} " in fact), default=0)
    return abs(hours + part - hours_on(day.timetuple().tm_yday, 40)) < 0.13


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        (date_counts.days_left, days_left),
        (date_counts.number_in_the_year, number_in_the_year),
        (date_counts.days_before_a_holiday, days_before_a_holiday),
        (date_counts.weeks_before_a_holiday, weeks_before_a_holiday),
        (date_counts.days_since_new_year, days_since_new_year),
        (date_counts.same_weekday, same_weekday),
        (date_counts.halfway, halfway),
        (date_counts.daylight, daylight),
    ],
    ids=lambda value: value.__name__,
)
def test_what_is_counted_holds_in_forty_years(
    pattern: Callable[[int, int], str | None], holds: Callable[[date, str], bool]
) -> None:
    said = {on: fact for on in dates() if (fact := pattern(*on)) is not None}

    assert said
    assert [
        (day, fact) for on, fact in said.items() for day in days_of(on) if not holds(day, fact)
    ] == []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (date_numbers.perfect_numbers, [(6, 28)]),
        (date_numbers.like_pi, [(3, 14)]),
        (date_numbers.fibonacci_neighbors, [(2, 3), (3, 5), (5, 8), (8, 13)]),
        (date_numbers.square_of_the_month, [(2, 4), (3, 9), (4, 16), (5, 25)]),
        (date_numbers.palindrome, [(1, 10), (2, 20), (3, 30), (10, 1), (12, 21)]),
        (date_numbers.two_squares, [(4, 9), (4, 16), (4, 25), (9, 4), (9, 16), (9, 25)]),
        (date_counts.end_of_a_quarter, [(3, 31), (6, 30), (9, 30)]),
    ],
    ids=lambda value: getattr(value, "__name__", "dates"),
)
def test_a_rare_pattern_finds_its_dates(
    pattern: Callable[[int, int], str | None], expected: list[tuple[int, int]]
) -> None:
    assert [on for on in dates() if pattern(*on)] == expected


@pytest.mark.parametrize(
    ("pattern", "on", "expected"),
    [
        (date_numbers.right_triangle, (5, 12), "with sides 5, 12 and 13"),
        (date_numbers.same_number, (8, 8), "the same number twice, 8 and 8"),
        (date_numbers.counting_up, (9, 10), "counts up by one, 9 and 10"),
        (date_numbers.counting_down, (8, 7), "counts down by one, 8 and 7"),
        (date_numbers.like_a_time, (7, 30), "looks like half past 7 on a clock"),
        (date_numbers.round_product, (5, 20), "month times its day makes 100"),
        (date_numbers.round_sum, (11, 19), "month and day add up to 30"),
        (date_numbers.two_primes, (5, 23), "two prime numbers, 5 and 23"),
        (date_numbers.day_is_a_multiple, (6, 12), "day is twice its month"),
        (date_counts.daylight, (12, 21), "about 9 and a quarter hours of daylight"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_pattern_says(
    pattern: Callable[[int, int], str | None], on: tuple[int, int], expected: str
) -> None:
    assert expected in (pattern(*on) or "")


@pytest.mark.parametrize(
    ("pattern", "on"),
    [
        (date_numbers.right_triangle, (5, 11)),
        (date_numbers.same_number, (1, 1)),
        (date_numbers.like_a_time, (7, 31)),
        (date_numbers.round_product, (5, 21)),
        (date_numbers.round_sum, (11, 18)),
        (date_numbers.two_primes, (5, 21)),
        (date_numbers.two_primes, (4, 1)),
        (date_numbers.day_is_a_multiple, (6, 13)),
        (date_counts.days_left, (2, 28)),
        (date_counts.number_in_the_year, (3, 1)),
        (date_counts.weeks_before_a_holiday, (12, 31)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_pattern_says_nothing(
    pattern: Callable[[int, int], str | None], on: tuple[int, int]
) -> None:
    assert pattern(*on) is None


@pytest.mark.parametrize(
    ("number", "expected"),
    [(172, 15.0), (355, 9.33), (79, 12.1)],
    ids=["June", "December", "March"],
)
def test_daylight_is_that_of_the_almanac_within_six_minutes(number: int, expected: float) -> None:
    assert hours_of_daylight(number, 40) == pytest.approx(expected, abs=0.1)


def test_a_source_names_its_pattern() -> None:
    assert source_of(date_numbers.like_pi) == "computed by shared.seed.date_numbers.like_pi"
