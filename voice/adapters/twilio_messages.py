"""Text messages through Twilio's Messages API, sent by the installation's Messaging Service.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
"""

from __future__ import annotations

from typing import Final

from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]

from shared.closing import Closing
from shared.twilio_transport import UNANSWERED, TwilioRest, failure
from voice.ports import RecipientOptedOut, SentText

# https://www.twilio.com/docs/api/errors/21610
_OPTED_OUT: Final = 21610


class TwilioTextMessages(Closing):
    """Sends texts."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        service_sid: str,
        base_url: str | None = None,
        timeout_seconds: float = 5.0,
    ) -> None:
        self._service_sid = service_sid
        self._rest = TwilioRest(
            account_sid=account_sid,
            auth_token=auth_token,
            base_url=base_url,
            timeout_seconds=timeout_seconds,
        )

    async def send(self, to: str, body: str, *, status_url: str) -> SentText:
        try:
            message = await self._rest.client.messages.create_async(
                to=to,
                body=body,
                messaging_service_sid=self._service_sid,
                status_callback=status_url,
            )
        except UNANSWERED as error:
            if isinstance(error, TwilioRestException) and error.code == _OPTED_OUT:
                raise RecipientOptedOut from error
            raise failure(error, doing="sending a text") from error
        return SentText(str(message.sid), str(message.status))

    async def close(self) -> None:
        await self._rest.close()
