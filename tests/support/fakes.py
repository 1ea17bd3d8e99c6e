"""In-process doubles of the five ports, for virtual time.

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
from tests.support.fake_sound import (
    CHARACTER_BYTES,
    SILENCE,
    character_of,
    fake_speech,
    runs,
    silence,
    words_in,
)
from voice.conversation.events import TranscriptReceived, UtteranceLikelyEnded, VoiceDetected
from voice.conversation.prompts import ModelMessage
from voice.ports import (
    BYTES_A_SECOND,
    FRAME_BYTES,
    KeyPressed,
    LegClosed,
    LegEvent,
    ListenOptions,
    MarkReturned,
    MediaReceived,
    RecogniserEvent,
    Voice,
)

FAKE = "fake"
JITTER = 1e-6  # seconds; the loop's clock may wake a hair before a timer's moment


def now() -> float:
    return asyncio.get_running_loop().time()


# The caller's line.


@dataclass(frozen=True, slots=True)
class Sent:
    """One message to the line, in the order it was sent."""

    at: float
    kind: str  # audio, mark, clear or close
    audio: bytes = b""
    name: str = ""


@dataclass(slots=True)
class Playback:
    """A stretch of audio played without a gap."""

    started_at: float
    audio: bytes

    @property
    def ended_at(self) -> float:
        return self.started_at + len(self.audio) / BYTES_A_SECOND


class FakeCallLeg:
    """A line as Twilio keeps it: plays what is queued in loop time, returns marks when played.

    `clear` returns the pending marks at once. What was played is in `playbacks`, what was sent in
    `sent`, and `heard()` is what the caller's ear got until now.
    """

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.playbacks: list[Playback] = []
        self.is_closed = False
        self._events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._pending_marks: list[tuple[str, asyncio.TimerHandle]] = []
        self._has_ended = False

    # What a test does.

    def press(self, digit: str) -> None:
        self._events.put_nowait(KeyPressed(digit))

    def hang_up(self) -> None:
        """End the stream, as the caller or Twilio does."""
        if not self._has_ended:
            self._has_ended = True
            for _, timer in self._pending_marks:
                timer.cancel()
            self._pending_marks.clear()
            self._stop_playback()
            self._events.put_nowait(LegClosed())

    async def speak(self, audio: bytes) -> None:
        """Send the caller's audio in frames, in loop time."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number, offset in enumerate(range(0, len(audio), FRAME_BYTES), start=1):
            await _until(start + number * FRAME_BYTES / BYTES_A_SECOND)
            self._events.put_nowait(MediaReceived(audio[offset : offset + FRAME_BYTES]))

    async def say(self, text: str, then_silence: float = 0.0) -> None:
        await self.speak(fake_speech(text) + silence(then_silence))

    async def until_quiet(self) -> None:
        """Wait until all that is queued has been played."""
        while self.is_playing:
            await _until(self.playbacks[-1].ended_at)

    def heard(self) -> str:
        """Return the words the caller has heard until now."""
        return words_in(self.heard_audio())

    def heard_audio(self) -> bytes:
        moment = now()
        return b"".join(
            played.audio[: max(0, round((moment - played.started_at) * BYTES_A_SECOND))]
            for played in self.playbacks
        )

    @property
    def is_playing(self) -> bool:
        return bool(self.playbacks) and self.playbacks[-1].ended_at - now() > JITTER

    @property
    def marks_sent(self) -> list[str]:
        return [sent.name for sent in self.sent if sent.kind == "mark"]

    @property
    def clears(self) -> int:
        return sum(sent.kind == "clear" for sent in self.sent)

    # The port.

    async def receive(self) -> LegEvent:
        return await self._events.get()

    async def send_audio(self, audio: bytes) -> None:
        self._log("audio", audio=audio)
        if self._has_ended:
            return
        if self.is_playing:
            self.playbacks[-1].audio += audio
        else:
            self.playbacks.append(Playback(now(), audio))

    async def send_mark(self, name: str) -> None:
        self._log("mark", name=name)
        if self._has_ended:
            return
        due = max(now(), self.playbacks[-1].ended_at if self.playbacks else 0.0)
        timer = asyncio.get_running_loop().call_at(due, self._return_first_mark)
        self._pending_marks.append((name, timer))

    async def clear(self) -> None:
        self._log("clear")
        self._stop_playback()
        pending, self._pending_marks = self._pending_marks, []
        for name, timer in pending:
            timer.cancel()
            self._events.put_nowait(MarkReturned(name))

    async def close(self) -> None:
        if not self.is_closed:
            self._log("close")
            self.is_closed = True
            self.hang_up()

    def _return_first_mark(self) -> None:
        name, _ = self._pending_marks.pop(0)
        self._events.put_nowait(MarkReturned(name))

    def _stop_playback(self) -> None:
        if self.is_playing:
            last = self.playbacks[-1]
            last.audio = last.audio[: round((now() - last.started_at) * BYTES_A_SECOND)]

    def _log(self, kind: str, *, audio: bytes = b"", name: str = "") -> None:
        self.sent.append(Sent(now(), kind, audio, name))


class FakeCallControl:
    """Hangs up by ending the leg it was given, as Twilio does."""

    def __init__(self, leg: FakeCallLeg | None = None) -> None:
        self.hung_up: list[str] = []
        self.failures = 0  # so many of the next attempts fail
        self._leg = leg

    async def hang_up(self, call_sid: str) -> None:
        if self.failures:
            self.failures -= 1
            raise ProviderError(FAKE, "scripted failure", retryable=True)
        self.hung_up.append(call_sid)
        if self._leg is not None:
            self._leg.hang_up()


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

    async def send(self, audio: bytes) -> None:
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
            self._post(TranscriptReceived(words, is_final=True, ended_at=self._ended_at))
            self._post(UtteranceLikelyEnded())
        self._words = ""

    def _post(self, event: RecogniserEvent) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._events.put_nowait, event)
        else:
            self._events.put_nowait(event)


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
            await _until(now() + reply.first_token_seconds)
            for word in _words(reply.text):
                yield word
                await _until(now() + reply.token_seconds)
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
    """Says `fake_speech`, in chunks of 100 ms, faster than it is spoken."""

    first_byte_seconds: float = 0.2
    speed: float = 4.0  # times real time
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
            await _until(now() + self.first_byte_seconds)
            for offset in range(0, len(audio), 800):
                yield audio[offset : offset + 800]
                await _until(now() + 0.1 / self.speed)
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


async def _until(moment: float) -> None:
    """Wait for a moment of the loop's own time."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[None] = loop.create_future()
    timer = loop.call_at(moment, _arrive, arrived)
    try:
        await arrived
    finally:
        timer.cancel()


def _arrive(arrived: asyncio.Future[None]) -> None:
    if not arrived.done():
        arrived.set_result(None)
