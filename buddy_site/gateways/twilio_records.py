"""Deletes what Twilio keeps of calls and messages.

https://www.twilio.com/docs/voice/api/call-resource#delete-a-call-resource and
https://www.twilio.com/docs/messaging/api/message-resource#delete-a-message-resource. A record is
deleted once it is complete; until then Twilio answers 409, and asking again helps.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]

from shared.errors import ProviderError
from shared.settings import Settings
from shared.twilio_transport import PROVIDER, UNANSWERED, TwilioRest, failure

NOT_FOUND: Final = 404
NOT_COMPLETE: Final = 409


class TwilioRecords:
    """What the vendor keeps of us."""

    def __init__(self, settings: Settings) -> None:
        self._rest = TwilioRest(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token.get_secret_value(),
            base_url=settings.twilio_base_url,
        )

    async def delete_call(self, call_sid: str) -> None:
        """Delete a call's record; one that is gone already is no failure."""
        await _delete(self._rest.client.calls(call_sid).delete_async(), "deleting a call")

    async def delete_message(self, message_sid: str) -> None:
        """Delete a message with its words; one that is gone already is no failure."""
        await _delete(self._rest.client.messages(message_sid).delete_async(), "deleting a message")

    async def close(self) -> None:
        await self._rest.close()


async def _delete(request: Awaitable[bool], doing: str) -> None:
    try:
        await request
    except TwilioRestException as error:
        if error.status == NOT_FOUND:
            return
        if error.status == NOT_COMPLETE:
            message = f"{doing} has to wait until it is complete"
            raise ProviderError(PROVIDER, message, retryable=True) from error
        raise failure(error, doing=doing) from error
    except UNANSWERED as error:
        raise failure(error, doing=doing) from error
