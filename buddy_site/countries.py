"""Countries as people look for theirs: by name, with flag and dial code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import phonenumbers

NAMES = Path(__file__).with_name("countries.tsv")
REGIONAL_INDICATOR_A = 0x1F1E6  # the two letters of a country, spelled in these, are its flag


@dataclass
class CountryChoice:
    """A country in a list to choose from."""

    value: str  # ISO code
    words: str


def choices(codes: Iterable[str]) -> list[CountryChoice]:
    """Return the countries to choose from, in the order given; the name first, to type for."""
    return [
        CountryChoice(code, f"{name(code)} {flag(code)} +{dial_code(code)}")
        for code in codes
        if dial_code(code)
    ]


def name(code: str) -> str:
    """Return what a country is called, or its code where that is unknown."""
    return _names().get(code, code)


def flag(code: str) -> str:
    """Return a country's flag."""
    return "".join(chr(REGIONAL_INDICATOR_A + ord(letter) - ord("A")) for letter in code)


def dial_code(code: str) -> int:
    """Return what its international numbers begin with; 0 where there is no such country."""
    return phonenumbers.country_code_for_region(code)


def preferred(languages: str, codes: tuple[str, ...]) -> str:
    """Return the country that a browser's Accept-Language speaks of, or the first of all."""
    for language in languages.replace(";", ",").split(","):
        region = language.strip().rpartition("-")[2].upper()
        if region in codes:
            return region
    return codes[0] if codes else ""


@cache
def _names() -> dict[str, str]:
    rows = (line.split("\t") for line in NAMES.read_text(encoding="utf-8").splitlines())
    return dict(row for row in rows if len(row) == 2)  # noqa: PLR2004 - code and name
