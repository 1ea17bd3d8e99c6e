"""What arrived at telephones, and what they sent: the tester's view of every text and spoken code.

A vendor has no such thing. It is what `/messages` shows and `GET /_control/messages` returns,
newest first:

    {"id", "at", "direction": "to_phone" | "from_phone", "channel": "sms" | "call",
     "from", "to", "body", "code", "status", "sid"}

`code` is a verification's code, or null; `at` is the sandbox's own moment (ISO 8601, UTC); `sid`
the vendor's id of what it came from. `status` is `delivered`, or why nothing came.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

REMEMBERED = 1000

Direction = Literal["to_phone", "from_phone"]
Channel = Literal["sms", "call"]


@dataclass(slots=True)
class Letter:
    """One message, or one spoken code."""

    at: datetime
    direction: Direction
    channel: Channel
    sender: str
    to: str
    body: str
    sid: str
    code: str | None = None
    status: str = "delivered"
    id: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return it as `/_control/messages` shows it."""
        return {
            "id": self.id,
            "at": self.at.isoformat(timespec="milliseconds"),
            "direction": self.direction,
            "channel": self.channel,
            "from": self.sender,
            "to": self.to,
            "body": self.body,
            "code": self.code,
            "status": self.status,
            "sid": self.sid,
        }


class Mailbox:
    """All of them, oldest first."""

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque(maxlen=REMEMBERED)
        self._count = 0

    def put(self, letter: Letter) -> Letter:
        """Keep a letter and number it."""
        self._count += 1
        letter.id = self._count
        self._letters.append(letter)
        return letter

    def view(self, number: str | None = None) -> list[dict[str, Any]]:
        """Return what a number got and sent, or all there is, newest first."""
        return [
            letter.as_json()
            for letter in reversed(self._letters)
            if number is None or number in (letter.to, letter.sender)
        ]

    def reset(self) -> None:
        """Forget everything; numbers go on."""
        self._letters.clear()
