"""A page that follows something: what it has not fetched yet is merged, never queued."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from shared.services.calls import CallCard, EntryView

PENDING_ENTRIES = 200  # more than this waiting: the watcher starts over instead


@dataclass(frozen=True, slots=True)
class Interim:
    """Words that may still change, said by one side just now."""

    side: str
    text: str


@dataclass(frozen=True, slots=True)
class CallNews:
    """What a call looks like now, and its entries from some sequence number on."""

    card: CallCard
    entries: tuple[EntryView, ...]


@dataclass(slots=True)
class Delivery:
    """What has happened to a call since its watcher last asked."""

    card: CallCard | None = None
    entries: dict[int, EntryView] = field(default_factory=dict)
    interim: Interim | None = None
    must_start_over: bool = False
    is_gone: bool = False

    def __bool__(self) -> bool:
        return bool(
            self.card or self.entries or self.interim or self.must_start_over or self.is_gone
        )


class Watcher:
    """One page that follows one call. What it has not fetched yet is merged, never queued."""

    def __init__(self) -> None:
        self._pending = Delivery()
        self._news = asyncio.Event()

    async def next(self, timeout_seconds: float) -> Delivery:
        """Wait for news; an empty delivery says that there was none in that time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._news.wait()
        except TimeoutError:
            return Delivery()
        self._news.clear()
        delivery, self._pending = self._pending, Delivery()
        return delivery

    def post(self, news: CallNews) -> None:
        self._pending.card = news.card
        self._pending.entries.update((entry.sequence, entry) for entry in news.entries)
        if len(self._pending.entries) > PENDING_ENTRIES:
            self._pending.entries.clear()
            self._pending.must_start_over = True
        self._news.set()

    def post_interim(self, interim: Interim) -> None:
        self._pending.interim = interim
        self._news.set()

    def start_over(self) -> None:
        self._pending.must_start_over = True
        self._news.set()

    def lose(self) -> None:
        self._pending.is_gone = True
        self._news.set()


class AccountWatcher:
    """One page that follows which calls an account has."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    async def changed(self, timeout_seconds: float) -> bool:
        """Wait until the account's calls may have changed; False when the time is over."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    def post(self) -> None:
        self._changed.set()
