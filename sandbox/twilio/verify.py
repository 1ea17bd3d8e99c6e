"""Twilio's Verify v2, as far as a phone number is verified with it.

https://www.twilio.com/docs/verify/api/verification and …/verification-check, below `/verify`, the
first part of Twilio's host name. The text follows the template for domain-bound codes
(https://www.twilio.com/en-us/blog/domain-bound-sms-otps-verify). Codes are read at `/messages`.

    POST /_control/seed    {"verify": {"allowed_countries": ["US"], "fraud_prefixes": ["+1415"], …}}
    POST /_control/verify  {"refuse": 60410, "on"?: "start" | "check" | "fetch" | "update",
                            "to"?: one number, "times"?: 1}     answer so, in Verify's own numbers
                           {"to", "status": "expired" | "failed" | …}     the running verification
                           {"to", "code": "123456"}                       the next new one's code

Two starts at once for one number are refused with 60212, as
https://www.twilio.com/docs/api/errors/60212 warns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from quart import Blueprint, request

from sandbox.config import SandboxConfig
from sandbox.control import Control
from sandbox.twilio.answers import Refusal, vendor_api
from sandbox.twilio.lines import Lines
from sandbox.twilio.mailbox import Letter, Mailbox
from sandbox.twilio.verifications import (
    REFUSALS,
    Verification,
    Verifications,
    VerifyService,
    refusal,
)

BASE: Final = "https://verify.twilio.com/v2/Services"
SENDER: Final = "Twilio Verify"  # Twilio chooses a number of its own; nobody is told which
CHANNELS: Final = ("sms", "call")
OTHER_CHANNELS: Final = ("email", "whatsapp", "sna", "rcs", "auto")
SHORTEST_CODE, LONGEST_CODE = 4, 10
# What a service must have been set up for; nobody here has.
NOT_BUILT: Final = ("CustomCode", "CustomMessage", "RateLimits", "TemplateSid", "Amount", "Payee")
OPERATIONS: Final = ("start", "check", "fetch", "update")


@dataclass(slots=True)
class _Planned:
    """A refusal that was asked for."""

    code: int
    operation: str
    to: str | None
    times: int


class Verify:
    """One account's only Verify service."""

    def __init__(
        self,
        config: SandboxConfig,
        *,
        now: Callable[[], datetime],
        lines: Lines,
        mailbox: Mailbox,
    ) -> None:
        service = VerifyService(config.verify_service_sid, domain=config.site_host)
        self.verifications = Verifications(service, now, lines, self._send)
        self.in_flight: set[str] = set()
        self._now = now
        self._mailbox = mailbox
        self._planned: list[_Planned] = []

    def reset(self) -> None:
        """Forget everything."""
        self.verifications.reset()
        self._planned.clear()

    def seed(self, settings: Mapping[str, Any]) -> None:
        """Change the service's settings."""
        verifications = self.verifications
        verifications.service = verifications.service.changed(settings)

    def steer(self, body: Mapping[str, Any]) -> None:
        """Take what `/_control/verify` was sent; raise `ValueError` at what it can't be."""
        match dict(body):
            case {"refuse": int(code), **rest}:
                self._plan(code, **rest)
            case {"to": str(to), "status": str(status), **rest} if not rest:
                self.verifications.force(to, status)
            case {"to": str(to), "code": str(code), **rest} if not rest:
                self.verifications.set_next_code(to, code)
            case _:
                message = 'send {"refuse": a code}, {"to", "status"} or {"to", "code"}'
                raise ValueError(message)

    def want_service(self, sid: str) -> None:
        """Raise `Refusal` where the account has no such service."""
        if sid != self.verifications.service.sid:
            raise refusal(20404)

    def refuse_if_planned(self, operation: str, to: str | None = None) -> None:
        """Raise the refusal that was asked for, if any."""
        for planned in self._planned:
            if planned.operation == operation and planned.to in (None, to):
                planned.times -= 1
                if planned.times <= 0:
                    self._planned.remove(planned)
                raise refusal(planned.code)

    def _plan(self, code: int, on: str = "start", to: str | None = None, times: int = 1) -> None:
        if code not in REFUSALS or on not in OPERATIONS:
            known = ", ".join(map(str, REFUSALS))
            message = f"refuse one of {known} on one of {', '.join(OPERATIONS)}"
            raise ValueError(message)
        self._planned.append(_Planned(code, on, to, times))

    def _send(self, verification: Verification, name: str) -> None:
        code = verification.code
        domain = self.verifications.service.domain
        is_spoken = verification.channel == "call"
        text = f"{code} is your {name} code.\n\n@{domain} #{code}"
        speech = f"Spoken call: your {name} code is {' '.join(code)}. Again: {' '.join(code)}."
        self._mailbox.put(
            Letter(
                at=self._now(),
                direction="to_phone",
                channel="call" if is_spoken else "sms",
                sender=SENDER,
                to=verification.to,
                body=speech if is_spoken else text,
                sid=verification.sid,
                code=code,
            )
        )


def verify_api(config: SandboxConfig, control: Control, verify: Verify) -> Blueprint:
    """Return the routes of Verify v2."""
    api = vendor_api("verify_api", "/verify/v2/Services/<service_sid>", config)
    verifications = verify.verifications

    @api.post("/Verifications")
    async def start(service_sid: str) -> Any:
        verify.want_service(service_sid)
        form = await request.form
        to = form.get("To", "")
        if to in verify.in_flight:
            raise refusal(60212)
        verify.in_flight.add(to)
        try:
            await control.before("verify.start")
            verify.refuse_if_planned("start", to)
            return _resource(_start(verifications, form), config), 201
        finally:
            verify.in_flight.discard(to)

    @api.get("/Verifications/<sid>")
    async def fetch(service_sid: str, sid: str) -> Any:
        verify.want_service(service_sid)
        await control.before("verify.fetch")
        verify.refuse_if_planned("fetch")
        return _resource(verifications.fetch(sid), config)

    @api.post("/Verifications/<sid>")
    async def update(service_sid: str, sid: str) -> Any:
        verify.want_service(service_sid)
        await control.before("verify.update")
        verify.refuse_if_planned("update")
        form = await request.form
        return _resource(verifications.update(sid, form.get("Status", "")), config)

    @api.post("/VerificationCheck")
    async def check(service_sid: str) -> Any:
        verify.want_service(service_sid)
        form = await request.form
        to, sid, code = form.get("To"), form.get("VerificationSid"), form.get("Code", "")
        await control.before("verify.check")
        verify.refuse_if_planned("check", to)
        if (to is None) == (sid is None):
            raise refusal(60200, "one of To and VerificationSid")
        if not SHORTEST_CODE <= len(code) <= LONGEST_CODE:
            raise refusal(60200, "Code")
        return _check_resource(verifications.check(code, to=to, sid=sid), config)

    return api


def _start(verifications: Verifications, form: Mapping[str, str]) -> Verification:
    channel = form.get("Channel", "")
    if channel in OTHER_CHANNELS:
        raise Refusal(501, 501, f"The sandbox verifies by sms and call, not by {channel}.")
    if channel not in CHANNELS:
        raise refusal(60200, f"Channel={channel}")
    for name in NOT_BUILT:
        if name in form:
            raise Refusal(501, 501, f"The sandbox has not built Verify's {name}.")
    return verifications.start(
        form.get("To", ""),
        channel,
        risk_check=form.get("RiskCheck") != "disable",
        name=form.get("CustomFriendlyName"),
    )


def _resource(verification: Verification, config: SandboxConfig) -> dict[str, Any]:
    service_sid = verification.service_sid
    return {
        "sid": verification.sid,
        "service_sid": service_sid,
        "account_sid": config.account_sid,
        "to": verification.to,
        "channel": verification.channel,
        "status": verification.status,
        "valid": verification.is_valid,
        "date_created": _moment(verification.created_at),
        "date_updated": _moment(verification.updated_at),
        "lookup": {},
        "amount": None,
        "payee": None,
        "send_code_attempts": [
            {"time": _moment(sent.at), "channel": sent.channel.upper(), "attempt_sid": sent.sid}
            for sent in verification.attempts
        ],
        "sna": None,
        "url": f"{BASE}/{service_sid}/Verifications/{verification.sid}",
    }


def _check_resource(verification: Verification, config: SandboxConfig) -> dict[str, Any]:
    return {
        "sid": verification.sid,
        "service_sid": verification.service_sid,
        "account_sid": config.account_sid,
        "to": verification.to,
        "channel": verification.channel,
        "status": "approved" if verification.is_valid else "pending",
        "valid": verification.is_valid,
        "amount": None,
        "payee": None,
        "sna_attempts_error_codes": [],
        "date_created": _moment(verification.created_at),
        "date_updated": _moment(verification.updated_at),
    }


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
