"""The calls of this process, and what others may ask of them while they run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog

from shared.database import Database, StoreUnavailable
from shared.ids import AccountId, CallId
from shared.listener import CALL_COMMANDS, Listener
from shared.services import call_commands
from voice.conversation.events import CallDeleted, CallerHungUp, Event

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunningCall:
    """A call in progress and how it is reached."""

    call_id: CallId
    account_id: AccountId
    stream_sid: str
    post: Callable[[Event], None]
    refresh: Callable[[], Awaitable[None]]  # takes in a profile that was edited


class RunningCalls:
    """Knows every call in progress; `follow` must be running for commands to reach them."""

    def __init__(self, database: Database, dsn_direct: str) -> None:
        self._database = database
        self._calls: dict[str, RunningCall] = {}  # by stream: a call may have come back to us
        self._idle = asyncio.Event()
        self._idle.set()
        self._listener = Listener(
            dsn_direct,
            {CALL_COMMANDS: self._on_command},
            self._on_gap,
            application_name="voice commands",
        )

    def __len__(self) -> int:
        return len(self._calls)

    @contextlib.contextmanager
    def kept(self, call: RunningCall) -> Iterator[None]:
        """Count the call among those in progress."""
        self._calls[call.stream_sid] = call
        self._idle.clear()
        try:
            yield
        finally:
            del self._calls[call.stream_sid]
            if not self._calls:
                self._idle.set()

    def tell_all(self, event: Event) -> None:
        """Let every call in progress know."""
        for call in self._calls.values():
            call.post(event)

    async def until_none(self, seconds: float) -> None:
        """Return when no call is in progress, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def follow(self) -> None:
        """Take commands until cancelled."""
        await self._listener.run()

    async def is_following(self) -> None:
        """Wait until commands are being listened for."""
        await self._listener.listening.wait()

    async def _on_command(self, payload: str) -> None:
        verb, _, subject = payload.partition(":")
        for call in tuple(self._calls.values()):
            if verb == call_commands.END and subject == call.call_id:
                log.info("call_end_requested", call_id=subject)
                call.post(CallDeleted())
            elif verb == call_commands.LOST and subject == call.stream_sid:
                call.post(CallerHungUp(is_lost=True))
            elif verb == call_commands.PROFILE and subject == call.account_id:
                await call.refresh()

    async def _on_gap(self) -> None:
        """Make up for what was asked while nobody listened."""
        if not self._calls:
            return
        try:
            kept = await self._database.transact(
                call_commands.existing,
                call_ids=tuple(call.call_id for call in self._calls.values()),
            )
        except StoreUnavailable as error:
            log.warning("deleted_calls_unknown", error=str(error))
            return
        for call in tuple(self._calls.values()):
            if call.call_id in kept:
                await call.refresh()
            else:
                call.post(CallDeleted())
