"""Days, hours and decades as they are said, in American English."""

from __future__ import annotations

import re
from typing import Final

from voice.conversation.measures import COUNTED
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
PIVOT: Final = 50  # a year of two digits below it is this century's
_HALF: Final = r"(?: ?(?P<half>[aApP]\.?[mM]\b\.?))"
_ISO: Final = rf"\b(?P<year>{YEAR})-(?P<month>1[0-2]|0[1-9])-(?P<day>{_DAY})"
_CHAPTERS: Final = (
    "Genesis|Exodus|Leviticus|Numbers|Deuteronomy|Joshua|Judges|Ruth|Samuel|Kings|Chronicles|Ezra"
    "|Job|Psalms?|Proverbs|Ecclesiastes|Isaiah|Jeremiah|Ezekiel|Daniel|Matthew|Mark|Luke|John"
    "|Acts|Romans|Corinthians|Galatians|Ephesians|Philippians|Hebrews|James|Peter|Revelation"
)


def _date(month: int, day: int, in_year: int | None) -> str:
    spoken = f"{MONTHS[month - 1]} {ordinal(day)}"
    return spoken if in_year is None else f"{spoken}, {year(in_year)}"


def _iso_date(match: re.Match[str]) -> str:
    return _date(int(match["month"]), int(match["day"]), int(match["year"]))


def _iso_moment(match: re.Match[str]) -> str:
    zone = " UTC" if match["zone"] else ""
    return f"{_iso_date(match)}, at {_time(match)}{zone}"


def _short_date(match: re.Match[str]) -> str:
    in_year = int(match["year"])
    century = 2000 if in_year < PIVOT else 1900
    return _date(int(match["month"]), int(match["day"]), century + in_year)


def _named_date(match: re.Match[str]) -> str:
    month = next(n for n, name in enumerate(MONTHS, 1) if name[:3] == match["month"][:3])
    return _date(month, int(match["day"]), int(match["year"]) if match["year"] else None)


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = match.groupdict().get("half")
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


def _time_with_seconds(match: re.Match[str]) -> str:
    seconds = int(match["second"])
    return f"{_time(match)} and {cardinal(seconds)} {'second' if seconds == 1 else 'seconds'}"


def _season(match: re.Match[str]) -> str:
    """Say "2019/20" where it means two years, one after the other."""
    first, second = int(match[1]), int(match[2])
    follows = (first + 1) % 100 == second
    return f"{year(first)} to {year(first + 1)}" if follows else match[0]


def _decade(match: re.Match[str]) -> str:
    text = match["decade"]
    words = year(int(text)) if re.fullmatch(YEAR, text) else cardinal(int(text))
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


DAYS: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            rf"{_ISO}[T ](?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)(?::[0-5]\d(?:\.\d+)?)?"
            r"(?:(?P<zone>Z|[+-]00:?00)|[+-]\d\d:?\d\d)?(?![\w:])"
        ),
        _iso_moment,
    ),
    (re.compile(rf"{_ISO}\b"), _iso_date),
    (
        re.compile(rf"\b(?P<month>1[0-2]|0?[1-9])/(?P<day>{_DAY})/(?P<year>{YEAR})\b"),
        _iso_date,
    ),
    (
        re.compile(rf"(?<![\w/])(?P<month>1[0-2]|0?[1-9])/(?P<day>{_DAY})/(?P<year>\d\d)(?![\w/])"),
        _short_date,
    ),
    (re.compile(r"(?<![\w/])((?:19|20)\d\d)/(\d\d)(?![\w/])"), _season),
    (
        re.compile(rf"\b([Ii]n|[Ss]ince|[Tt]he year) (10[1-9]\d)\b(?![.,/:%°]\d| {COUNTED})"),
        lambda m: f"{m[1]} {year(int(m[2]))}",
    ),
    (
        re.compile(rf"(?<!\b[Tt]he )(?<![\w.,/$€£–-])({YEAR})(?<!00)(?= {COUNTED})"),
        lambda m: cardinal(int(m[1])),  # so many of them, and no year
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
        re.compile(rf"\b((?:{_CHAPTERS}) \d{{1,3}}):(?=\d)"),
        r"\1 ",  # a verse
    ),
    (
        re.compile(
            r"(?<![\w:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d)"
            rf"(?![:\d]){_HALF}?"
        ),
        _time_with_seconds,
    ),
    (
        re.compile(rf"\b(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d)){_HALF}?(?![:\d])"),
        _time,
    ),
    (
        re.compile(rf"\b(?P<hour>1[0-2]|0?[1-9])(?P<minute>){_HALF}"),
        _time,
    ),
    (re.compile(r"(?<=\d):(?=\d)"), " to "),  # a score, or a ratio
)

DECADES: Final[tuple[Rule, ...]] = (
    (re.compile(r"(?<!\w)'?(?P<decade>(?:1\d|20)?\d0)'?s\b"), _decade),
    (re.compile(r"(?<!\w)'(?=\d\d\b(?!['\"]))"), ""),  # '98
)
