"""Meters one call's talk time: reserves ahead, renews while it runs, says when it runs out.

It believes what the last renewal answered, never a sum of its own; while the database is away
the call goes on, but no longer than its lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from shared.errors import DomainError, ProviderError
from shared.services.talk_time import LEASE_SECONDS, CallNotFound, Granted, StreamReplaced
from voice.conversation.events import (
    CallDeleted,
    CallerHungUp,
    Event,
    LeaseRanOut,
    StoreLost,
    TalkTimeLow,
    TalkTimeOver,
)
from voice.waiting import until

LOW_SECONDS: Final = 60  # a minute before the end the caller is told
RENEW_AHEAD: Final = 3.0  # seconds before what is held runs out: a slow database still answers
ANSWER_WITHIN: Final = 5.0  # seconds
CLOCK_SLACK: Final = 0.001  # seconds; a timer may come a hair early
RETRY_EVERY: Final = 1.0  # seconds, while the database is away

log = structlog.get_logger()

Reserve = Callable[[int], Awaitable[Granted]]  # takes the seconds used so far


class Meter:
    """One stream's meter. It runs from the buddy's first frame until it is cancelled.

    `used_before` is what the call's earlier streams have used.
    """

    def __init__(self, reserve: Reserve, *, used_before: int = 0) -> None:
        self._reserve = reserve
        self._used_before = used_before
        self._post: Callable[[Event], None] = _nobody_listens
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._started_at: float | None = None
        self._ended_at: float | None = None
        self._granted = Granted(held_seconds=0, seconds_left=0)
        self._granted_at = 0.0
        self._is_low = False

    @property
    def used_seconds(self) -> int:
        """Whole seconds that the call has used; they stand still once the meter was cancelled."""
        if self._started_at is None:
            return self._used_before
        now = self._clock() if self._ended_at is None else self._ended_at
        return self._used_before + int(now - self._started_at + CLOCK_SLACK)

    async def run(self, post: Callable[[Event], None]) -> None:
        """Meter until cancelled."""
        self._post = post
        self._started_at = self._granted_at = self._clock()
        try:
            if await self._renew():
                await self._follow()
            self._post(TalkTimeOver())
            await asyncio.get_running_loop().create_future()
        finally:
            self._ended_at = self._clock()

    async def _follow(self) -> None:
        """Return when the talk time is over."""
        may_grow = True
        while True:
            held = self._granted.held_seconds
            renew_at = self._moment_of(held - RENEW_AHEAD if may_grow else held)
            await until(renew_at if self._is_low else min(renew_at, self._low_at()))
            self._tell_low()
            if self._clock() < renew_at - CLOCK_SLACK:
                continue  # it was only time to tell
            if not await self._renew():
                return
            if self._granted.held_seconds > held:
                may_grow = True
            elif may_grow:
                may_grow = False  # asked again when all is used: somebody may have paid by then
            else:
                return

    async def _renew(self) -> bool:
        """Ask for more; return whether the call may go on."""
        is_lost = False
        while True:
            try:
                async with asyncio.timeout(ANSWER_WITHIN):
                    self._granted = await self._reserve(self.used_seconds)
            except CallNotFound:
                self._post(CallDeleted())
                return False
            except StreamReplaced:
                self._post(CallerHungUp(is_lost=True))
                return False
            except DomainError as refusal:
                log.error("talk_time_refused", code=refusal.code)  # noqa: TRY400 - no trace needed
                return False
            except (ProviderError, TimeoutError) as error:
                log.warning("talk_time_unanswered", error=str(error))
                if not is_lost:
                    is_lost = True
                    self._post(StoreLost())
            else:
                self._granted_at = self._clock()
                return True
            lease_ends_at = self._granted_at + LEASE_SECONDS
            if self._clock() >= lease_ends_at:
                self._post(LeaseRanOut())
                return False
            await until(min(self._clock() + RETRY_EVERY, lease_ends_at))

    def _tell_low(self) -> None:
        if self._is_low:
            # Somebody subscribed since, or another call gave back what it held: should that end
            # before this call does, it is told again.
            self._is_low = self._in_all() - self.used_seconds < 2 * LOW_SECONDS
        elif self._low_at() - CLOCK_SLACK <= self._clock():
            self._is_low = True
            self._post(TalkTimeLow(max(0, int(self._in_all()) - self.used_seconds)))

    def _low_at(self) -> float:
        return self._moment_of(self._in_all() - LOW_SECONDS)

    def _in_all(self) -> float:
        """Return the seconds that the call may talk from its start on, as far as is known."""
        if self._granted.seconds_left is None:
            return float("inf")
        share = self._granted.seconds_left // self._granted.calls_at_once
        return self._granted.held_seconds + share

    def _moment_of(self, used_seconds: float) -> float:
        return (self._started_at or 0.0) + used_seconds - self._used_before


def _nobody_listens(_event: Event) -> None:
    """Drop an event of a meter that does not run."""
