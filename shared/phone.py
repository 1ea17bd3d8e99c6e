"""Phone numbers: parsed once, at the edge; E.164 inside; masked wherever they are printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import phonenumbers

from shared.errors import DomainError

# What Twilio sends as `From` when the caller withholds the number: a word, or +266696687
# ("ANONYMOUS" on a keypad).
WITHHELD = frozenset({"", "anonymous", "restricted", "unknown", "unavailable", "+266696687"})

SPECIAL = frozenset(
    {
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.UAN,
        phonenumbers.PhoneNumberType.VOICEMAIL,
    }
)


class InvalidPhoneNumber(DomainError):
    """The text is no phone number anyone could be reached at."""

    code = "invalid_phone_number"

    def __init__(self) -> None:
        super().__init__("this is not a phone number; give it with its country code, like +1 415…")


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A phone number in E.164, e.g. +14155550100."""

    e164: str

    @classmethod
    def parse(cls, text: str, *, region: str | None = None) -> Self:
        """Read a number as people write it; raise `InvalidPhoneNumber` if it is none."""
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            raise InvalidPhoneNumber from None
        if not phonenumbers.is_possible_number(number):
            raise InvalidPhoneNumber
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @property
    def national(self) -> str:
        """The number as people of its own country write it: (415) 555-0100."""
        number = phonenumbers.parse(self.e164)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)

    @property
    def international(self) -> str:
        """The number as anyone anywhere can dial it: +1 415-555-0100."""
        number = phonenumbers.parse(self.e164)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    @property
    def country(self) -> str | None:
        """The ISO code of the country it belongs to; None where its numbering plan has no such."""
        return phonenumbers.region_code_for_number(phonenumbers.parse(self.e164))

    @property
    def is_special(self) -> bool:
        """Whether it is a service's number, or one that costs its caller extra."""
        return phonenumbers.number_type(phonenumbers.parse(self.e164)) in SPECIAL

    def __str__(self) -> str:
        return f"{self.e164[:-7]}•••{self.e164[-4:]}"

    def __repr__(self) -> str:
        return f"PhoneNumber({self})"


def caller_number(text: str) -> PhoneNumber | None:
    """Return who calls by Twilio's `From`, or None where the number is withheld or no number."""
    if text.strip().lower() in WITHHELD:
        return None
    try:
        return PhoneNumber.parse(text)
    except InvalidPhoneNumber:
        return None  # client:… and sip:… name no line that could be proved
