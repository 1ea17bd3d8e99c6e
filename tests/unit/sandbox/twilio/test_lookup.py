"""What Lookup says about a number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.twilio.lines import Lines
from sandbox.twilio.lookup import lookup

WIRE: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "wire" / "twilio" / "lookup.json").read_text()
)


def line_type(number: str, lines: Lines | None = None) -> dict[str, Any]:
    body = lookup(number, None, lines or Lines(), with_type=True)
    return dict(body["line_type_intelligence"])


def test_a_valid_number_is_answered_as_the_vendor_does() -> None:
    assert lookup("+14159929960", None, Lines(), with_type=False) == WIRE["valid"]


def test_an_invalid_number_is_answered_as_the_vendor_does() -> None:
    assert lookup("+141599299600", None, Lines(), with_type=False) == WIRE["invalid"]


def test_the_line_type_can_be_seeded_as_the_vendor_says_it() -> None:
    lines = Lines()
    said = dict(WIRE["line_type"]["line_type_intelligence"])
    lines.seed({"+14159929960": said})

    assert lookup("+14159929960", None, lines, with_type=True) == WIRE["line_type"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+14155550123", "mobile"),
        ("+12125550160", "landline"),
        ("+12125550179", "nonFixedVoip"),
        ("+12125550184", "fixedVoip"),
        ("+12125550189", "unknown"),
        ("+12125550190", "mobile"),
        ("+18005550199", "tollFree"),
        ("+19005550199", "premium"),
        ("+442079460123", "landline"),
    ],
)
def test_lines_are_told_by_number(number: str, kind: str) -> None:
    assert line_type(number)["type"] == kind


def test_only_mobile_lines_have_a_network() -> None:
    assert line_type("+14155550123")["mobile_country_code"] is not None
    assert line_type("+14155550160")["mobile_country_code"] is None


@pytest.mark.parametrize(
    ("number", "errors"),
    [
        ("+1415", ["TOO_SHORT"]),
        ("+10005550123", ["INVALID_BUT_POSSIBLE"]),
        ("words", ["NOT_A_NUMBER"]),
        ("+99912345678", ["INVALID_COUNTRY_CODE"]),
    ],
)
def test_flaws_have_names(number: str, errors: list[str]) -> None:
    body = lookup(number, None, Lines(), with_type=True)

    assert (body["valid"], body["validation_errors"]) == (False, errors)


def test_a_national_number_needs_its_country() -> None:
    assert lookup("020 7946 0123", "GB", Lines(), with_type=False)["country_code"] == "GB"


def test_a_line_is_seeded_with_what_a_line_has() -> None:
    for seed in ({"type": "tin can"}, {"colour": "red"}):
        with pytest.raises(ValueError, match=r"tin can|colour"):
            Lines().seed({"+14155550123": seed})
