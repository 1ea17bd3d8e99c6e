"""Twilio's Lookup v2: whether a number can exist, and what kind of line is behind it.

https://www.twilio.com/docs/lookup/v2-api. A number that can't exist is no error: the answer is
200 with `valid` false and `validation_errors`. Of the paid packages the sandbox has
`line_type_intelligence` (https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence);
what is behind which number says `sandbox/twilio/lines.py`. The product reaches it below
`/lookups`, the first part of Twilio's host name.
"""

from __future__ import annotations

from typing import Any, Final

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult
from quart import Blueprint, request

from sandbox.config import SandboxConfig
from sandbox.control import Control
from sandbox.twilio.answers import Refusal, vendor_api
from sandbox.twilio.lines import Lines, TelephoneLine

BASE: Final = "https://lookups.twilio.com/v2/PhoneNumbers"
BUILT: Final = ("validation", "line_type_intelligence")
PACKAGES: Final = (
    *("caller_name", "sim_swap", "call_forwarding", "line_status", "line_type_intelligence"),
    *("identity_match", "reassigned_number", "sms_pumping_risk", "phone_number_quality_score"),
    "pre_fill",
)
# https://www.twilio.com/docs/lookup/v2-api#validation-errors
_PARSING: Final = {
    NumberParseException.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
    NumberParseException.NOT_A_NUMBER: "NOT_A_NUMBER",
    NumberParseException.TOO_SHORT_AFTER_IDD: "TOO_SHORT",
    NumberParseException.TOO_SHORT_NSN: "TOO_SHORT",
    NumberParseException.TOO_LONG: "TOO_LONG",
}
_POSSIBLE: Final = {
    ValidationResult.TOO_SHORT: "TOO_SHORT",
    ValidationResult.TOO_LONG: "TOO_LONG",
    ValidationResult.INVALID_COUNTRY_CODE: "INVALID_COUNTRY_CODE",
    ValidationResult.INVALID_LENGTH: "INVALID_LENGTH",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "TOO_SHORT",
}


def lookup_api(config: SandboxConfig, control: Control, lines: Lines) -> Blueprint:
    """Return the routes of Lookup v2."""
    api = vendor_api("lookup_api", "/lookups/v2", config)

    @api.get("/PhoneNumbers/<number>")
    async def fetch(number: str) -> Any:
        await control.before("lookup.fetch")
        packages = [name for name in request.args.get("Fields", "").split(",") if name]
        for name in packages:
            if name not in ("validation", *PACKAGES):
                raise Refusal(400, 60200, f"Invalid parameter: Fields={name}")
            if name not in BUILT:
                raise Refusal(501, 501, f"The sandbox has not built the Lookup package {name}.")
        region = request.args.get("CountryCode") or None
        return lookup(number, region, lines, "line_type_intelligence" in packages)

    return api


def lookup(number: str, region: str | None, lines: Lines, with_type: bool) -> dict[str, Any]:  # noqa: FBT001 - one caller
    """Return what Lookup says about a number, national or E.164."""
    body: dict[str, Any] = {
        "calling_country_code": None,
        "country_code": None,
        "phone_number": number,
        "national_format": None,
        "valid": False,
        "validation_errors": None,
        **dict.fromkeys(PACKAGES),
        "url": f"{BASE}/{number}",
    }
    try:
        parsed = phonenumbers.parse(number, region or "US")
    except NumberParseException as error:
        return body | {"validation_errors": [_PARSING.get(error.error_type, "NOT_A_NUMBER")]}
    if flaw := _flaw(parsed):
        return body | {"validation_errors": [flaw]}
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    body |= {
        "calling_country_code": str(parsed.country_code),
        "country_code": phonenumbers.region_code_for_number(parsed),
        "phone_number": e164,
        "national_format": phonenumbers.format_number(
            parsed, phonenumbers.PhoneNumberFormat.NATIONAL
        ),
        "valid": True,
        "url": f"{BASE}/{e164}",
    }
    if with_type:
        body["line_type_intelligence"] = _line_type(lines.find(e164))
    return body


def _flaw(number: phonenumbers.PhoneNumber) -> str | None:
    result = phonenumbers.is_possible_number_with_reason(number)
    if result != ValidationResult.IS_POSSIBLE:
        return _POSSIBLE.get(result, "INVALID_LENGTH")
    return None if phonenumbers.is_valid_number(number) else "INVALID_BUT_POSSIBLE"


def _line_type(line: TelephoneLine) -> dict[str, Any]:
    return {
        "type": line.type,
        "carrier_name": line.carrier_name,
        "mobile_country_code": line.mobile_country_code,
        "mobile_network_code": line.mobile_network_code,
        "error_code": line.error_code,
    }
