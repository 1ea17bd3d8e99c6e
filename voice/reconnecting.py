"""A recogniser that outlives its connections.

No audio of the caller is lost with a connection: what has not become final words is kept, sent
again to the next connection, and its times still count from the call's first audio.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final, NoReturn

import structlog

from shared.errors import ProviderError
from voice import tasks
from voice.audio import g711
from voice.conversation.events import TranscriptReceived
from voice.ports import (
    BYTES_A_SECOND,
    FRAME_BYTES,
    ListenOptions,
    RecogniserEvent,
    RecogniserStream,
    SpeechToText,
)
from voice.waiting import pause

KEPT_BYTES: Final = 10 * BYTES_A_SECOND
PIECE_BYTES: Final = 1600  # 200 ms: what a recogniser takes at once when it catches up
LEAD_IN_BYTES: Final = 3 * 800  # 300 ms kept before the first voice: words begin softly

RECOGNISER: Final = "recogniser"  # whose failures these are, where no vendor says more

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReconnectRules:
    """How stubborn a lost recogniser is called back."""

    delays: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0, 2.0)  # seconds; the last one repeats
    patience: float = 1.0  # seconds without a recogniser before anybody is told
    give_up: float = 30.0  # seconds without a recogniser that end the matter
    settled: float = 5.0  # a connection that lived so long counts as good
    # Deepgram asks not to catch up faster: developers.deepgram.com/docs,
    # "Recovering From Connection Errors & Timeouts When Live Streaming".
    catch_up_speed: float = 1.25  # times real time


def _nothing() -> None:
    """Tell nobody."""


class ReconnectingSpeechToText:
    """Opens streams that outlive their connections."""

    def __init__(
        self,
        speech_to_text: SpeechToText,
        *,
        on_lost: Callable[[], None] = _nothing,
        on_restored: Callable[[], None] = _nothing,
        rules: ReconnectRules | None = None,
    ) -> None:
        self._speech_to_text = speech_to_text
        self._on_lost = on_lost
        self._on_restored = on_restored
        self._rules = rules or ReconnectRules()

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[ReconnectingStream]:
        """Return at once; the connection is made, and made again, in the background."""
        stream = ReconnectingStream(
            self._speech_to_text, options, self._rules, self._on_lost, self._on_restored
        )
        running = tasks.start(stream.run(), name="recogniser")
        try:
            yield stream
        finally:
            running.cancel()
            await asyncio.wait([running])


class ReconnectingStream:
    """One caller's recogniser, over as many connections as it takes."""

    def __init__(
        self,
        speech_to_text: SpeechToText,
        options: ListenOptions,
        rules: ReconnectRules,
        on_lost: Callable[[], None],
        on_restored: Callable[[], None],
    ) -> None:
        self._speech_to_text = speech_to_text
        self._options = options
        self._rules = rules
        self._on_lost = on_lost
        self._on_restored = on_restored
        self._clock = asyncio.get_running_loop().time
        self._events: asyncio.Queue[RecogniserEvent | ProviderError] = asyncio.Queue()
        self._failure: ProviderError | None = None
        self._connection: RecogniserStream | None = None  # once it has caught up
        self._kept = bytearray()
        self._kept_from = 0  # positions count bytes since the call's first audio
        self._sent_until = 0
        self._is_broken = asyncio.Event()
        self._is_told = False
        self._has_heard = True  # anything since the connection before was lost

    # The port.

    def send(self, audio: bytes) -> None:
        if self._failure is not None:
            raise self._failure
        self._kept += audio
        if self._connection is None:
            self._forget(self._position - KEPT_BYTES)
            self._sent_until = max(self._sent_until, self._kept_from)
            return
        self._sent_until = self._position
        self._forget(self._position - KEPT_BYTES)
        try:
            self._connection.send(audio)
        except ProviderError:
            self._connection = None
            self._is_broken.set()

    async def events(self) -> AsyncIterator[RecogniserEvent]:
        while not isinstance(event := await self._events.get(), ProviderError):
            yield event
        raise event

    async def finish(self) -> None:
        if self._connection is not None:
            with suppress(ProviderError):
                await self._connection.finish()

    # Inside.

    async def run(self) -> None:
        """Keep a connection, until cancelled or given up."""
        try:
            await self._keep_connected()
        except Exception as error:
            log.exception("recogniser_broke")
            self._give_up(ProviderError(RECOGNISER, type(error).__name__, retryable=False))

    async def _keep_connected(self) -> None:
        lost_at, attempt = self._clock(), 0
        telling: asyncio.TimerHandle | None = None
        try:
            while True:
                telling = telling or asyncio.get_running_loop().call_later(
                    self._rules.patience, self._tell
                )
                connected_at = None
                try:
                    # Noise without words must not look like a dead connection for ever.
                    options = replace(self._options, is_patient=not self._has_heard)
                    async with self._speech_to_text.open(options) as connection:
                        connected_at = self._clock()
                        telling.cancel()
                        telling = None
                        self._tell_restored()
                        await self._serve(connection)
                except ProviderError as error:
                    failure = error.with_traceback(None)  # it would hold this frame, which holds it
                log.warning("recogniser_lost", error=str(failure), attempt=attempt)
                self._connection = None
                self._has_heard = False
                now = self._clock()
                if connected_at is not None and now - connected_at >= self._rules.settled:
                    lost_at, attempt = now, 0
                if not failure.retryable or now - lost_at >= self._rules.give_up:
                    self._give_up(failure)
                    return
                await pause(self._rules.delays[min(attempt, len(self._rules.delays) - 1)])
                attempt += 1
        finally:
            if telling is not None:
                telling.cancel()

    async def _serve(self, connection: RecogniserStream) -> NoReturn:
        """Send again what was not understood yet, then live; raise `ProviderError` when lost."""
        self._is_broken.clear()
        self._skip_silence()
        offset = self._kept_from / BYTES_A_SECOND
        self._sent_until = self._kept_from
        try:
            async with tasks.TaskGroup() as group:
                group.create_task(self._hear(connection, offset))
                await self._catch_up(connection)
                self._connection = connection
                await self._until_broken()
        except* ProviderError as errors:
            failure = errors.exceptions[0]
        raise failure  # out here, where it does not get the group that holds it for its context

    async def _until_broken(self) -> NoReturn:
        await self._is_broken.wait()
        message = "sending failed"
        raise ProviderError(RECOGNISER, message, retryable=True)

    async def _hear(self, connection: RecogniserStream, offset: float) -> None:
        async for event in connection.events():
            self._has_heard = True
            self._events.put_nowait(self._in_stream_time(event, offset))
        message = "the stream ended"
        raise ProviderError(RECOGNISER, message, retryable=True)

    def _in_stream_time(self, event: RecogniserEvent, offset: float) -> RecogniserEvent:
        if not isinstance(event, TranscriptReceived):
            return event
        if event.ended_at is not None:
            event = replace(event, ended_at=event.ended_at + offset)
        if event.is_final:  # understood: it need not be sent again
            ended_at = event.ended_at
            until = self._sent_until if ended_at is None else round(ended_at * BYTES_A_SECOND)
            self._forget(min(until, self._sent_until))
        return event

    async def _catch_up(self, connection: RecogniserStream) -> None:
        while (start := self._sent_until - self._kept_from) < len(self._kept):
            piece = bytes(self._kept[start : start + PIECE_BYTES])
            self._sent_until += len(piece)
            connection.send(piece)
            if self._sent_until < self._position:
                await pause(len(piece) / BYTES_A_SECOND / self._rules.catch_up_speed)

    def _skip_silence(self) -> None:
        """Leave out the silence before what is sent again: it would only cost time."""
        kept = bytes(self._kept)
        voiced = next(
            (
                start
                for start in range(0, len(kept), FRAME_BYTES)
                if not g711.is_silent(kept[start : start + FRAME_BYTES])
            ),
            len(kept),
        )
        self._forget(self._kept_from + max(0, voiced - LEAD_IN_BYTES))

    @property
    def _position(self) -> int:
        return self._kept_from + len(self._kept)

    def _forget(self, until: int) -> None:
        if (surplus := until - self._kept_from) > 0:
            del self._kept[:surplus]
            self._kept_from += surplus

    def _tell(self) -> None:
        if not self._is_told:
            self._is_told = True
            self._on_lost()

    def _tell_restored(self) -> None:
        if self._is_told:
            self._is_told = False
            self._on_restored()

    def _give_up(self, failure: ProviderError) -> None:
        log.error("recogniser_given_up", error=str(failure))
        self._failure = failure
        self._events.put_nowait(failure)
