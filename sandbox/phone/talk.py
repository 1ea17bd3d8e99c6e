"""One call in progress, as its phone sees it: what was heard, what was said, what answered it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.phone.ear import Ear
from sandbox.phone.line import Line
from sandbox.phone.listening import FRAME_BYTES, Listening, Sound
from sandbox.phone.report import EndReason, PhoneReport, Turn

LATE_CLEAR_SECONDS = 3.0  # so long after the caller's words an interruption is due to them
WORD_SLACK = 1.0  # seconds by which a real recogniser may time a word too early

END_REASONS: dict[str, EndReason] = {
    "caller": "caller",
    "hung_up": "closing",
    "hung_up_by_api": "closing",
    "rejected": "rejected",
    "stream_failed": "stream_failed",
}


class CallOver(Exception):
    """The other side has hung up."""


@dataclass(slots=True)
class Asked:
    """A turn in the making: what the caller did and which sound answered it."""

    turn: Turn
    began_at: float
    ended_at: float
    position: int  # of the line, when the caller had ended
    answer: Sound | None = None


class Talk:
    """One call's line, ear and record."""

    def __init__(
        self,
        call_sid: str,
        socket: aiohttp.ClientWebSocketResponse,
        ear: Ear,
        progress: Callable[[str], None],
    ) -> None:
        self.report = PhoneReport(call_sid)
        self.recorded = bytearray()
        self.ear = ear
        self.listening = Listening()
        self.line = Line(socket, on_frame=self._hear, on_event=self._take)
        self.answered_at: float | None = None
        self.asked: list[Asked] = []
        self.progress = progress
        self.now = asyncio.get_running_loop().time
        self._socket = socket
        self._changed = asyncio.Event()
        self._ended_at: float | None = None
        self._clears: list[float] = []
        self._marks: list[tuple[float, dict[str, Any]]] = []

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Keep the line alive; leaving hangs up."""
        receiving = asyncio.create_task(self._receive())
        transmitting = asyncio.create_task(self.line.transmit())
        try:
            yield
        finally:
            transmitting.cancel()
            with suppress(asyncio.CancelledError):
                await transmitting
            await self._socket.close()
            await receiving

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition; return whether it came. Raise `CallOver` when the call ends."""
        limit = self.now() + seconds
        # A timer of our own: `wait_for` loses a cancellation that comes together with an event.
        alarm = asyncio.get_running_loop().call_at(limit, self._changed.set)
        try:
            while not condition():
                if self._ended_at is not None:
                    raise CallOver
                if self.now() >= limit:
                    return False
                self._changed.clear()
                await self._changed.wait()
        finally:
            alarm.cancel()
        return True

    def ask(self, said: str | None, began_at: float, ended_at: float) -> Asked:
        """Begin a turn; its answer is what begins after `ended_at`."""
        asked = Asked(Turn(said), began_at, ended_at, self.listening.position)
        self.asked.append(asked)
        return asked

    def has_asked(self, asked: Asked, ended_at: float) -> None:
        """Take note that the caller has ended: from now on an answer is due."""
        asked.ended_at, asked.position = ended_at, self.listening.position

    def find_answer(self, asked: Asked) -> bool:
        """Return whether a turn has its answer by now."""
        if asked.answer is None:
            asked.answer = self.listening.answer_to(asked.began_at, asked.ended_at)
            if asked.answer is not None:
                gap = max(0.0, asked.answer.began_at - asked.ended_at)
                asked.turn.gap_ms = round(gap * 1000)
                self.progress(f"sound after {gap:.2f} s")
        return asked.answer is not None

    def take_last_sound(self, asked: Asked) -> None:
        """Take what was sounding when the caller had ended for the answer: it came at once."""
        last = self.listening.sounds[-1]
        asked.answer = Sound(asked.ended_at, last.ended_at, asked.position, last.end_position)
        asked.turn.gap_ms = 0

    def _withdraw_answer(self, now: float) -> None:
        """Forget an answer that was what the buddy had been saying: it is taken back only now."""
        asked = self.asked[-1] if self.asked else None
        if asked is not None and asked.answer and now - asked.ended_at < LATE_CLEAR_SECONDS:
            asked.answer, asked.turn.gap_ms = None, None

    def place(self, sound: Sound) -> float:
        """Return where on the line a sound's words begin, however loosely they are timed."""
        before = self.listening.silence_before(sound)
        # A frame later: a letter that was cut off is timed as if it had been whole.
        return sound.position - min(WORD_SLACK * 8000, before / 2) + FRAME_BYTES

    async def hang_up(self) -> None:
        """Put the receiver down and wait for the line to die."""
        self.progress("hanging up")
        await self.line.hang_up()
        await self.until(lambda: False, 5.0)

    def conclude(self) -> PhoneReport:
        """Give every word and mark to its turn and return the report."""
        report = self.report
        report.heard = self.ear.text()
        if self.answered_at is not None and self._ended_at is not None:
            report.seconds = self._ended_at - self.answered_at
        if self.ear.failure:
            report.errors.append(self.ear.failure)
        begins = [self._begin(asked) for asked in self.asked] + [(float("inf"), float("inf"))]
        for asked, (began_at, position), (until, end) in zip(
            self.asked, begins[:-1], begins[1:], strict=True
        ):
            turn = asked.turn
            turn.heard = self.ear.text(position, end)
            turn.marks = [mark for at, mark in self._marks if began_at <= at < until]
            turn.interrupted = any(began_at < at <= until for at in self._clears)
            report.turns.append(turn)
        return report

    def _begin(self, asked: Asked) -> tuple[float, float]:
        """Return the moment and the place on the line at which a turn's answer begins."""
        if asked.answer is None:
            return asked.ended_at, float(asked.position)
        return asked.answer.began_at, self.place(asked.answer)

    async def _receive(self) -> None:
        await self.line.receive()
        if self._ended_at is None:
            self._ended_at = self.now()
        self._changed.set()

    def _hear(self, frame: bytes, now: float) -> None:
        self.recorded += frame
        self.listening.hear(frame, now)
        self.ear.hear(frame)
        self._changed.set()

    def _take(self, event: dict[str, Any], now: float) -> None:
        match event["event"]:
            case "answered":
                self.answered_at = now
                self.progress("answered")
            case "mark":
                mark = {"name": event["name"], "played_at": event["played_at"]}
                self._marks.append((now, mark))
            case "cleared":
                is_cut = event["dropped_ms"] > 0
                self.listening.note_break(is_cut=is_cut)
                if is_cut:
                    self._clears.append(now)
                    self._withdraw_answer(now)
            case "error":
                self.report.errors.append(event["message"])
                self.progress(f"Twilio: {event['message']}")
            case "ended":
                self._ended_at = now
                self.report.end_reason = END_REASONS.get(event["reason"], "failed")
                self.progress(f"ended: {event['reason'].replace('_', ' ')}")
            case _:
                pass
        self._changed.set()
