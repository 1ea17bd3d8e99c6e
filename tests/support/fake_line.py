"""In-process doubles of the caller's line and of what acts on it, for virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import ProviderError
from tests.support.fake_sound import fake_speech, silence, words_in
from tests.support.loop_time import JITTER, now, until
from voice.following import Followed
from voice.ports import (
    BYTES_A_SECOND,
    FRAME_BYTES,
    CallLeg,
    KeyPressed,
    LegClosed,
    LegEvent,
    MarkReturned,
    MediaReceived,
)

FAKE = "fake"


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
        self.loses_marks = False  # those sent from now on never come back
        self.send_seconds = 0.0  # that the line takes for a message; meanwhile its sender waits
        self.marks_late = 0.0  # seconds by which those sent from now on come back too late
        self._events: Followed[LegEvent] = Followed()
        self._pending_marks: list[tuple[str, asyncio.TimerHandle]] = []
        self._has_ended = False

    # What a test does.

    def press(self, digit: str) -> None:
        self._events.tell(KeyPressed(digit))

    def hang_up(self) -> None:
        """End the stream, as the caller or Twilio does."""
        if not self._has_ended:
            self._has_ended = True
            for _, timer in self._pending_marks:
                timer.cancel()
            self._pending_marks.clear()
            self._stop_playback()
            self._events.tell(LegClosed())

    async def speak(self, audio: bytes) -> None:
        """Send the caller's audio in frames, in loop time."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for number, offset in enumerate(range(0, len(audio), FRAME_BYTES), start=1):
            await until(start + number * FRAME_BYTES / BYTES_A_SECOND)
            self._events.tell(MediaReceived(audio[offset : offset + FRAME_BYTES]))

    async def say(self, text: str, then_silence: float = 0.0) -> None:
        await self.speak(fake_speech(text) + silence(then_silence))

    async def until_quiet(self) -> None:
        """Wait until all that is queued has been played."""
        while self.is_playing:
            await until(self.playbacks[-1].ended_at)

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

    def follow(self, take: Callable[[LegEvent], None]) -> None:
        self._events.follow(take)

    async def send_audio(self, audio: bytes) -> None:
        self._log("audio", audio=audio)
        if self._has_ended:
            return
        if self.is_playing:
            self.playbacks[-1].audio += audio
        else:
            self.playbacks.append(Playback(now(), audio))
        if self.send_seconds:
            await until(now() + self.send_seconds)

    async def send_mark(self, name: str) -> None:
        self._log("mark", name=name)
        if self._has_ended or self.loses_marks:
            return
        due = max(now(), self.playbacks[-1].ended_at if self.playbacks else 0.0)
        due_here = due + self.marks_late
        timer = asyncio.get_running_loop().call_at(due_here, self._return_first_mark)
        self._pending_marks.append((name, timer))

    async def clear(self) -> None:
        self._log("clear")
        self._stop_playback()
        pending, self._pending_marks = self._pending_marks, []
        for name, timer in pending:
            timer.cancel()
            self._events.tell(MarkReturned(name))

    async def close(self) -> None:
        if not self.is_closed:
            self._log("close")
            self.is_closed = True
            self.hang_up()

    def _return_first_mark(self) -> None:
        name, _ = self._pending_marks.pop(0)
        self._events.tell(MarkReturned(name))

    def _stop_playback(self) -> None:
        if self.is_playing:
            last = self.playbacks[-1]
            last.audio = last.audio[: round((now() - last.started_at) * BYTES_A_SECOND)]

    def _log(self, kind: str, *, audio: bytes = b"", name: str = "") -> None:
        self.sent.append(Sent(now(), kind, audio, name))


class LegEvents:
    """Follows a line and keeps what comes until somebody asks for it."""

    def __init__(self, leg: CallLeg) -> None:
        self._events: asyncio.Queue[LegEvent] = asyncio.Queue()
        leg.follow(self._events.put_nowait)

    @property
    def waiting(self) -> int:
        return self._events.qsize()

    async def next(self) -> LegEvent:
        return await self._events.get()

    async def next_but_audio(self) -> LegEvent:
        while isinstance(event := await self.next(), MediaReceived):
            pass
        return event


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

    async def is_over(self, call_sid: str) -> bool:
        if self.failures:
            self.failures -= 1
            raise ProviderError(FAKE, "scripted failure", retryable=True)
        return call_sid in self.hung_up
