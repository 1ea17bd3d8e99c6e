"""The calls of this process, and what others may ask of them while they run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import structlog

from shared.database import Database, StoreUnavailable
from shared.ids import CallId
from shared.listener import CALL_COMMANDS, Listener
from shared.services import calls
from voice.call import CallSession
from voice.conversation.events import CallDeleted, Event

log = structlog.get_logger()


class RunningCalls:
    """Knows every call in progress; `follow` must be running for commands to reach them."""

    def __init__(self, database: Database, dsn_direct: str) -> None:
        self._database = database
        self._sessions: dict[CallId, CallSession] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._listener = Listener(
            dsn_direct,
            {CALL_COMMANDS: self._on_command},
            self._on_gap,
            application_name="voice commands",
        )

    def __len__(self) -> int:
        return len(self._sessions)

    @contextlib.contextmanager
    def kept(self, call_id: CallId, session: CallSession) -> Iterator[None]:
        """Count the call among those in progress."""
        self._sessions[call_id] = session
        self._idle.clear()
        try:
            yield
        finally:
            del self._sessions[call_id]
            if not self._sessions:
                self._idle.set()

    def tell_all(self, event: Event) -> None:
        """Let every call in progress know."""
        for session in self._sessions.values():
            session.post(event)

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
        verb, _, call_id = payload.partition(":")
        if verb == calls.END and (session := self._sessions.get(CallId(call_id))) is not None:
            log.info("call_end_requested", call_id=call_id)
            session.post(CallDeleted())

    async def _on_gap(self) -> None:
        """End the calls that were deleted while nobody listened."""
        if not self._sessions:
            return
        try:
            kept = await self._database.transact(calls.existing, call_ids=tuple(self._sessions))
        except StoreUnavailable as error:
            log.warning("deleted_calls_unknown", error=str(error))
            return
        for call_id, session in self._sessions.items():
            if call_id not in kept:
                session.post(CallDeleted())
