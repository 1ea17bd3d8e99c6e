"""Phone numbers."""

from __future__ import annotations

import pytest

from shared.phone import InvalidPhoneNumber, PhoneNumber, caller_number


@pytest.mark.parametrize("text", ["+14155550123", "+1 415 555 0123", "+1 (415) 555-0123"])
def test_a_number_is_the_same_however_it_is_written(text: str) -> None:
    assert PhoneNumber.parse(text) == PhoneNumber("+14155550123")


def test_a_region_completes_a_national_number() -> None:
    assert PhoneNumber.parse("(415) 555-0123", region="US").e164 == "+14155550123"


@pytest.mark.parametrize("text", ["", "hello", "415 555 0123", "+1415", "+1415555012345678"])
def test_what_nobody_could_be_reached_at_is_refused(text: str) -> None:
    with pytest.raises(InvalidPhoneNumber) as refusal:
        PhoneNumber.parse(text)

    assert refusal.value.code == "invalid_phone_number"


def test_a_printed_number_is_masked() -> None:
    number = PhoneNumber("+14155550123")

    assert "5550123" not in f"{number} {number!r}"
    assert str(number).endswith("0123")
    assert number.national == "(415) 555-0123"


@pytest.mark.parametrize(
    "text", ["", "anonymous", "Anonymous", "RESTRICTED", "+266696687", "client:sam", "sip:a@b.c"]
)
def test_a_caller_who_shows_no_number_has_none(text: str) -> None:
    assert caller_number(text) is None


def test_a_caller_who_shows_a_number_has_it() -> None:
    assert caller_number("+14155550123") == PhoneNumber("+14155550123")
