"""What the caller says: from the leg to the recogniser as sound, and back as events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from shared.errors import ProviderError
from voice.conversation.events import (
    Event,
    RecogniserLost,
    RecogniserRestored,
    TranscriptReceived,
)
from voice.desk import Ears
from voice.ports import BYTES_A_SECOND, ListenOptions, RecogniserStream

log = structlog.get_logger()

UNSENT_FRAMES = 500  # 10 s of the caller's audio may wait for a recogniser
MESSAGE_FRAMES = 10  # what waited goes out in messages of at most 200 ms


class Hearing:
    """Keeps the caller's audio for the recogniser and posts what it makes of it."""

    def __init__(
        self, ears: Ears, post: Callable[[Event], None], clock: Callable[[], float]
    ) -> None:
        self._ears = ears
        self._post = post
        self._clock = clock
        self._audio: asyncio.Queue[bytes] = asyncio.Queue(UNSENT_FRAMES)
        self._stream_bytes = 0  # of audio kept so far
        self._stream_began = 0.0  # when its first byte would have come, judged by the latest

    def keep(self, audio: bytes) -> None:
        """Take the caller's audio as it comes; where too much waits, the oldest goes."""
        self._stream_bytes += len(audio)
        self._stream_began = self._clock() - self._stream_bytes / BYTES_A_SECOND
        if self._audio.full():
            self._audio.get_nowait()
        self._audio.put_nowait(audio)

    async def run(self, key_terms: tuple[str, ...]) -> None:
        """Send what was kept to the recogniser and post what it hears, until cancelled."""
        recogniser = self._ears.open(
            lambda: self._post(RecogniserLost()), lambda: self._post(RecogniserRestored())
        )
        options = ListenOptions(key_terms=(*key_terms, *self._ears.key_terms))
        try:
            async with recogniser.open(options) as stream, asyncio.TaskGroup() as group:
                group.create_task(self._pump(stream))
                async for event in stream.events():
                    self._post(self._on_our_clock(event))
        except* ProviderError as errors:
            log.warning("recogniser_lost", error=str(errors.exceptions[0]))
            self._post(RecogniserLost())

    def _on_our_clock(self, event: Event) -> Event:
        if isinstance(event, TranscriptReceived) and event.ended_at is not None:
            return TranscriptReceived(
                event.text, event.is_final, self._stream_began + event.ended_at
            )
        return event

    async def _pump(self, stream: RecogniserStream) -> None:
        while True:
            frames = [await self._audio.get()]
            while len(frames) < MESSAGE_FRAMES and not self._audio.empty():
                frames.append(self._audio.get_nowait())
            await stream.send(b"".join(frames))
