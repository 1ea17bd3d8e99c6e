"""What the voice service asks of Twilio's REST API, and Twilio's signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from shared.closing import Closing
from shared.services.calls import TERMINAL_STATUSES
from shared.twilio_transport import UNANSWERED, TwilioRest, failure

SIGNATURE_HEADER: Final = "X-Twilio-Signature"

_NOT_FOUND: Final = 20404
_NOT_IN_PROGRESS: Final = 21220  # the call has ended: nothing is left to hang up


class TwilioCallControl(Closing):
    """Acts on running calls."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        base_url: str | None = None,
        timeout_seconds: float = 5.0,
    ) -> None:
        self._rest = TwilioRest(
            account_sid=account_sid,
            auth_token=auth_token,
            base_url=base_url,
            timeout_seconds=timeout_seconds,
        )

    async def hang_up(self, call_sid: str) -> None:
        """End the call; one that has ended already is no failure."""
        try:
            await self._rest.client.calls(call_sid).update_async(status="completed")
        except UNANSWERED as error:
            code = error.code if isinstance(error, TwilioRestException) else None
            if code not in (_NOT_FOUND, _NOT_IN_PROGRESS):
                raise failure(error, doing="hanging up") from error

    async def is_over(self, call_sid: str) -> bool:
        """Ask for the call; https://www.twilio.com/docs/voice/api/call-resource#fetch-a-call-resource."""
        try:
            call = await self._rest.client.calls(call_sid).fetch_async()
        except UNANSWERED as error:
            if isinstance(error, TwilioRestException) and error.code == _NOT_FOUND:
                return True
            raise failure(error, doing="asking for a call") from error
        return call.status in TERMINAL_STATUSES

    async def close(self) -> None:
        await self._rest.close()


class SignatureValidator:
    """Tells whether a request really comes from Twilio.

    `url` is the public address that Twilio was given, never what a proxy passed on; `params` are
    the form's fields, blank ones included, or nothing for a websocket's handshake.
    """

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)

    def is_signed(self, url: str, params: Mapping[str, str], signature: str | None) -> bool:
        return bool(signature) and bool(self._validator.validate(url, params, signature))
