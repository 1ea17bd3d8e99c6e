"""Twilio's Verify and Lookup: sends codes, checks them, and knows what kind of line a number is.

https://www.twilio.com/docs/verify/api and https://www.twilio.com/docs/lookup/v2-api. What Twilio
refuses is a refusal of ours with words for it; where Twilio fails, `Unanswered` and `Busy` say
whether it may have acted all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable
from enum import StrEnum
from typing import Any, Final, Protocol

import aiohttp
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]

from shared.closing import Closing
from shared.domain.verification import Channel, LineType
from shared.domain.verification_refusals import (
    CountryNotServed,
    NumberBlocked,
    TextsNotReceived,
)
from shared.errors import DomainError, ProviderError
from shared.phone import InvalidPhoneNumber, PhoneNumber
from shared.settings import Settings
from shared.twilio_transport import PROVIDER, UNANSWERED, TwilioRest, failure

ANSWER_SECONDS = 8.0  # starting a call takes Twilio a second or two

# https://www.twilio.com/docs/verify/return-and-error-codes
REFUSALS: Final[dict[int, type[DomainError]]] = {
    21211: InvalidPhoneNumber,  # "Invalid 'To' phone number"
    21614: TextsNotReceived,  # "'To' number is not a valid mobile number"
    60200: InvalidPhoneNumber,  # "Invalid parameter": nothing else of ours varies
    60205: TextsNotReceived,  # "SMS is not supported by landline phone number"
    60238: NumberBlocked,  # "Verification creation attempt blocked by Twilio"
    60410: NumberBlocked,  # Fraud Guard's "Verification delivery attempt blocked"
    60605: CountryNotServed,  # the same, by geographic permissions
}
NOT_FOUND: Final = 20404
MAX_CHECKS: Final = 60202
MAX_SENDS: Final = 60203
BUSY: Final = frozenset({20429, MAX_CHECKS, MAX_SENDS, 60207, 60212})
TOO_MANY_REQUESTS: Final = 429
CODE_MINUTES: Final = 10  # Verify keeps a code, used up or not, for so long


class Checked(StrEnum):
    """What Verify says of a code."""

    RIGHT = "right"
    WRONG = "wrong"
    GONE = "gone"  # approved, expired, canceled or never there: Verify does not say which
    TOO_MANY = "too_many"


class Busy(ProviderError):
    """Twilio takes no more for now, and has done nothing."""

    def __init__(self, message: str, *, minutes: int = 1) -> None:
        super().__init__(PROVIDER, message, retryable=True)
        self.minutes = minutes  # until asking again can help


class Unreachable(Busy):
    """There was no way to Twilio, so it has done nothing."""


class Unanswered(ProviderError):
    """Twilio did not answer, or with an error of its own: it may have acted."""

    def __init__(self, message: str) -> None:
        super().__init__(PROVIDER, message, retryable=True)


class CodeVendor(Protocol):
    """Who sends codes and checks them."""

    async def line_type(self, number: PhoneNumber) -> LineType: ...

    async def start(self, number: PhoneNumber, channel: Channel) -> str: ...

    async def check(self, number: PhoneNumber, sid: str | None, code: str) -> Checked: ...

    async def cancel(self, sid: str) -> None: ...


class TwilioVerify(Closing):
    """The vendor itself."""

    def __init__(self, settings: Settings, *, timeout_seconds: float = ANSWER_SECONDS) -> None:
        self._service_sid = settings.twilio_verify_service_sid
        self._rest = TwilioRest(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            base_url=settings.twilio_base_url,
            timeout_seconds=timeout_seconds,
        )

    async def line_type(self, number: PhoneNumber) -> LineType:
        """Look up what kind of line it is; raise `InvalidPhoneNumber` if there is none."""
        asking = self._rest.client.lookups.v2.phone_numbers(number.e164).fetch_async(
            fields="line_type_intelligence"
        )
        found = await _answer(asking, doing="looking up a number")
        if not found.valid:
            raise InvalidPhoneNumber
        # Null where the package failed: https://www.twilio.com/docs/lookup/v2-api
        intelligence = found.line_type_intelligence or {}
        try:
            return LineType(intelligence.get("type") or LineType.UNKNOWN)
        except ValueError:  # a type that is newer than we are
            return LineType.UNKNOWN

    async def start(self, number: PhoneNumber, channel: Channel) -> str:
        """Send a code, or the running verification's once more; return the verification's id."""
        asking = self._service.verifications.create_async(to=number.e164, channel=channel.value)
        started = await _answer(asking, doing="sending a code")
        return str(started.sid)

    async def check(self, number: PhoneNumber, sid: str | None, code: str) -> Checked:
        """Check a code against a verification, or against whatever the number has."""
        which = {"verification_sid": sid} if sid is not None else {"to": number.e164}
        asking = self._service.verification_checks.create_async(code=code, **which)
        try:
            checked = await _answer(asking, doing="checking a code")
        except Busy as error:
            if _code(error.__cause__) == MAX_CHECKS:
                return Checked.TOO_MANY
            raise
        except _NotFound:
            return Checked.GONE
        return Checked.RIGHT if checked.status == "approved" else Checked.WRONG

    async def cancel(self, sid: str) -> None:
        """Make a verification's code void; one that is over already is no failure."""
        asking = self._service.verifications(sid).update_async(status="canceled")
        try:
            await _answer(asking, doing="canceling a code")
        except _NotFound:
            return

    async def close(self) -> None:
        await self._rest.close()

    @property
    def _service(self) -> Any:
        return self._rest.client.verify.v2.services(self._service_sid)


class _NotFound(ProviderError):
    """There is no such thing, or there is no longer."""


async def _answer(asking: Awaitable[Any], *, doing: str) -> Any:
    """Wait for Twilio's answer; raise what its refusal or failure means to us."""
    try:
        return await asking
    except UNANSWERED as error:
        code, status = _code(error), _status(error)
        meaning = failure(error, doing=doing)
        if code in REFUSALS:
            raise REFUSALS[code] from error
        if code == NOT_FOUND:
            raise _NotFound(PROVIDER, str(meaning), retryable=False) from error
        if isinstance(error, aiohttp.ClientConnectorError):
            raise Unreachable(str(meaning)) from error
        if code in BUSY or status == TOO_MANY_REQUESTS:
            minutes = CODE_MINUTES if code in (MAX_CHECKS, MAX_SENDS) else 1
            raise Busy(str(meaning), minutes=minutes) from error
        if meaning.retryable:
            raise Unanswered(str(meaning)) from error
        raise meaning from error


def _code(error: BaseException | None) -> int | None:
    return error.code if isinstance(error, TwilioRestException) else None


def _status(error: BaseException) -> int | None:
    return error.status if isinstance(error, TwilioRestException) else None
