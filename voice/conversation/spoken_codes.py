"""Numbers that are names, and said digit by digit or in short: telephones, codes, flights."""

from __future__ import annotations

import re
from typing import Final

from voice.conversation.measures import COUNTED
from voice.conversation.number_words import cardinal, digit_by_digit, two_digits
from voice.conversation.rewriting import Rule

_CODE: Final = r"(?i:(?:zip|area|postal|access) code|code|pin|passcode|password|extension|ext\.)"
_NUMBERED: Final = (
    r"(?i:boeing|airbus|route|highway|interstate|flight|room|suite|gate|apartment|bus|train)"
)


def _telephone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    return f" {', '.join(map(digit_by_digit, groups))} "


def _toll_free(match: re.Match[str]) -> str:
    is_round = match[1] == "800"
    return f" one {'eight hundred' if is_round else digit_by_digit(match[1])} "


def _in_short(match: re.Match[str]) -> str:
    """Say three digits as one and two: "seven thirty-seven", "one oh one"."""
    hundreds, rest = cardinal(int(match["hundreds"])), int(match["rest"])
    return f"{match['what']} {hundreds} {two_digits(rest) if rest else 'hundred'}"


CODES: Final[tuple[Rule, ...]] = (
    (
        re.compile(
            r"(?<![\w.])(?:\+?\d{1,3}[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])"
            r"|(?<![\w.,-])\d{3}[.-]\d{4}(?![\w-])|\+\d{7,15}\b"
            r"|\+\d{1,3}(?:[ .-]\(?\d{1,4}\)?){2,5}(?:[ .-]?\d{3,8})?(?![\w-])"
            r"|(?<![\w.,/-])0\d{2,4}[ -]\d{3,8}(?:[ -]\d{3,4})?(?![\w-])"
        ),
        _telephone,
    ),
    (re.compile(r"(?<![\w-])1-(8(?:00|88|77|66|55|44|33))-(?=[A-Z])"), _toll_free),
    (re.compile(r"(?<![\w$€£.,])(?:911|988)(?![\w%°]|[.,]\d)"), lambda m: digit_by_digit(m[0])),
    (re.compile(r"\b24/7\b"), "twenty-four seven"),
    (re.compile(r"\b9/11\b"), "nine eleven"),
    (re.compile(r"\b50/50\b"), "fifty fifty"),
    (re.compile(r"\b([2-9])/([248])(?= time\b)"), lambda m: f"{_one(m[1])} {_one(m[2])}"),
    (
        re.compile(
            rf"\b({_CODE}(?: (?:number|is|was|of))*:? )(\d{{3,8}})\b(?![.,:/%]\d| {COUNTED})"
        ),
        lambda m: f"{m[1]}{digit_by_digit(m[2])}",
    ),
    (
        re.compile(r"\b([A-Z]{2} )(\d{5}(?:-\d{4})?)(?![\w-]|[.,]\d)"),  # behind a state
        lambda m: f"{m[1]}{digit_by_digit(m[2])}",
    ),
    (
        re.compile(
            rf"\b(?P<what>{_NUMBERED}(?: [A-Z]{{2}})?) (?P<hundreds>[1-9])(?P<rest>\d\d)\b"
            r"(?![.,:/%-]\d)"
        ),
        _in_short,
    ),
    (
        re.compile(r"\b(?P<what>[A-Z]{1,3})-(?P<hundreds>[1-9])(?P<rest>\d\d)(?![\w-]|[.,]\d)"),
        _in_short,
    ),
)


def _one(digit: str) -> str:
    return cardinal(int(digit))
