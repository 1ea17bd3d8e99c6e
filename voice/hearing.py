"""What the caller says: from the leg to the recogniser as sound, and back as events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from shared.errors import ProviderError
from voice import tasks
from voice.conversation.events import (
    Event,
    RecogniserLost,
    RecogniserRestored,
    TranscriptReceived,
)
from voice.desk import Ears
from voice.ports import BYTES_A_SECOND, ListenOptions, RecogniserStream

log = structlog.get_logger()

UNSENT_BYTES = 10 * BYTES_A_SECOND  # of the caller's audio may wait for a recogniser
MESSAGE_BYTES = BYTES_A_SECOND // 5  # what waited goes out in messages of some 200 ms


class Hearing:
    """Keeps the caller's audio for the recogniser and posts what it makes of it."""

    def __init__(
        self, ears: Ears, post: Callable[[Event], None], clock: Callable[[], float]
    ) -> None:
        self._ears = ears
        self._post = post
        self._clock = clock
        self.is_lost = False  # nobody listens, and that has been told
        self._fresh = bytearray()  # less than a message
        self._audio: asyncio.Queue[bytes] = asyncio.Queue(UNSENT_BYTES // ears.message_bytes)
        self._stream_bytes = 0  # of audio kept so far
        self._stream_began = 0.0  # when its first byte would have come, judged by the latest

    def keep(self, audio: bytes) -> None:
        """Take the caller's audio as it comes; where too much waits, the oldest goes.

        Nobody is woken before there is a message's worth of it: that happens for every frame of
        every call.
        """
        self._stream_bytes += len(audio)
        self._stream_began = self._clock() - self._stream_bytes / BYTES_A_SECOND
        self._fresh += audio
        if len(self._fresh) < self._ears.message_bytes:
            return
        if self._audio.full():
            self._audio.get_nowait()
        self._audio.put_nowait(bytes(self._fresh))
        self._fresh.clear()

    async def run(self, key_terms: tuple[str, ...]) -> None:
        """Send what was kept to the recogniser and post what it hears, until cancelled."""
        recogniser = self._ears.open(self._lose, self._restore)
        options = ListenOptions(key_terms=(*key_terms, *self._ears.key_terms))
        try:
            async with recogniser.open(options) as stream, tasks.TaskGroup() as group:
                group.create_task(self._pump(stream))
                async for event in stream.events():
                    self._post(self._on_our_clock(event))
        except* ProviderError as errors:
            log.warning("recogniser_lost", error=str(errors.exceptions[0]))
            self._post(RecogniserLost(is_for_good=True))

    def _lose(self) -> None:
        self.is_lost = True
        self._post(RecogniserLost())

    def _restore(self) -> None:
        self.is_lost = False
        self._post(RecogniserRestored())

    def _on_our_clock(self, event: Event) -> Event:
        if isinstance(event, TranscriptReceived) and event.ended_at is not None:
            return TranscriptReceived(
                event.text, event.is_final, self._stream_began + event.ended_at
            )
        return event

    async def _pump(self, stream: RecogniserStream) -> None:
        while True:
            message = await self._audio.get()
            while len(message) < MESSAGE_BYTES and not self._audio.empty():
                message += self._audio.get_nowait()
            await stream.send(message)
