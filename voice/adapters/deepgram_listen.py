"""Deepgram's `/v1/listen` with Nova-3: the line's μ-law in, untouched, and words out.

`ResultReader` is pure. The SDK does not keep a connection alive: that is done here.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

from shared.errors import ProviderError, RemoteProtocolError
from voice import tasks
from voice.adapters.deepgram_client import (
    close_quickly,
    complaint_of,
    connected,
    deepgram_client,
)
from voice.adapters.deepgram_hearing import HearingSocket, Wire, sent
from voice.adapters.deepgram_messages import Results, decoded, kind_of
from voice.conversation.events import TranscriptReceived, UtteranceLikelyEnded, VoiceDetected
from voice.ports import BYTES_A_SECOND, ListenOptions, RecogniserEvent

with warnings.catch_warnings():
    # The SDK imports the old half of websockets, which says that it is old.
    warnings.simplefilter("ignore", DeprecationWarning)
    import deepgram.listen.v1.client  # noqa: F401 - else the SDK imports it at the first call

KEEP_ALIVE_EVERY: Final = 4.0  # seconds; Deepgram closes after 10 without audio or text
MESSAGE_BYTES: Final = 2000  # 250 ms, the most Deepgram takes at once
UNANSWERED_SECONDS: Final = 8.0  # a long word may go without a result, so much speech can't


class ResultReader:
    """Makes events of one stream's messages."""

    def __init__(self) -> None:
        self._has_shown = False  # words that may still change

    def decode(self, text: str | bytes) -> tuple[RecogniserEvent, ...]:
        """Return what a message says; raise `RemoteProtocolError` if it makes no sense."""
        match kind_of(text):
            case "Results":
                return tuple(self._results(decoded(text, Results)))
            case "SpeechStarted":
                return (VoiceDetected(),)
            case "UtteranceEnd":
                return (UtteranceLikelyEnded(),)
            case "Error":
                raise complaint_of(text)
            case _:
                return ()

    def _results(self, results: Results) -> list[RecogniserEvent]:
        if not results.channel.alternatives:
            message = "results without a reading"
            raise RemoteProtocolError(message)
        best = results.channel.alternatives[0]
        text, is_final = best.transcript.strip(), results.is_final
        events: list[RecogniserEvent] = []
        if text or (is_final and self._has_shown):  # an empty final takes back what was shown
            last = best.words[-1].end if best.words else None
            ended_at = results.start + results.duration if last is None else last
            events.append(TranscriptReceived(text, is_final=is_final, ended_at=ended_at))
            self._has_shown = not is_final
        if results.speech_final:
            events.append(UtteranceLikelyEnded())
        return events


class DeepgramStream(HearingSocket):
    """One connection."""

    def __init__(self, socket: Any, wire: Wire, *, is_patient: bool = False) -> None:
        super().__init__(
            socket,
            wire,
            ResultReader().decode,
            unanswered_seconds=UNANSWERED_SECONDS,
            is_patient=is_patient,
        )

    def send(self, audio: bytes) -> None:
        self._expect_answer(audio)
        for start in range(0, len(audio), MESSAGE_BYTES):
            self._send_audio(audio[start : start + MESSAGE_BYTES])

    async def finish(self) -> None:
        await sent(self._socket.send_finalize())

    async def keep_alive(self) -> None:
        """Send the text that holds the connection open, until cancelled or lost."""
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_ALIVE_EVERY):
                    await loop.create_future()
            try:
                await sent(self._socket.send_keep_alive())
            except ProviderError:
                return  # whoever sends or listens finds out, too


class DeepgramSpeechToText:
    """Opens streams. One for the process; it holds nothing open between them."""

    def __init__(self, *, api_key: str, base_url: str | None = None, model: str = "nova-3") -> None:
        self._model = model
        self._client = deepgram_client(api_key=api_key, base_url=base_url)

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[DeepgramStream]:
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
        async with AsyncExitStack() as stack:
            stream = DeepgramStream(
                *await connected(stack, connecting), is_patient=options.is_patient
            )
            keeping_alive = tasks.start(stream.keep_alive(), name="recogniser-keep-alive")
            try:
                yield stream
            finally:
                stream.closing()
                keeping_alive.cancel()
                await asyncio.wait([keeping_alive])
                await close_quickly(stack.pop_all())
