"""Text messages as the Messages resource keeps them.

https://www.twilio.com/docs/messaging/api/message-resource. How many segments a text takes is
https://www.twilio.com/docs/glossary/what-sms-character-limit: 160 letters of GSM-7 or 70 of
anything else, and a few less each where there are several.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from sandbox.twilio.answers import Refusal
from sandbox.twilio.fields import API_VERSION, new_sid, rfc2822

REMEMBERED: Final = 2000
FINAL: Final = ("delivered", "undelivered", "failed", "received")
LONGEST_BODY: Final = 1600
GSM_7: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_TWICE: Final = frozenset("^{}\\[~]|€\f")  # these take two places
ERRORS: Final = {  # https://www.twilio.com/docs/api/errors
    30003: "Unreachable destination handset",
    30006: "Landline or unreachable carrier",
}

TextDirection = Literal["inbound", "outbound-api", "outbound-reply"]


@dataclass(slots=True)
class Text:
    """One message."""

    account_sid: str
    direction: TextDirection
    sender: str | None  # None: the Messaging Service has not chosen yet
    to: str
    body: str
    created_at: datetime
    status: str
    service_sid: str | None = None
    status_callback: str | None = None
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    error_code: int | None = None
    sid: str = field(default_factory=lambda: new_sid("SM"))

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in FINAL

    def as_json(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        uri = f"/{API_VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}"
        return {
            "account_sid": self.account_sid,
            "api_version": API_VERSION,
            "body": self.body,
            "date_created": rfc2822(self.created_at),
            "date_sent": None if self.sent_at is None else rfc2822(self.sent_at),
            "date_updated": rfc2822(self.updated_at or self.created_at),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None if self.error_code is None else ERRORS[self.error_code],
            "from": self.sender,
            "messaging_service_sid": self.service_sid,
            "num_media": "0",
            "num_segments": str(segments(self.body)),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }


def segments(body: str) -> int:
    """Return how many messages a text is sent as."""
    if GSM_7.union(GSM_7_TWICE).issuperset(body):
        places = len(body) + sum(letter in GSM_7_TWICE for letter in body)
        single, several = 160, 153
    else:
        places = len(body.encode("utf-16-le")) // 2
        single, several = 70, 67
    return 1 if places <= single else -(-places // several)


class Texts:
    """All messages, oldest first."""

    def __init__(self) -> None:
        self._texts: dict[str, Text] = {}

    def add(self, text: Text) -> None:
        """Keep a message; the oldest gives way where there are too many."""
        self._texts[text.sid] = text
        if len(self._texts) > REMEMBERED:
            del self._texts[next(iter(self._texts))]

    def find(self, sid: str) -> Text:
        """Return a message; raise `Refusal` where there is none."""
        if sid not in self._texts:
            raise Refusal(404, 20404, "no such message")
        return self._texts[sid]

    def delete(self, sid: str) -> None:
        """Forget a message."""
        del self._texts[sid]

    def newest_first(self, *, to: str | None, sender: str | None) -> list[Text]:
        """Return the messages to a number and from one, or all."""
        return [
            text
            for text in reversed(self._texts.values())
            if to in (None, text.to) and sender in (None, text.sender)
        ]

    def reset(self) -> None:
        """Forget all of them."""
        self._texts.clear()
