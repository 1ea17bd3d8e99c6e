"""Reads the daily facts: a true and light thing to say about each day of the year.

`daily_facts.json` maps "MM-DD" to facts. A fact with a year is a clause in the past tense that follows
"On this day in 1878, ": "milk was delivered in bottles for the first time". A fact without one is true
of the date every year and follows "Today is ": "Groundhog Day, when one small animal gets all the
attention". Neither ends with a stop. What is said of a date, its beginning included, takes at most
WORDS words, so that a buddy's name and question fit around it into a greeting of forty.

A cited fact names the package, its version, file and line. A computed one names the pattern of
`shared.seed.computed_facts` that made it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("daily_facts.json")

WORDS = 17  # of the greeting's forty; the rest says who speaks and asks something
LEAST_WORDS = 6  # a clause with fewer says too little
LEAST_A_DAY = 2
LEAP_YEAR = 2024  # any will do: it has every date
YEARS = range(1000, 2027)  # what people say as a year, and is past

KINDS = frozenset(
    {
        "arts",
        "birthday",
        "computed",
        "computing",
        "first",
        "history",
        "holiday",
        "music",
        "nature",
        "science",
        "space",
        "sport",
    }
)
SOURCE = re.compile(
    r"Debian calendar [\d.]+, [\w./]+:\d+|computed by shared\.seed\.\w+\.\w+",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class DailyFact:
    """One true thing of a date: of one year, or of every year where `year` is None."""

    year: int | None
    fact: str
    source: str
    kind: str

    @property
    def sentence(self) -> str:
        """The fact as a buddy says it; the year is in digits, as the spoken text wants it."""
        beginning = "Today is" if self.year is None else f"On this day in {self.year},"
        return f"{beginning} {self.fact}."


def facts_of(month: int, day: int) -> tuple[DailyFact, ...]:
    """Return at least two facts of the date; raise KeyError where there is no such date."""
    return daily_facts()[month, day]


@functools.cache
def daily_facts() -> Mapping[tuple[int, int], tuple[DailyFact, ...]]:
    """Return all facts by month and day; raise ValueError where the file says nonsense."""
    return read_daily_facts(json.loads(FILE.read_text(encoding="utf-8")))


def read_daily_facts(rows: Mapping[str, Any]) -> Mapping[tuple[int, int], tuple[DailyFact, ...]]:
    """Return the facts that the file's rows describe, of all 366 dates."""
    unknown = rows.keys() - {named(*of) for of in dates()}
    if unknown:
        message = f"no dates: {', '.join(sorted(unknown))}"
        raise ValueError(message)
    return {of: tuple(_facts(rows, named(*of))) for of in dates()}


def dates() -> Iterator[tuple[int, int]]:
    """Yield month and day of every date that a year can have."""
    on = date(LEAP_YEAR, 1, 1)
    while on.year == LEAP_YEAR:
        yield on.month, on.day
        on += timedelta(days=1)


def named(month: int, day: int) -> str:
    """Return the date as the file names it."""
    return f"{month:02}-{day:02}"


def _facts(rows: Mapping[str, Any], on: str) -> Iterator[DailyFact]:
    found = rows.get(on, [])
    if len(found) < LEAST_A_DAY:
        message = f"{on} has fewer than {LEAST_A_DAY} facts"
        raise ValueError(message)
    for row in found:
        match row:
            case {"year": int() | None, "fact": str(), "source": str(), "kind": str()} if len(
                row
            ) == len(DailyFact.__slots__):
                fact = DailyFact(**row)
            case _:
                message = f"{on}: no year, fact, source and kind: {row}"
                raise ValueError(message)
        for what in _wrong(fact):
            message = f"{on}: {what}: {row}"
            raise ValueError(message)
        yield fact


def _wrong(fact: DailyFact) -> Iterator[str]:
    if fact.year is not None and fact.year not in YEARS:
        yield "the year is not one to say"
    if fact.kind not in KINDS:
        yield "the kind is unknown"
    if SOURCE.fullmatch(fact.source) is None:
        yield "the source names no line of a package and no pattern"
    if (fact.kind == "computed") != fact.source.startswith("computed"):
        yield "kind and source disagree about whether it was computed"
    if fact.fact != " ".join(fact.fact.split()) or fact.fact[-1:] in {"", ".", "!", "?", ","}:
        yield "the fact is no clause without its final stop"
    if len(fact.fact.split()) < LEAST_WORDS:
        yield "the fact is too short"
