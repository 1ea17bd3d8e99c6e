"""Everything with a digit in it, as it is said: money, dates, times, units, phone numbers.

Each rule is a pattern and what it is replaced by; they apply in their order, the longest forms
first, and the last one leaves no digit. Pure, and for American English.
"""

from __future__ import annotations

import re
from typing import Final

from voice.conversation.measures import COUNTED, CURRENCIES, EACH, MONEY, PERSONS, SCALES, UNITS
from voice.conversation.number_words import (
    cardinal,
    fraction,
    mixed,
    ordinal,
    quantity,
    year,
)
from voice.conversation.rewriting import Rule, rewrite
from voice.conversation.spoken_codes import CODES
from voice.conversation.spoken_dates import DAYS, DECADES, HOURS, YEAR

_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
_FRACTION: Final = r"\d{1,9}/\d{1,9}(?![\d/])"
_AMOUNT: Final = rf"(?:\d{{1,9}} +{_FRACTION}|{_FRACTION}|{_NUMBER})"

_UNIT: Final = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_PER: Final = "|".join((*EACH, "hour", "minute", "second", "day", "week", "month", "year"))

# What is numbered with a small "no.", which is otherwise an answer.
_NUMBERED: Final = "the|[Ss]ymphony|[Ss]onata|[Cc]oncerto|[Oo]pus|[Tt]rack|[Rr]oom|[Bb]us|[Ll]ine"
_SCALE: Final = r"(?:thousand|million|billion|trillion|[kKmMbBtT]n?)\b"


def say_numbers(line: str) -> str:
    """Return one line of text without a digit."""
    if not any(character.isdigit() for character in line):
        return line
    return rewrite(_RULES, line)


def _money(match: re.Match[str]) -> str:
    groups = match.groupdict()
    one, many, coin, coins = MONEY[groups.get("sign") or CURRENCIES[groups["code"]]]
    text, until, scale = groups["amount"].replace(",", ""), groups.get("until"), groups["scale"]
    whole, _, cents = text.partition(".")
    if until:
        return f"{_amount(text)} to {_amount(until)} {_scaled(scale)}{many}"
    if scale:
        return f"{_amount(text)} {_scaled(scale)}{many}"
    if len(cents) != 2:  # noqa: PLR2004 - no cents
        return f"{_amount(text)} {one if text == '1' else many}"
    parts = []
    if whole.strip("0"):
        parts.append(f"{quantity(whole)} {one if whole == '1' else many}")
    if int(cents):
        parts.append(f"{cardinal(int(cents))} {coin if int(cents) == 1 else coins}")
    return " and ".join(parts) or f"zero {many}"


def _scaled(scale: str | None) -> str:
    return f"{SCALES.get(scale.lower(), scale)} " if scale else ""


def _cents(match: re.Match[str]) -> str:
    return f"{_amount(match['amount'])} {'cent' if match['amount'] == '1' else 'cents'}"


def _measure(match: re.Match[str]) -> str:
    one, many = UNITS[match["unit"]]
    amount = match["amount"]
    is_one = amount == "1" or ("/" in amount and " " not in amount)
    return f"{_amount(amount)} {one if is_one else many}"


def _temperature(match: re.Match[str]) -> str:
    _, many = UNITS[f"°{match['scale']}"]
    return f"{match['verb']} {_amount(match['amount'])} {many}"


def _height(match: re.Match[str]) -> str:
    inches = match["inches"]
    spoken = f"{cardinal(int(match['feet']))} {'foot' if match['feet'] == '1' else 'feet'}"
    return f"{spoken} {cardinal(int(inches))} {'inch' if inches == '1' else 'inches'}"


def _version(match: re.Match[str]) -> str:
    return _apart(match, " point ".join(quantity(part) for part in match[0].split(".")))


def _amount(text: str) -> str:
    """Say a number, a fraction, or both."""
    whole, _, part = text.rpartition(" ")
    if "/" not in part:
        return quantity(text)
    above, below = map(int, part.split("/"))
    return mixed(int(whole), above, below) if whole else fraction(above, below)


def _plain(match: re.Match[str]) -> str:
    """Say any number that no other rule took, apart from letters next to it."""
    text = match[0]
    return _apart(match, year(int(text)) if re.fullmatch(YEAR, text) else _amount(text))


def _apart(match: re.Match[str], words: str) -> str:
    """Keep words apart from the letters before and after them."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    left = " " if before.isalnum() or match[0].startswith(".") else ""
    return f"{left}{words}{' ' if after.isalnum() else ''}"


_RULES: Final[tuple[Rule, ...]] = (
    *CODES,
    *DAYS,
    (re.compile(r"(?<![\d/.-])(\d{1,3})-(?=[1-9]\d?/\d{1,2}(?![\d/-]))"), r"\1 "),  # 1-1/2
    (re.compile(r"(?<=\d) ?[-−–] ?(?=\d+(?:\.\d+)? ?=)"), " minus "),
    # From one to another.
    (re.compile(r"(?<=\d)( ?[aApP]\.?[mM]\.?) ?[-–—] ?(?=\d)"), r"\1 to "),
    (re.compile(r"(?<=\d) ?[-–—] ?(?=[$€£]?\d)"), " to "),
    (re.compile(r"(?<![\w)%°]) ?[-−](?=[.$€£]?\d)"), " minus "),
    *HOURS,
    # What is paid, and for how much of it.
    (
        re.compile(rf"(?<=[\d.%€])( ?[a-zA-Z]{{0,4}}) ?/ ?({_PER})\b"),
        lambda m: f"{m[1]} per {EACH.get(m[2], m[2])}",
    ),
    (
        re.compile(
            rf"(?:\bUS)?(?P<sign>[$€£¥]) ?(?P<amount>{_NUMBER})"
            rf"(?: to [$€£¥]?(?P<until>{_NUMBER}))?(?: ?(?P<scale>{_SCALE}))?"
        ),
        _money,
    ),
    (
        re.compile(
            rf"(?P<amount>{_NUMBER})(?: ?(?P<scale>{_SCALE}))? ?(?:(?P<sign>[$€£¥])|(?P<code>USD|EUR|GBP)\b)"
        ),
        _money,
    ),
    (
        re.compile(
            rf"\b(?P<code>USD|EUR|GBP) ?(?P<amount>{_NUMBER})(?: ?(?P<scale>{_SCALE}))?(?!\d|[.,]\d)"
        ),
        _money,
    ),
    (re.compile(rf"(?P<amount>{_NUMBER}) ?¢"), _cents),
    # How much of what.
    *DECADES,
    (
        re.compile(
            r"\b(?P<feet>\d{1,2}) ?(?:ft\.?|feet|foot),? (?P<inches>1[01]|\d) ?in\b(?:\.(?= ?[a-z]))?"
            r"(?! (?:the|a|an|my|his|her|our|your|their|this|that|[A-Z]))"
        ),
        _height,
    ),
    (re.compile(r"\b(?P<feet>\d)' ?(?P<inches>1[01]|\d)(?:\"|''|(?!\w))"), _height),
    (re.compile(rf"(?P<amount>{_AMOUNT}) ?(?P<unit>{_UNIT})(?![\w/°])"), _measure),
    (
        re.compile(
            r"\b(?P<verb>at|to|is|was|about|around|above|below|over|under|hit|reached) "
            r"(?P<amount>\d{2,3}) ?(?P<scale>[FC])\b(?!['#+]| [A-Z])"
        ),
        _temperature,
    ),
    (
        re.compile(rf"\b(?P<amount>\d+(?:\.\d+)?) ?(?P<scale>[KMB])(?= {COUNTED})"),
        lambda m: f"{_amount(m['amount'])} {SCALES[m['scale'].lower()]}",
    ),
    (
        re.compile(rf"(?<![\w/.])(\d{{1,3}})/(\d{{1,4}})(?= (?:{PERSONS})\b)"),
        lambda m: f"{cardinal(int(m[1]))} out of {cardinal(int(m[2]))}",
    ),
    (
        re.compile(r"\b(\d+)k\b"),
        lambda m: f"{quantity(m[1])} thousand",
    ),
    # Which one.
    (re.compile(r"\b(\d{1,15})(?:st|nd|rd|th)\b"), lambda m: ordinal(int(m[1]))),
    (re.compile(r"(?:#|№) ?(?=\d)"), "number "),
    (re.compile(rf"\bN(?:o|r)\. ?(?=\d)(?!\d+(?:\.\d+)? ?(?:{COUNTED}|(?:{_UNIT})\b))"), "number "),
    (re.compile(r"\b[Nn]os\. ?(?=\d)"), "numbers "),
    (re.compile(rf"\b({_NUMBERED}) no\. ?(?=\d)"), r"\1 number "),
    # Reckoning.
    (re.compile(r"(?<=\w)\^2\b"), " squared"),
    (re.compile(r"(?<=\w)\^3\b"), " cubed"),
    (re.compile(r"(?<=\w)\^ ?(?=(?:minus )?\d)"), " to the power of "),
    (re.compile(r"(?<=\d) ?[x×*] ?(?=\d)"), " times "),
    (re.compile(r"(?<=\d)[x×]\b"), " times"),
    (re.compile(r"(?<=\d) ?< ?(?=\d)"), " is less than "),
    (re.compile(r"(?<=\d) ?> ?(?=\d)"), " is more than "),
    (re.compile(r"(?<![\w<])< ?(?=\d)"), " less than "),
    (re.compile(r"(?<![\w>])> ?(?=\d)"), " more than "),
    (re.compile(r"~ ?(?=[$€£]?\d)"), " about "),
    # Whatever is left.
    (re.compile(r"\d+(?:\.\d+){2,}"), _version),
    (re.compile(rf"{_AMOUNT}|\d+"), _plain),
)
