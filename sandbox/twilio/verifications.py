"""Verifications: one code for one number, ten minutes, five sends, five checks.

https://www.twilio.com/docs/verify/api/verification and …/verification-check. A start within the
ten minutes sends the same code under the same SID
(https://www.twilio.com/docs/verify/api/rate-limits-and-timeouts). A wrong code is no error: the
check answers `pending`, `valid` false. Approved, expired, canceled and unknown ones are gone: 404
with 20404. The sixth check is refused with 60202 until the ten minutes are over, and so is
another start (https://www.twilio.com/docs/api/errors/60202); the sixth send with 60203.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

import phonenumbers

from sandbox.twilio.answers import Refusal
from sandbox.twilio.fields import new_sid
from sandbox.twilio.lines import Lines

LIFETIME: Final = timedelta(minutes=10)
MOST_SENDS: Final = 5
MOST_CHECKS: Final = 5
# Every refusal that can be asked for: its status and its sentence.
# https://www.twilio.com/docs/verify/return-and-error-codes
REFUSALS: Final = {
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too many requests"),
    60200: (400, "Invalid parameter"),
    60202: (429, "Max check attempts reached"),
    60203: (429, "Max send attempts reached"),
    60205: (403, "SMS is not supported by landline phone number"),
    60207: (429, "Max rate limits per service reached"),
    60212: (429, "Too many concurrent requests for phone number"),
    60238: (403, "Verification creation attempt blocked by Twilio"),
    60410: (403, "Verification delivery attempt blocked"),
    60605: (403, "Verification delivery attempt blocked"),
}
FORCED: Final = ("approved", "canceled", "deleted", "expired", "failed", "max_attempts_reached")


def refusal(code: int, detail: str = "") -> Refusal:
    """Return one of Verify's own refusals."""
    status, sentence = REFUSALS[code]
    return Refusal(status, code, f"{sentence}: {detail}" if detail else sentence)


@dataclass(frozen=True, slots=True)
class VerifyService:
    """A service's settings (https://www.twilio.com/docs/verify/api/service)."""

    sid: str
    friendly_name: str = "GoToBuddy"
    domain: str = "localhost"  # of the template with a domain-bound code
    code_length: int = 6
    skip_sms_to_landlines: bool = True
    allowed_countries: tuple[str, ...] = ("US", "CA")  # Verify Geo Permissions
    fraud_prefixes: tuple[str, ...] = ()  # what Fraud Guard blocks at the moment

    def changed(self, seed: Mapping[str, Any]) -> Self:
        """Return it with other settings; raise `ValueError` at what it does not have."""
        if unknown := seed.keys() - {entry.name for entry in fields(self)}:
            message = f"a Verify service has no {', '.join(sorted(unknown))}"
            raise ValueError(message)
        lists = ("allowed_countries", "fraud_prefixes")
        options: dict[str, Any] = {
            name: tuple(v) if name in lists else v for name, v in seed.items()
        }
        return replace(self, **options)


@dataclass(slots=True)
class Attempt:
    """One time the code was sent."""

    at: datetime
    channel: str
    sid: str


@dataclass(slots=True)
class Verification:
    """One of them."""

    sid: str
    service_sid: str
    to: str
    channel: str
    code: str
    created_at: datetime
    updated_at: datetime
    status: str = "pending"
    attempts: list[Attempt] = field(default_factory=list)
    checks: int = 0

    @property
    def is_valid(self) -> bool:
        """Whether the right code came."""
        return self.status == "approved"


Send = Callable[[Verification, str], None]  # a verification and the name it goes by


class Verifications:
    """All verifications of one service."""

    def __init__(
        self, service: VerifyService, now: Callable[[], datetime], lines: Lines, send: Send
    ) -> None:
        self.service = service
        self._usual = service
        self._now = now
        self._lines = lines
        self._send = send
        self._all: dict[str, Verification] = {}
        self._current: dict[str, Verification] = {}  # by number
        self._next_codes: dict[str, str] = {}

    def reset(self) -> None:
        """Forget everything and go back to the usual settings."""
        self.service = self._usual
        self._all.clear()
        self._current.clear()
        self._next_codes.clear()

    def start(
        self, to: str, channel: str, *, risk_check: bool = True, name: str | None = None
    ) -> Verification:
        """Send a code; raise `Refusal` where Verify would not."""
        self._want_number(to)
        self._want_deliverable(to, channel, risk_check=risk_check)
        now = self._now()
        verification = self._pending(to)
        if verification is not None and verification.status == "max_attempts_reached":
            raise refusal(60202)
        if verification is None:
            verification = Verification(
                new_sid("VE"), self.service.sid, to, channel, self._new_code(to), now, now
            )
            self._all[verification.sid] = self._current[to] = verification
        elif len(verification.attempts) >= MOST_SENDS:
            raise refusal(60203)
        verification.channel, verification.updated_at = channel, now
        verification.attempts.append(Attempt(now, channel, new_sid("VL")))
        self._send(verification, name or self.service.friendly_name)
        return verification

    def check(self, code: str, *, to: str | None, sid: str | None) -> Verification:
        """Compare a code; raise `Refusal` where there is nothing to compare it with."""
        verification = self._pending(to or "") if sid is None else self.fetch(sid)
        if verification is None:
            raise refusal(20404)
        if verification.status == "max_attempts_reached":
            raise refusal(60202)
        verification.checks += 1
        verification.updated_at = self._now()
        if secrets.compare_digest(code.encode(), verification.code.encode()):
            verification.status = "approved"
        elif verification.checks >= MOST_CHECKS:
            verification.status = "max_attempts_reached"
        return verification

    def fetch(self, sid: str) -> Verification:
        """Return a verification that is not over; raise `Refusal` for any other."""
        verification = self._all.get(sid)
        if verification is None or self._pending(verification.to) is not verification:
            raise refusal(20404)
        return verification

    def update(self, sid: str, status: str) -> Verification:
        """Approve or cancel a verification that is not over."""
        verification = self.fetch(sid)
        if status not in ("canceled", "approved"):
            raise refusal(60200, f"Status={status}")
        verification.status, verification.updated_at = status, self._now()
        return verification

    def force(self, to: str, status: str) -> None:
        """Bring the number's verification into a state; raise `ValueError` where that can't be."""
        verification = self._current.get(to)
        if verification is None or status not in FORCED:
            message = f"{to} has no verification that could be {status}"
            raise ValueError(message)
        verification.status, verification.updated_at = status, self._now()

    def set_next_code(self, to: str, code: str) -> None:
        """Say which code the number gets next."""
        self._next_codes[to] = code

    def _pending(self, to: str) -> Verification | None:
        """Return the number's verification, unless it is over."""
        verification = self._current.get(to)
        if verification is None:
            return None
        if verification.status == "pending" and self._is_past(verification):
            verification.status = "expired"
        is_locked = verification.status == "max_attempts_reached" and not self._is_past(
            verification
        )
        return verification if is_locked or verification.status == "pending" else None

    def _is_past(self, verification: Verification) -> bool:
        return self._now() >= verification.created_at + LIFETIME

    def _new_code(self, to: str) -> str:
        length = self.service.code_length
        return self._next_codes.pop(to, None) or f"{secrets.randbelow(10**length):0{length}}"

    def _want_number(self, to: str) -> None:
        try:
            is_number = to.startswith("+") and phonenumbers.is_valid_number(phonenumbers.parse(to))
        except phonenumbers.NumberParseException:
            is_number = False
        if not is_number:
            raise refusal(60200, f"To={to}")

    def _want_deliverable(self, to: str, channel: str, *, risk_check: bool) -> None:
        service = self.service
        country = phonenumbers.region_code_for_number(phonenumbers.parse(to))
        if country not in service.allowed_countries:
            raise refusal(60605)
        if channel != "sms":
            return
        if risk_check and to.startswith(service.fraud_prefixes):
            raise refusal(60410)
        if service.skip_sms_to_landlines and not self._lines.find(to).takes_texts:
            raise refusal(60205)
