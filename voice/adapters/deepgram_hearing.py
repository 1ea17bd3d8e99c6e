"""What Deepgram's recognisers share: sending in time, reading, noticing that nobody answers.

The SDK neither notices a dead connection nor reconnects: the first is done here, the second in
`voice.reconnecting`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Protocol

import structlog

from shared.errors import LocalProtocolError, ProviderError, RemoteProtocolError
from voice.adapters.deepgram_client import PROVIDER, lost
from voice.adapters.deepgram_wire import WireLost
from voice.ports import BYTES_A_SECOND, RecogniserEvent

# A connection can die without a word. Then this much voice goes unanswered, where Deepgram sends
# a message of some kind at least every few seconds.
UNANSWERED_VOICE: Final = BYTES_A_SECOND  # loud samples: about a second and a half of speech
# So much is a short word. With no message for it within `SHORT_SECONDS` the connection is taken for
# dead as well, once: sound that the next one is as silent about is noise.
SHORT_VOICE: Final = UNANSWERED_VOICE // 8
SHORT_SECONDS: Final = 4.0
_QUIET: Final = bytes((*range(0x50, 0x80), *range(0xD0, 0x100)))  # μ-law below -31 dB

log = structlog.get_logger()


def is_loud(audio: bytes) -> bool:
    """Tell whether somebody may be speaking in so much audio."""
    return len(audio.translate(None, _QUIET)) * 20 > len(audio)


async def sent(sending: Awaitable[None]) -> None:
    """Send one of the SDK's messages; raise `ProviderError` for a connection that is gone."""
    try:
        await sending
    except WireLost as error:
        raise lost(error) from error


class Wire(Protocol):
    """The websocket: past the SDK, which waits for each message and makes objects of it."""

    def write(self, message: str | bytes) -> None:
        """Send without waiting; raise `WireLost` if it is gone."""

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Return what comes; raise `WireLost` if it is lost."""


class HearingSocket:
    """One connection to a recogniser."""

    def __init__(
        self,
        socket: Any,
        wire: Wire,
        decode: Callable[[str | bytes], tuple[RecogniserEvent, ...]],
        *,
        unanswered_seconds: float,
        is_patient: bool = False,
    ) -> None:
        self._socket = socket
        self._wire = wire
        self._decode = decode
        self._unanswered_seconds = unanswered_seconds
        self._is_patient = is_patient
        self._is_closing = False
        self._unanswered = 0
        self._answered_at = asyncio.get_running_loop().time()
        self._short_at: float | None = None  # when the unanswered voice came to a short word

    async def events(self) -> AsyncIterator[RecogniserEvent]:
        try:
            async for message in self._wire:
                self._unanswered, self._short_at, self._is_patient = 0, None, False
                self._answered_at = asyncio.get_running_loop().time()
                try:
                    events = self._decode(message)
                except RemoteProtocolError as error:
                    log.warning("recogniser_message_broken", error=str(error))
                    continue
                for event in events:
                    yield event
        except OSError as error:
            raise lost(error) from error
        if not self._is_closing:
            text = "the stream was closed"
            raise ProviderError(PROVIDER, text, retryable=True)

    def closing(self) -> None:
        """From now on an end of the stream is no loss."""
        self._is_closing = True

    def _send_audio(self, audio: bytes) -> None:
        """Send without waiting; raise `ProviderError` if it is gone."""
        try:
            self._wire.write(audio)
        except WireLost as error:
            raise lost(error) from error

    def _expect_answer(self, audio: bytes) -> None:
        """Note what is about to be sent; raise `ProviderError` if nothing comes back any more."""
        if not audio:
            message = "an empty message would close the stream"
            raise LocalProtocolError(message)
        self._unanswered += len(audio.translate(None, _QUIET))
        now = asyncio.get_running_loop().time()
        if self._short_at is None and self._unanswered > SHORT_VOICE:
            self._short_at = now
        is_long = self._unanswered > UNANSWERED_VOICE
        is_dead = is_long and now - self._answered_at > self._unanswered_seconds
        if self._short_at is not None and not self._is_patient and not is_long:
            is_dead = now - self._short_at > SHORT_SECONDS
        if is_dead:
            message = "nothing came back for seconds of speech"
            raise ProviderError(PROVIDER, message, retryable=True)
