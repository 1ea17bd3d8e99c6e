"""What can be worked out of a date, and which of it the daily facts take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from shared.seed import date_counts, date_numbers
from shared.seed.daily_facts import LEAST_A_DAY, DailyFact, dates

Pattern = Callable[[int, int], str | None]

RARE: tuple[Pattern, ...] = (
    date_numbers.perfect_numbers,
    date_numbers.like_pi,
    date_numbers.fibonacci_neighbors,
    date_numbers.right_triangle,
    date_numbers.square_of_the_month,
    date_numbers.two_squares,
    date_numbers.palindrome,
    date_counts.halfway,
    date_counts.end_of_a_quarter,
)
FROM_NUMBERS: tuple[Pattern, ...] = (
    date_numbers.same_number,
    date_numbers.counting_up,
    date_numbers.counting_down,
    date_numbers.like_a_time,
    date_numbers.round_product,
    date_numbers.round_sum,
    date_numbers.two_primes,
    date_numbers.day_is_a_multiple,
)
FROM_COUNTING: tuple[Pattern, ...] = (
    date_counts.days_before_a_holiday,
    date_counts.days_since_new_year,
    date_counts.weeks_before_a_holiday,
    date_counts.same_weekday,
    date_counts.number_in_the_year,
    date_counts.days_left,
)
FROM_THE_SUN: tuple[Pattern, ...] = (date_counts.daylight,)
UNEASY_NUMBERS = frozenset({(9, 11)})  # people know the date's numbers for something else


def source_of(pattern: Pattern) -> str:
    """Return what a fact says of where it comes from."""
    return f"computed by {pattern.__module__}.{pattern.__name__}"


FAMILIES = (FROM_NUMBERS, FROM_COUNTING, FROM_THE_SUN)
PATTERNS: Mapping[str, Pattern] = MappingProxyType(
    {source_of(pattern): pattern for family in (RARE, *FAMILIES) for pattern in family}
)


def filled(
    cited: Mapping[tuple[int, int], Sequence[DailyFact]],
) -> Mapping[tuple[int, int], tuple[DailyFact, ...]]:
    """Return the cited facts, the rare computed ones, and as many others as a date lacks for two.

    No pattern is on two following dates. Of what is left, the patterns that were used least come
    first, and two of one date are of two families where that is possible.
    """
    used: Counter[str] = Counter()
    yesterdays: frozenset[str] = frozenset()
    found: dict[tuple[int, int], tuple[DailyFact, ...]] = {}
    for on in dates():
        of_others = cited.get(on, ())
        ours = [fact for _, fact in _facts(on, (RARE,))]
        missing = LEAST_A_DAY - len(of_others) - len(ours)
        ours += _chosen(on, missing, used, yesterdays)
        yesterdays = frozenset(fact.source for fact in ours)
        used.update(yesterdays)
        found[on] = (*of_others, *ours)
    return found


def _chosen(
    on: tuple[int, int], count: int, used: Counter[str], taken: frozenset[str]
) -> list[DailyFact]:
    """Return `count` facts of the date, none of a pattern that is `taken`."""
    ranked = sorted(
        ((used[fact.source], family, fact) for family, fact in _facts(on, FAMILIES)),
        key=lambda row: row[0],
    )
    free = [(family, fact) for _, family, fact in ranked if fact.source not in taken]
    chosen: list[DailyFact] = []
    families: set[int] = set()
    while len(chosen) < count:
        if not free:
            message = f"too little can be computed of {on}"
            raise ValueError(message)
        family, fact = next((row for row in free if row[0] not in families), free[0])
        free.remove((family, fact))
        families.add(family)
        chosen.append(fact)
    return chosen


def _facts(
    on: tuple[int, int], families: Sequence[Sequence[Pattern]]
) -> Iterator[tuple[int, DailyFact]]:
    """Yield what every pattern says of the date, with the number of its family."""
    for number, family in enumerate(families):
        for pattern in family:
            fact = pattern(*on)
            if fact is not None and not (on in UNEASY_NUMBERS and _is_of_numbers(pattern)):
                yield number, DailyFact(None, fact, source_of(pattern), "computed")


def _is_of_numbers(pattern: Pattern) -> bool:
    return pattern.__module__ == date_numbers.__name__
