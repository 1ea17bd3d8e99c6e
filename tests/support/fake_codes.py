"""Twilio's Verify and Lookup inside a test: sends nothing, remembers everything.

The codes of a number follow from nothing a caller knows but `code_of`; time does not pass here,
so nothing expires unless a test says so with `forget`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from buddy_site.gateways.twilio_verify import Checked
from shared.domain.verification import Channel, LineType
from shared.phone import PhoneNumber

MOST_CHECKS = 5


@dataclass
class _Code:
    """One number's running verification."""

    sid: str
    number: PhoneNumber
    digits: str
    checks: int = 0


@dataclass
class FakeCodes:
    """Who sends codes and checks them, as Twilio does."""

    line_types: dict[PhoneNumber, LineType] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    sent: list[tuple[PhoneNumber, Channel]] = field(default_factory=list)
    canceled: list[str] = field(default_factory=list)
    # Raised by the next calls of this name, before they do anything.
    failures: defaultdict[str, deque[Exception]] = field(default_factory=lambda: defaultdict(deque))
    # Raised by the next calls of this name, after they did what they were asked for.
    lost_answers: defaultdict[str, deque[Exception]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    _running: dict[PhoneNumber, _Code] = field(default_factory=dict)
    _held: asyncio.Event | None = None
    _waits: asyncio.Event = field(default_factory=asyncio.Event)

    def code_of(self, number: PhoneNumber) -> str:
        """Return the digits that the number was sent."""
        return self._running[number].digits

    def wrong_code_of(self, number: PhoneNumber) -> str:
        """Return six digits that are not the number's."""
        return f"{(int(self.code_of(number)) + 1) % 10**6:06}"

    def forget(self, number: PhoneNumber) -> None:
        """Let the number's code run out."""
        del self._running[number]

    @asynccontextmanager
    async def held(self) -> AsyncIterator[asyncio.Event]:
        """Answer nobody while the block lasts; the event is set once somebody waits."""
        self._held = asyncio.Event()
        self._waits = asyncio.Event()
        try:
            yield self._waits
        finally:
            self._held.set()
            self._held = None

    async def line_type(self, number: PhoneNumber) -> LineType:
        await self._begin("line_type")
        return self.line_types.get(number, LineType.MOBILE)

    async def start(self, number: PhoneNumber, channel: Channel) -> str:
        await self._begin("start")
        digits = f"{secrets.randbelow(10**6):06}"
        code = self._running.setdefault(number, _Code(f"VE{secrets.token_hex(16)}", number, digits))
        self.sent.append((number, channel))
        self._end("start")
        return code.sid

    async def check(self, number: PhoneNumber, sid: str | None, code: str) -> Checked:
        await self._begin("check")
        running = self._running.get(number)
        if running is None or sid not in (None, running.sid):
            return Checked.GONE
        running.checks += 1
        if running.checks > MOST_CHECKS:
            return Checked.TOO_MANY
        if code != running.digits:
            return Checked.WRONG
        del self._running[number]
        self._end("check")
        return Checked.RIGHT

    async def cancel(self, sid: str) -> None:
        await self._begin("cancel")
        self.canceled.append(sid)
        for number, code in list(self._running.items()):
            if code.sid == sid:
                del self._running[number]

    async def _begin(self, what: str) -> None:
        self.asked[what] += 1
        if self._held is not None:
            self._waits.set()
            await self._held.wait()
        if self.failures[what]:
            raise self.failures[what].popleft()

    def _end(self, what: str) -> None:
        if self.lost_answers[what]:
            raise self.lost_answers[what].popleft()
