"""What kind of line is behind a number, as far as Lookup, Verify and Messaging can tell.

Seeded per number: `POST /_control/seed {"lines": {"+14155550123": {"type": "landline"}}}`, with
`type` one of https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence#type-property-values,
and optionally `carrier_name`, `mobile_country_code`, `mobile_network_code`, `error_code` and
`is_reachable`. A number nobody seeded is what its numbering plan says, and a mobile phone where
that leaves it open (as it does in North America). Of the numbers that belong to nobody, 555-01XX,
some tell by their last four digits what they are:

    0160 to 0169  landline       0170 to 0179  nonFixedVoip
    0180 to 0184  fixedVoip      0185 to 0189  unknown
    0190 to 0194  mobile, but switched off: nothing that is sent arrives
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import phonenumbers
from phonenumbers import PhoneNumberType

TYPES: Final = (
    "landline mobile fixedVoip nonFixedVoip personal tollFree premium sharedCost uan voicemail"
    " pager unknown"
).split()
# Types that a text message never reaches.
DEAF: Final = ("landline", "tollFree", "premium", "sharedCost", "uan", "voicemail")

_PLAN: Final = {
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.TOLL_FREE: "tollFree",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "sharedCost",
    PhoneNumberType.VOIP: "nonFixedVoip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
_CARRIERS: Final = {
    "landline": "Sandbox Wireline",
    "mobile": "Sandbox Wireless",
    "fixedVoip": "Sandbox Cable",
    "nonFixedVoip": "Sandbox Internet Telephony",
}


@dataclass(frozen=True, slots=True)
class TelephoneLine:
    """One line."""

    type: str = "mobile"
    carrier_name: str | None = None
    mobile_country_code: str | None = None
    mobile_network_code: str | None = None
    error_code: int | None = None
    is_reachable: bool = True

    @classmethod
    def of_type(cls, kind: str, *, is_reachable: bool = True) -> Self:
        """Return a line of a type with what goes with it."""
        is_mobile = kind == "mobile"
        return cls(
            kind,
            carrier_name=_CARRIERS.get(kind),
            mobile_country_code="310" if is_mobile else None,
            mobile_network_code="004" if is_mobile else None,
            is_reachable=is_reachable,
        )

    @classmethod
    def from_seed(cls, seed: Mapping[str, Any]) -> Self:
        """Read a line as `/_control/seed` takes it; raise `ValueError` at what it can't be."""
        if unknown := seed.keys() - {field.name for field in fields(cls)}:
            message = f"a line has no {', '.join(sorted(unknown))}"
            raise ValueError(message)
        kind = seed.get("type", "mobile")
        if kind not in TYPES:
            message = f"there are no lines of type {kind!r}; there are: {', '.join(TYPES)}"
            raise ValueError(message)
        usual = cls.of_type(kind)
        return cls(**{field.name: getattr(usual, field.name) for field in fields(cls)} | dict(seed))

    @property
    def takes_texts(self) -> bool:
        """Whether a text message can be sent to it at all."""
        return self.type not in DEAF


class Lines:
    """All lines there are: every number has one."""

    def __init__(self) -> None:
        self._seeded: dict[str, TelephoneLine] = {}

    def reset(self) -> None:
        """Forget what was seeded."""
        self._seeded.clear()

    def seed(self, lines: Mapping[str, Mapping[str, Any]]) -> None:
        """Say what is behind some numbers."""
        self._seeded |= {e164: TelephoneLine.from_seed(seed) for e164, seed in lines.items()}

    def find(self, e164: str) -> TelephoneLine:
        """Return the line behind a number in E.164."""
        return self._seeded.get(e164) or _by_pattern(e164) or _by_plan(e164)


def _by_pattern(e164: str) -> TelephoneLine | None:
    if not (e164.startswith("+1") and e164[5:8] == "555" and e164[8:10] == "01"):
        return None
    match e164[10:]:
        case tail if "60" <= tail <= "69":
            return TelephoneLine.of_type("landline")
        case tail if "70" <= tail <= "79":
            return TelephoneLine.of_type("nonFixedVoip")
        case tail if "80" <= tail <= "84":
            return TelephoneLine.of_type("fixedVoip")
        case tail if "85" <= tail <= "89":
            return TelephoneLine.of_type("unknown")
        case tail if "90" <= tail <= "94":
            return TelephoneLine.of_type("mobile", is_reachable=False)
        case _:
            return None


def _by_plan(e164: str) -> TelephoneLine:
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return TelephoneLine.of_type("unknown")
    return TelephoneLine.of_type(_PLAN.get(kind, "unknown"))
