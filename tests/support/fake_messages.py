"""An in-process double of the port that sends texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from shared.errors import ProviderError
from tests.support.fake_line import FAKE
from voice.ports import RecipientOptedOut, SentText


@dataclass(frozen=True, slots=True)
class FakeText:
    """A text that was taken."""

    to: str
    body: str
    status_url: str


@dataclass(slots=True)
class FakeTextMessages:
    """Takes texts; refuses those who opted out, and fails as often as told."""

    sent: list[FakeText] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)
    failures: int = 0  # so many of the next attempts fail
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def send(self, to: str, body: str, *, status_url: str) -> SentText:
        if self.failures:
            self.failures -= 1
            raise ProviderError(FAKE, "scripted failure", retryable=True)
        if to in self.opted_out:
            raise RecipientOptedOut
        self.sent.append(FakeText(to, body, status_url))
        return SentText(f"SM{next(self._numbers):032x}", "accepted")
