"""Days, hours and decades as they are said, in American English."""

from __future__ import annotations

import re
from typing import Final

from voice.conversation.number_words import cardinal, ordinal, two_digits, year
from voice.conversation.rewriting import Rule

MONTHS: Final = (
    "January February March April May June July August September October November December"
).split()
_MONTH: Final = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY: Final = r"(?:[12]\d|3[01]|0?[1-9])"
YEAR: Final = r"(?:1[1-9]|20)\d\d"
NOON: Final = 12  # o'clock


def _date(month: int, day: int, in_year: int | None) -> str:
    spoken = f"{MONTHS[month - 1]} {ordinal(day)}"
    return spoken if in_year is None else f"{spoken}, {year(in_year)}"


def _iso_date(match: re.Match[str]) -> str:
    return _date(int(match["month"]), int(match["day"]), int(match["year"]))


def _named_date(match: re.Match[str]) -> str:
    month = next(n for n, name in enumerate(MONTHS, 1) if name[:3] == match["month"][:3])
    return _date(month, int(match["day"]), int(match["year"]) if match["year"] else None)


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = match["half"]
    if half:
        half = f"{half[0].lower()}.m."
    elif hour > NOON or match["hour"].startswith("0"):
        half = "p.m." if hour >= NOON else "a.m."
    hour = hour % NOON or NOON
    if minute:
        spoken = f"{cardinal(hour)} {two_digits(minute)}"
    else:
        spoken = cardinal(hour) if half else f"{cardinal(hour)} o'clock"
    return f"{spoken} {half}" if half else spoken


def _decade(match: re.Match[str]) -> str:
    text = match["decade"]
    words = year(int(text)) if re.fullmatch(YEAR, text) else cardinal(int(text))
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


DAYS: Final[tuple[Rule, ...]] = (
    (
        re.compile(rf"\b(?P<year>{YEAR})-(?P<month>1[0-2]|0[1-9])-(?P<day>{_DAY})\b"),
        _iso_date,
    ),
    (
        re.compile(rf"\b(?P<month>1[0-2]|0?[1-9])/(?P<day>{_DAY})/(?P<year>{YEAR})\b"),
        _iso_date,
    ),
    (
        re.compile(
            rf"\b(?P<month>{_MONTH}) (?P<day>{_DAY})(?:st|nd|rd|th)?\b(?![:/%°.,]\d)"
            rf"(?:,? (?P<year>{YEAR})\b(?![,.]\d))?"
        ),
        _named_date,
    ),
    (
        re.compile(
            rf"\b(?P<day>{_DAY})(?:st|nd|rd|th)? (?:of )?(?P<month>{_MONTH})"
            rf"(?:,? (?P<year>{YEAR})\b(?![,.]\d))?"
        ),
        _named_date,
    ),
)

HOURS: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            r"\b(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d))(?: ?(?P<half>[aApP]\.?[mM]\b\.?))?"
            r"(?![:\d])"
        ),
        _time,
    ),
    (
        re.compile(r"\b(?P<hour>1[0-2]|0?[1-9])(?P<minute>)(?: ?(?P<half>[aApP]\.?[mM]\b\.?))"),
        _time,
    ),
)

DECADES: Final[tuple[Rule, ...]] = (
    (re.compile(r"(?<!\w)'?(?P<decade>(?:1\d|20)?\d0)'?s\b"), _decade),
)
