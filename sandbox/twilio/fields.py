"""The form fields that come with everything Twilio asks of a server.

https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application and, for status
callbacks, https://www.twilio.com/docs/voice/api/call-resource#statuscallback. Where a place is
not known its fields are there and blank, and they are signed like all others.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

import phonenumbers

API_VERSION: Final = "2010-04-01"
WITHHELD: Final = ("anonymous", "+266696687", "")  # the digits spell ANONYMOUS on a keypad

# City, state and zip of a few exchanges: enough to look real, and wrong for nobody who exists.
PLACES: Final = {
    "+1212": ("NEW YORK", "NY", "10001"),
    "+1415": ("SAN FRANCISCO", "CA", "94105"),
    "+1512": ("AUSTIN", "TX", "78701"),
    "+1617": ("BOSTON", "MA", "02108"),
}


@dataclass(frozen=True, slots=True)
class Parties:
    """Who calls whom."""

    caller: str
    called: str
    stir_verstat: str | None = "TN-Validation-Passed-A"
    caller_name: str | None = None
    forwarded_from: str | None = None

    @property
    def is_withheld(self) -> bool:
        """Whether the caller keeps the number back."""
        return self.caller in WITHHELD


def new_sid(prefix: str) -> str:
    """Return an id as Twilio makes them: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def call_fields(account_sid: str, call_sid: str, status: str, parties: Parties) -> dict[str, str]:
    """Return the fields of a request about a call."""
    fields = {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "CallSid": call_sid,
        "CallStatus": status,
        "CallToken": _call_token(call_sid),
        "Called": parties.called,
        "Caller": parties.caller,
        "Direction": "inbound",
        "From": parties.caller,
        "To": parties.called,
    }
    for side, number in (
        ("Called", parties.called),
        ("To", parties.called),
        ("Caller", parties.caller),
        ("From", parties.caller),
    ):
        fields |= places(side, number)
    if parties.stir_verstat and not parties.is_withheld:
        fields["StirVerstat"] = parties.stir_verstat
    if parties.caller_name is not None:
        fields["CallerName"] = parties.caller_name
    if parties.forwarded_from is not None:
        fields["ForwardedFrom"] = parties.forwarded_from
    return fields


def places(side: str, number: str) -> dict[str, str]:
    """Return where a number is: four fields, blank where that is not known."""
    city, state, zip_code = PLACES.get(number[:5], ("", "", ""))
    return {
        f"{side}City": city,
        f"{side}Country": _country(number),
        f"{side}State": state,
        f"{side}Zip": zip_code,
    }


def status_fields(
    fields: dict[str, str], *, sequence_number: int, seconds: int | None
) -> dict[str, str]:
    """Return a call's fields as a status callback carries them.

    `CallDuration` (seconds) and `Duration` (minutes begun) come with the last one only.
    """
    carried = {name: value for name, value in fields.items() if name != "CallToken"}
    carried |= {
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence_number),
        "Timestamp": rfc2822(datetime.now(UTC)),
    }
    if seconds is not None:
        carried |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
    return carried


def rfc2822(moment: datetime) -> str:
    """Return a moment as the REST API and status callbacks write it."""
    return format_datetime(moment)


def _country(number: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


def _call_token(call_sid: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"callSid": call_sid}).encode()).decode()
    token = {"parentCallInfoToken": f"e30.{claims.rstrip('=')}.sandbox", "identityHeaderTokens": []}
    return json.dumps(token, separators=(",", ":"))
