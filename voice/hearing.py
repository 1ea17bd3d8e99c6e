"""What the caller says: from the leg to the recogniser as sound, and back as events."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

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
        self._fresh = bytearray()  # less than a message, but for what waits for a recogniser
        self._stream: RecogniserStream | None = None
        self._stream_bytes = 0  # of audio kept so far
        self._stream_began = 0.0  # when its first byte would have come, judged by the latest

    def keep(self, audio: bytes) -> None:
        """Take the caller's audio as it comes, and hand it on by the message.

        This happens for every frame of every call. What comes before there is a recogniser waits
        for it; where too much waits, the oldest goes.
        """
        self._stream_bytes += len(audio)
        self._stream_began = self._clock() - self._stream_bytes / BYTES_A_SECOND
        self._fresh += audio
        if self._stream is None:
            del self._fresh[: max(0, len(self._fresh) - UNSENT_BYTES)]
        elif len(self._fresh) >= self._ears.message_bytes:
            self._send(self._stream)

    async def run(self, key_terms: tuple[str, ...]) -> None:
        """Send what was kept to the recogniser and post what it hears, until cancelled."""
        recogniser = self._ears.open(self._lose, self._restore)
        options = ListenOptions(key_terms=(*key_terms, *self._ears.key_terms))
        try:
            async with recogniser.open(options) as self._stream:
                self._send(self._stream)
                async for event in self._stream.events():
                    self._post(self._on_our_clock(event))
        except ProviderError as error:
            log.warning("recogniser_lost", error=str(error))
            self._post(RecogniserLost(is_for_good=True))
        finally:
            self._stream = None

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

    def _send(self, stream: RecogniserStream) -> None:
        """Send what is there in whole messages, and those that waited some 200 ms at a time."""
        whole = len(self._fresh) // self._ears.message_bytes * self._ears.message_bytes
        audio = bytes(self._fresh[:whole])
        del self._fresh[:whole]
        for start in range(0, whole, MESSAGE_BYTES):
            with suppress(ProviderError):  # its events tell that it is gone
                stream.send(audio[start : start + MESSAGE_BYTES])
