"""In-process doubles of the recogniser, the model and the voices, for virtual time.

They share one notion of speech: `fake_speech("hello")` is audio in which every character is
40 ms long, and `words_in` reads it back, cut off wherever it was. So a test can say what the
caller says and assert what the caller heard, to the character.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.errors import ProviderError
from tests.support.fake_line import FAKE
from tests.support.fake_sound import (
    CHARACTER_BYTES,
    SILENCE,
    character_of,
    fake_speech,
    runs,
)
from tests.support.loop_time import now, until
from voice.conversation.events import TranscriptReceived, UtteranceLikelyEnded, VoiceDetected
from voice.conversation.prompts import ModelMessage
from voice.ports import (
    BYTES_A_SECOND,
    ListenOptions,
    RecogniserEvent,
    Voice,
)

# The recogniser.


class FakeRecogniserStream:
    """One connection: hears `fake_speech` by itself, and whatever a test tells it to hear."""

    def __init__(self, options: ListenOptions, delay: float) -> None:
        self.options = options
        self.audio = bytearray()
        self.is_open = True
        self.finished = 0
        self._delay = delay
        self._events: asyncio.Queue[RecogniserEvent | ProviderError | None] = asyncio.Queue()
        self._position = 0  # bytes of audio looked at
        self._words = ""
        self._value = SILENCE
        self._voiced_bytes = 0
        self._silent_bytes = 0
        self._ended_at = 0.0

    # What a test does.

    def hear(self, *events: RecogniserEvent) -> None:
        for event in events:
            self._events.put_nowait(event)

    def break_off(self) -> None:
        """Lose the connection."""
        self.is_open = False
        self._events.put_nowait(ProviderError(FAKE, "lost", retryable=True))

    # The port.

    def send(self, audio: bytes) -> None:
        if not self.is_open:
            raise ProviderError(FAKE, "lost", retryable=True)
        assert audio, "an empty message closes the socket"
        self.audio += audio
        self._listen()

    async def events(self) -> AsyncIterator[RecogniserEvent]:
        while (event := await self._events.get()) is not None:
            if isinstance(event, ProviderError):
                raise event
            yield event

    async def finish(self) -> None:
        self.finished += 1
        self._end_utterance()

    def shut(self) -> None:
        self.is_open = False
        self._events.put_nowait(None)

    def _listen(self) -> None:
        for run in runs(bytes(self.audio[self._position :])):
            self._position += len(run)
            if run[0] == SILENCE:
                self._hear_silence(len(run))
            else:
                self._silent_bytes = 0
                self._hear_voice(run)

    def _hear_voice(self, run: bytes) -> None:
        if run[0] != self._value:
            self._value, self._voiced_bytes = run[0], 0
        self._voiced_bytes += len(run)
        while self._voiced_bytes >= CHARACTER_BYTES:
            self._voiced_bytes -= CHARACTER_BYTES
            self._hear_character(character_of(self._value))

    def _hear_character(self, character: str) -> None:
        if not self._words:
            self._post(VoiceDetected())
        self._words += character
        self._ended_at = self._position / BYTES_A_SECOND
        if character == " " and (words := self._words.strip()):
            self._post(TranscriptReceived(words, is_final=False, ended_at=self._ended_at))

    def _hear_silence(self, length: int) -> None:
        self._value, self._voiced_bytes = SILENCE, 0
        self._silent_bytes += length
        if self._silent_bytes * 1000 >= self.options.endpointing_ms * BYTES_A_SECOND:
            self._end_utterance()

    def _end_utterance(self) -> None:
        if words := self._words.strip():
            final = TranscriptReceived(words, is_final=True, ended_at=self._ended_at)
            self._post(final, UtteranceLikelyEnded())
        self._words = ""

    def _post(self, *events: RecogniserEvent) -> None:
        if self._delay:  # one timer: two of the same moment keep no order
            asyncio.get_running_loop().call_later(self._delay, self.hear, *events)
        else:
            self.hear(*events)


class FakeSpeechToText:
    """Opens fake streams; refuses as often as told."""

    def __init__(self, *, delay: float = 0.0) -> None:
        self.streams: list[FakeRecogniserStream] = []
        self.refusals = 0  # so many of the next connections are refused
        self.refusal = ProviderError(FAKE, "refused", retryable=True)  # in this way
        self._delay = delay

    @property
    def stream(self) -> FakeRecogniserStream:
        """The latest connection."""
        return self.streams[-1]

    def hear(self, text: str, *, is_final: bool = True, ended_at: float | None = None) -> None:
        self.stream.hear(TranscriptReceived(text, is_final=is_final, ended_at=ended_at))

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[FakeRecogniserStream]:
        if self.refusals:
            self.refusals -= 1
            raise self.refusal
        stream = FakeRecogniserStream(options, self._delay)
        self.streams.append(stream)
        try:
            yield stream
        finally:
            stream.shut()


# The model.


@dataclass(slots=True)
class ScriptedReply:
    """What the model answers next, and how it fails at it."""

    text: str = ""
    first_token_seconds: float = 0.3
    token_seconds: float = 0.01
    error: ProviderError | None = None  # raised after the text
    stalls: bool = False  # hangs after the text


@dataclass(frozen=True, slots=True)
class ModelRequest:
    at: float
    messages: tuple[ModelMessage, ...]
    model: str


class FakeLanguageModel:
    """Answers from its script; without one it answers "You said …"."""

    def __init__(self, *replies: ScriptedReply | str) -> None:
        self.script: deque[ScriptedReply] = deque(map(_scripted, replies))
        self.requests: list[ModelRequest] = []
        self.cancelled = 0  # replies closed before their last word

    def answer(self, *replies: ScriptedReply | str) -> None:
        self.script.extend(map(_scripted, replies))

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        self.requests.append(ModelRequest(now(), tuple(messages), model))
        reply = (
            self.script.popleft() if self.script else _scripted(f"You said {messages[-1].text}.")
        )
        is_complete = False
        try:
            await (
                asyncio.get_running_loop().create_future()
            ) if reply.stalls and not reply.text else None
            await until(now() + reply.first_token_seconds)
            for word in _words(reply.text):
                yield word
                await until(now() + reply.token_seconds)
            if reply.stalls:
                await _forever()
            is_complete = True
            if reply.error is not None:
                raise reply.error
        finally:
            if not is_complete:
                self.cancelled += 1


# The voices.


@dataclass(slots=True)
class ScriptedSpeech:
    """How the next synthesis fails."""

    error: ProviderError | None = None
    stalls: bool = False
    after_seconds: float = 0.0  # of audio that still comes out


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    at: float
    text: str
    voice: Voice


@dataclass(slots=True)
class FakeTextToSpeech:
    """Says `fake_speech`, in chunks, faster than it is spoken."""

    first_byte_seconds: float = 0.2
    speed: float = 4.0  # times real time
    chunk_bytes: int = 800  # 100 ms
    script: deque[ScriptedSpeech] = field(default_factory=deque)
    requests: list[SpeechRequest] = field(default_factory=list)
    cancelled: int = 0

    def fail(self, *failures: ScriptedSpeech) -> None:
        self.script.extend(failures)

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        self.requests.append(SpeechRequest(now(), text, voice))
        failure = self.script.popleft() if self.script else None
        audio = fake_speech(text)
        if failure is not None:
            audio = audio[: round(failure.after_seconds * BYTES_A_SECOND)]
        is_complete = False
        try:
            await until(now() + self.first_byte_seconds)
            for offset in range(0, len(audio), self.chunk_bytes):
                yield audio[offset : offset + self.chunk_bytes]
                await until(now() + self.chunk_bytes / BYTES_A_SECOND / self.speed)
            if failure is not None and failure.stalls:
                await _forever()
            is_complete = True
            if failure is not None:
                raise failure.error or ProviderError(FAKE, "failed", retryable=True)
        finally:
            if not is_complete:
                self.cancelled += 1


def _scripted(reply: ScriptedReply | str) -> ScriptedReply:
    return ScriptedReply(reply) if isinstance(reply, str) else reply


def _words(text: str) -> list[str]:
    """Split as a model's tokens are: the space belongs to the word after it."""
    words = text.split(" ")
    return (
        [word if number == 0 else f" {word}" for number, word in enumerate(words)] if text else []
    )


async def _forever() -> None:
    await asyncio.get_running_loop().create_future()
