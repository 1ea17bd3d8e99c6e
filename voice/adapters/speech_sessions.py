"""Voices behind a websocket: connections that stay open from one segment to the next.

A handshake would cost every segment its first few hundred milliseconds. A connection speaks one
segment at a time and goes back to the shelf only if it was heard to its end; one that was cut
off, or failed, is closed: what still comes through it belongs to nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Hashable
from contextlib import aclosing
from typing import Any, Final, Generic, Protocol, TypeVar

import structlog

from shared.errors import ProviderError
from voice.ports import Voice

IDLE_SECONDS: Final = 60.0  # a caller's turns are closer than that; vendors count open sockets
MOST_IDLE: Final = 4  # of one voice: more were only needed while many spoke at once

K = TypeVar("K", bound=Hashable)

log = structlog.get_logger()


class SpeechSession(Protocol):
    """One open connection to a voice."""

    @property
    def is_usable(self) -> bool:
        """Whether it may speak another segment."""

    def say(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        """Yield μ-law; raise `ProviderError` on failure."""

    async def close(self) -> None:
        """Let go of the connection, quickly and without raising."""


class SpeechSessions(Generic[K]):
    """The open connections of one vendor, by what can't be changed while they are open."""

    def __init__(
        self,
        connect: Callable[[K], Awaitable[SpeechSession]],
        *,
        idle_seconds: float = IDLE_SECONDS,
        most_idle: int = MOST_IDLE,
    ) -> None:
        self._connect = connect
        self._idle_seconds = idle_seconds
        self._most_idle = most_idle
        self._idle: dict[K, list[SpeechSession]] = {}
        self._timers: dict[SpeechSession, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def say(self, key: K, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        """Speak over a connection that is there, or over a new one.

        One from the shelf may have died unnoticed: if it fails before its first byte, that is
        no failure of the voice.
        """
        while (session := self._take(key)) is not None:
            has_begun = False
            try:
                async with aclosing(self._say_with(session, key, text, voice)) as audio:
                    async for chunk in audio:
                        has_begun = True
                        yield chunk
            except ProviderError as error:
                if has_begun or not error.retryable:
                    raise
                log.info("idle_voice_was_gone", error=str(error))
            else:
                return
        session = await self._connect(key)
        async with aclosing(self._say_with(session, key, text, voice)) as audio:
            async for chunk in audio:
                yield chunk

    async def warm(self, key: K) -> None:
        """Have a connection ready; raise `ProviderError` if there can be none."""
        if not self._idle.get(key):
            self._keep(key, await self._connect(key))

    async def close(self) -> None:
        """Close every connection."""
        self._is_closed = True
        for sessions in self._idle.values():
            for session in sessions:
                self._timers.pop(session).cancel()
                self._drop(session)
        self._idle.clear()
        if self._closing:
            await asyncio.wait(self._closing)

    async def _say_with(
        self, session: SpeechSession, key: K, text: str, voice: Voice
    ) -> AsyncGenerator[bytes]:
        is_whole = False
        try:
            async with aclosing(session.say(text, voice)) as audio:
                async for chunk in audio:
                    yield chunk
            is_whole = True
        finally:
            if is_whole and session.is_usable:
                self._keep(key, session)
            else:
                self._drop(session)

    def _take(self, key: K) -> SpeechSession | None:
        sessions = self._idle.get(key)
        if not sessions:
            return None
        session = sessions.pop()  # the one used last has been idle for the shortest time
        self._timers.pop(session).cancel()
        return session

    def _keep(self, key: K, session: SpeechSession) -> None:
        sessions = self._idle.setdefault(key, [])
        if self._is_closed or len(sessions) >= self._most_idle:
            self._drop(session)
            return
        sessions.append(session)
        self._timers[session] = asyncio.get_running_loop().call_later(
            self._idle_seconds, self._expire, key, session
        )

    def _expire(self, key: K, session: SpeechSession) -> None:
        self._idle[key].remove(session)
        del self._timers[session]
        self._drop(session)

    def _drop(self, session: SpeechSession) -> None:
        self._work(session.close())

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
