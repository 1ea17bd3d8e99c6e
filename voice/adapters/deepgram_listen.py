"""Deepgram's `/v1/listen` with Nova-3: the line's μ-law in, untouched, and words out.

`decode` is pure. The SDK neither keeps a connection alive nor notices a dead one nor reconnects:
the first two are done here, the last in `voice.resilience`.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Final, Self

import structlog

from shared.errors import LocalProtocolError, ProviderError, RemoteProtocolError
from voice.adapters.deepgram_client import (
    LOST,
    PROVIDER,
    close_quickly,
    connected,
    deepgram_client,
    lost,
)
from voice.conversation.events import TranscriptReceived, UtteranceLikelyEnded, VoiceDetected
from voice.ports import BYTES_A_SECOND, ListenOptions, RecogniserEvent

with warnings.catch_warnings():
    # The SDK imports the old half of websockets, which says that it is old.
    warnings.simplefilter("ignore", DeprecationWarning)
    import deepgram.listen.v1.client  # noqa: F401 - else the SDK imports it at the first call
    from deepgram.listen.v1.socket_client import AsyncV1SocketClient

SEND_TIMEOUT: Final = 2.0  # seconds; a socket that takes longer is gone
KEEP_ALIVE_EVERY: Final = 4.0  # seconds; Deepgram closes after 10 without audio or text
MESSAGE_BYTES: Final = 2000  # 250 ms, the most Deepgram takes at once

# A connection can die without a word. Then this much voice goes unanswered, where Deepgram sends
# a message of some kind at least every few seconds.
UNANSWERED_VOICE: Final = BYTES_A_SECOND  # loud samples: about a second and a half of speech
UNANSWERED_SECONDS: Final = 8.0
_QUIET: Final = bytes((*range(0x50, 0x80), *range(0xD0, 0x100)))  # μ-law below -31 dB

log = structlog.get_logger()


def decode(message: Any) -> tuple[RecogniserEvent, ...]:
    """Return what a message of the SDK says; raise `RemoteProtocolError` if it makes no sense.

    The SDK hands over what it does not know as None or as a wrong class: only `type` counts.
    """
    try:
        match getattr(message, "type", None):
            case "Results":
                return _results(message)
            case "SpeechStarted":
                return (VoiceDetected(),)
            case "UtteranceEnd":
                return (UtteranceLikelyEnded(),)
            case "Error":
                text = f"error message: {message.variant}"
                raise ProviderError(PROVIDER, text, retryable=True)
            case _:
                return ()
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        text = f"a {getattr(message, 'type', None)} message makes no sense"
        raise RemoteProtocolError(text) from error


def _results(message: Any) -> tuple[RecogniserEvent, ...]:
    best = message.channel.alternatives[0]
    events: list[RecogniserEvent] = []
    if text := best.transcript.strip():
        ended_at = float(best.words[-1].end if best.words else message.start + message.duration)
        events.append(TranscriptReceived(text, is_final=bool(message.is_final), ended_at=ended_at))
    if message.speech_final:
        events.append(UtteranceLikelyEnded())
    return tuple(events)


class DeepgramStream:
    """One connection."""

    def __init__(self, socket: AsyncV1SocketClient) -> None:
        self._socket = socket
        self._is_closing = False
        self._unanswered = 0
        self._answered_at = asyncio.get_running_loop().time()

    async def send(self, audio: bytes) -> None:
        if not audio:
            message = "an empty message would close the stream"
            raise LocalProtocolError(message)
        self._expect_answer(audio)
        for start in range(0, len(audio), MESSAGE_BYTES):
            await self._within_time(self._socket.send_media(audio[start : start + MESSAGE_BYTES]))

    async def finish(self) -> None:
        await self._within_time(self._socket.send_finalize())

    async def events(self) -> AsyncIterator[RecogniserEvent]:
        try:
            async for message in self._socket:
                self._unanswered = 0
                self._answered_at = asyncio.get_running_loop().time()
                try:
                    events = decode(message)
                except RemoteProtocolError as error:
                    log.warning("recogniser_message_broken", error=str(error))
                    continue
                for event in events:
                    yield event
        except LOST as error:
            raise lost(error) from error
        if not self._is_closing:
            text = "the stream was closed"
            raise ProviderError(PROVIDER, text, retryable=True)

    async def keep_alive(self) -> None:
        """Send the text that holds the connection open, until cancelled or lost."""
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_ALIVE_EVERY):
                    await loop.create_future()
            try:
                await self._within_time(self._socket.send_keep_alive())
            except ProviderError:
                return  # whoever sends or listens finds out, too

    def closing(self) -> None:
        self._is_closing = True

    def _expect_answer(self, audio: bytes) -> None:
        self._unanswered += len(audio.translate(None, _QUIET))
        waited = asyncio.get_running_loop().time() - self._answered_at
        if self._unanswered > UNANSWERED_VOICE and waited > UNANSWERED_SECONDS:
            message = "nothing came back for seconds of speech"
            raise ProviderError(PROVIDER, message, retryable=True)

    async def _within_time(self, sending: Any) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                await sending
        except LOST as error:
            raise lost(error) from error


class DeepgramSpeechToText:
    """Opens streams. One for the process."""

    def __init__(self, *, api_key: str, base_url: str | None = None, model: str = "nova-3") -> None:
        self._model = model
        self._client = deepgram_client(api_key=api_key, base_url=base_url)

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[DeepgramStream]:
        async with AsyncExitStack() as stack:
            stream = DeepgramStream(await self._connect(stack, options))
            keeping_alive = asyncio.create_task(stream.keep_alive(), name="recogniser-keep-alive")
            try:
                yield stream
            finally:
                stream.closing()
                keeping_alive.cancel()
                await asyncio.wait([keeping_alive])
                await close_quickly(stack.pop_all())

    async def _connect(self, stack: AsyncExitStack, options: ListenOptions) -> AsyncV1SocketClient:
        connecting = self._client.listen.v1.connect(
            model=self._model,
            language=options.language,
            encoding="mulaw",
            sample_rate=BYTES_A_SECOND,
            channels=1,
            interim_results=True,
            endpointing=options.endpointing_ms,
            utterance_end_ms=1000,  # the least there is
            vad_events=True,
            smart_format=True,
            keyterm=list(options.key_terms) or None,
            mip_opt_out=True,  # what callers say is not for training
        )
        return await connected(stack, connecting)

    async def close(self) -> None:
        """Do nothing: every stream closes itself, and the client holds nothing open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
