"""One Messaging Service: sends texts, tells what became of them, takes what telephones write.

https://www.twilio.com/docs/messaging/services. A message goes from `accepted` (or `queued`, where
the sender is named) over `sent` to `delivered`, or to `undelivered` with 30006 where the line is
no mobile one and 30003 where the telephone is off; every step is told to the status callback
(https://www.twilio.com/docs/messaging/guides/track-outbound-message-status), signed. What a phone
writes is told to the webhook (https://www.twilio.com/docs/messaging/guides/webhook-request), whose
TwiML may answer it. Keywords are `keywords.py`'s.

    POST /_phone/messages  {"from", "body", "to"?}          a telephone writes
    POST /_control/seed    {"messaging": {"inbound_request_url", "status_callback",
                            "allowed_countries", "stop_reply", "start_reply", "help_reply"}}
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any, Final

import phonenumbers

from sandbox.config import SandboxConfig
from sandbox.control import Control, InjectedDisconnect, InjectedStatus
from sandbox.twilio.answers import Refusal
from sandbox.twilio.errors import CallProblem
from sandbox.twilio.fields import API_VERSION, places
from sandbox.twilio.keywords import OptOuts, OptOutType, opt_out_type
from sandbox.twilio.lines import Lines
from sandbox.twilio.mailbox import Letter, Mailbox
from sandbox.twilio.messaging_service import MessagingService
from sandbox.twilio.texts import LONGEST_BODY, Text, Texts, segments
from sandbox.twilio.twiml import read_replies
from sandbox.twilio.webhooks import Webhooks

STEP_SECONDS: Final = 0.02  # between two states of a message


class Messaging:
    """The account's only Messaging Service, with the account's only number in it."""

    def __init__(
        self,
        config: SandboxConfig,
        *,
        control: Control,
        lines: Lines,
        mailbox: Mailbox,
        now: Callable[[], datetime],
        run_aside: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self.texts = Texts()
        self.opt_outs = OptOuts()
        self.service = MessagingService(config.messaging_service_sid, config.sms_url)
        self.webhooks: Webhooks | None = None
        self._usual = self.service
        self._config = config
        self._control = control
        self._lines = lines
        self._mailbox = mailbox
        self._now = now
        self._run_aside = run_aside

    def reset(self) -> None:
        """Forget all messages and opt-outs and go back to the usual settings."""
        self.texts.reset()
        self.opt_outs.reset()
        self.service = self._usual

    def seed(self, settings: Mapping[str, Any]) -> None:
        """Change the service's settings."""
        self.service = self.service.changed(settings)

    def send(self, form: Mapping[str, str]) -> Text:
        """Take a message to send; raise `Refusal` where Twilio would not."""
        to, body = form.get("To", ""), form.get("Body", "")
        sender, service_sid = form.get("From"), form.get("MessagingServiceSid")
        self._want_sender(sender, service_sid)
        self._want_recipient(to)
        if not body:
            raise Refusal(400, 21602, "Message body is required.")
        if len(body) > LONGEST_BODY:
            raise Refusal(400, 21617, "The concatenated message body exceeds the 1600 characters.")
        if to in self.opt_outs:
            # https://www.twilio.com/docs/api/errors/21610
            raise Refusal(400, 21610, "Attempt to send to unsubscribed recipient")
        callback = form.get("StatusCallback")
        if service_sid is not None:
            callback = callback or self.service.status_callback
        text = Text(
            self._config.account_sid,
            "outbound-api",
            sender,
            to,
            body,
            self._now(),
            "queued" if sender else "accepted",
            service_sid=service_sid,
            status_callback=callback,
        )
        self._dispatch(text)
        return text

    def receive(self, sender: str, to: str, body: str) -> Text:
        """Take what a telephone wrote, answer its keywords, and tell the webhook."""
        text = Text(
            self._config.account_sid,
            "inbound",
            sender,
            to,
            body,
            self._now(),
            "received",
            service_sid=self.service.sid,
            sent_at=self._now(),
        )
        self.texts.add(text)
        self._put(text, "from_phone")
        keyword = opt_out_type(body)
        if keyword is not None and self.opt_outs.take(sender, keyword):
            self._reply(text, self.service.reply_to(keyword))
        self._run_aside(self._tell_webhook(text, keyword))
        return text

    def _want_sender(self, sender: str | None, service_sid: str | None) -> None:
        if sender is None and service_sid is None:
            raise Refusal(400, 21603, "A 'From' phone number is required.")
        if service_sid not in (None, self.service.sid):
            raise Refusal(404, 20404, "no such service")
        if sender not in (None, self._config.phone_number):
            # https://www.twilio.com/docs/api/errors/21606
            sentence = "is not a valid, SMS-capable inbound phone number for your account"
            raise Refusal(400, 21606, f"The 'From' phone number {sender} {sentence}.")

    def _want_recipient(self, to: str) -> None:
        if not to:
            raise Refusal(400, 21604, "A 'To' phone number is required.")
        try:
            number = phonenumbers.parse(to)
        except phonenumbers.NumberParseException:
            number = phonenumbers.PhoneNumber()
        if not to.startswith("+") or not phonenumbers.is_valid_number(number):
            # https://www.twilio.com/docs/api/errors/21211
            raise Refusal(400, 21211, f"Invalid 'To' Phone Number: {to}")
        if phonenumbers.region_code_for_number(number) not in self.service.allowed_countries:
            # https://www.twilio.com/docs/api/errors/21408
            sentence = "Permission to send an SMS has not been enabled for the region"
            raise Refusal(400, 21408, f"{sentence} indicated by the 'To' number: {to}.")

    def _reply(self, asked: Text, body: str) -> None:
        text = Text(
            asked.account_sid,
            "outbound-reply",
            asked.to,
            asked.sender or "",
            body,
            self._now(),
            "queued",
            service_sid=asked.service_sid,
            status_callback=self.service.status_callback,
        )
        self._dispatch(text)

    def _dispatch(self, text: Text) -> None:
        self.texts.add(text)
        self._run_aside(self._deliver(text, self._put(text, "to_phone")))

    def _put(self, text: Text, direction: Any) -> Letter:
        return self._mailbox.put(
            Letter(
                at=text.created_at,
                direction=direction,
                channel="sms",
                sender=text.sender or self._config.phone_number,
                to=text.to,
                body=text.body,
                sid=text.sid,
                status=text.status,
            )
        )

    async def _deliver(self, text: Text, letter: Letter) -> None:
        line = self._lines.find(text.to)
        last = "delivered"
        if not line.takes_texts:
            last, error_code = "undelivered", 30006
        elif not line.is_reachable:
            last, error_code = "undelivered", 30003
        else:
            error_code = None
        for status in ("queued", "sent", last):
            await asyncio.sleep(STEP_SECONDS)
            text.sender = text.sender or self._config.phone_number
            text.status = letter.status = status
            text.updated_at = self._now()
            if status == "sent":
                text.sent_at = text.updated_at
            if status == last:
                text.error_code = error_code
            await self._tell_status(text)

    async def _tell_status(self, text: Text) -> None:
        if text.status_callback is None:
            return
        carried = {
            "AccountSid": text.account_sid,
            "ApiVersion": API_VERSION,
            "From": text.sender or "",
            "MessageSid": text.sid,
            "MessageStatus": text.status,
            "SmsSid": text.sid,
            "SmsStatus": text.status,
            "To": text.to,
        }
        if text.service_sid is not None:
            carried["MessagingServiceSid"] = text.service_sid
        if text.error_code is not None:
            carried["ErrorCode"] = str(text.error_code)
        details = {"message_sid": text.sid, "url": text.status_callback, "status": text.status}
        try:
            await self._control.before("message_status")
            if self.webhooks is not None:
                answered = await self.webhooks.notify(text.status_callback, carried)
                self._control.record("message_status", answered=answered, **details)
        except (CallProblem, InjectedDisconnect, InjectedStatus) as lost:
            self._control.record("message_status", lost=str(lost), **details)

    async def _tell_webhook(self, text: Text, keyword: OptOutType | None) -> None:
        url = self.service.inbound_request_url
        if url is None or self.webhooks is None:
            return
        details = {"message_sid": text.sid, "url": url, "keyword": keyword}
        try:
            await self._control.before("message_webhook")
            answer = await self.webhooks.message_twiml(url, inbound_fields(text, keyword))
            replies = read_replies(answer)
        except (CallProblem, InjectedDisconnect, InjectedStatus) as problem:
            self._control.record("message_webhook", lost=str(problem), **details)
            return
        self._control.record("message_webhook", replies=len(replies), **details)
        for body in replies:
            if (text.sender or "") not in self.opt_outs:  # 21610 for whoever just left
                self._reply(text, body)


def inbound_fields(text: Text, keyword: OptOutType | None) -> dict[str, str]:
    """Return the form fields that tell of a message from a phone.

    https://www.twilio.com/docs/messaging/guides/webhook-request
    """
    carried = {
        "AccountSid": text.account_sid,
        "ApiVersion": API_VERSION,
        "Body": text.body,
        "From": text.sender or "",
        "MessageSid": text.sid,
        "MessagingServiceSid": text.service_sid or "",
        "NumMedia": "0",
        "NumSegments": str(segments(text.body)),
        "SmsMessageSid": text.sid,
        "SmsSid": text.sid,
        "SmsStatus": "received",
        "To": text.to,
        **places("From", text.sender or ""),
        **places("To", text.to),
    }
    if keyword is not None:
        carried["OptOutType"] = keyword.value
    return carried
