"""A caller with a script: dials, listens, presses, speaks when it is its turn or before.

    report = await dial(
        "http://127.0.0.1:9000",
        press("1"),
        say("tell me a story"),
        say("no wait", over="once upon a time"),
        hang_up(after=2),
    )
    assert report.problems(max_gap=4) == []

Everything the caller knows it hears: the end of the buddy's turn is silence on the line, its
words are the recogniser's reading of it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.phone.ear import Ear, EarFailed, plain
from sandbox.phone.line import ExchangeSettings, Line, NoExchange, Utterance, place, settings_of
from sandbox.phone.listening import Listening, Sound
from sandbox.phone.report import NOTICE, EndReason, PhoneReport, Turn
from sandbox.sound import SpeechUnavailable, UnreadableSound, read_wave, speak, write_wave

PATIENCE_SECONDS = 1.0  # silence after which a scripted buddy has finished
ENGINE_PATIENCE_SECONDS = 2.2  # a local model may take its time between two sentences
MAX_GAP_SECONDS = 4.0
ENGINE_MAX_GAP_SECONDS = 20.0
GREETING_SECONDS = 60.0  # how long the first words may take, the ringing included
LONGEST_REPLY_SECONDS = 180.0
MENU_SECONDS = 0.8  # silence after the notice in which a key may be pressed
VOICE = "onyx"  # the caller's
WORD_SLACK = 0.25  # seconds by which a word's time may be off

NUMBER_WORDS = dict(
    zip("0123456789", "zero one two three four five six seven eight nine".split(), strict=True)
)
END_REASONS: dict[str, EndReason] = {
    "caller": "caller",
    "hung_up": "closing",
    "hung_up_by_api": "closing",
    "rejected": "rejected",
    "stream_failed": "stream_failed",
}

__all__ = ["PhoneReport", "Turn", "dial", "hang_up", "play", "press", "say"]


@dataclass(frozen=True, slots=True)
class Say:
    """Say something when the buddy has finished, or over it."""

    text: str
    wave: Path | None = None
    over: str | None = None  # as soon as the buddy has said this; at once if it is empty


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys when the menu offers them."""

    digits: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up, whatever is going on."""

    after: float


Step = Say | Press | HangUp


def say(text: str, *, over: str | None = None) -> Say:
    """Say the text, in the sandbox's own voice."""
    return Say(text, over=over)


def play(wave: Path, *, over: str | None = None) -> Say:
    """Say what a WAV file holds."""
    return Say(wave.name, wave=wave, over=over)


def press(digits: str) -> Press:
    """Press these keys, one after the other."""
    return Press(digits)


def hang_up(*, after: float) -> HangUp:
    """Hang up so many seconds after the step before."""
    return HangUp(after)


class CallOver(Exception):
    """The other side has hung up."""


async def dial(
    twilio_url: str,
    *steps: Step,
    caller: str = "+14155550123",
    called: str | None = None,
    options: dict[str, Any] | None = None,
    max_gap: float | None = None,
    patience: float | None = None,
    hang_up_after: float | None = None,
    record: Path | None = None,
    progress: Callable[[str], None] = lambda _line: None,
) -> PhoneReport:
    """Make a call and return what it came to.

    `options` go to Twilio with the call (`stir_verstat`, `caller_name`). Raise `NoExchange`,
    `EarFailed`, `SpeechUnavailable` or `UnreadableSound` where no call comes about.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
        settings = await settings_of(http, twilio_url)
        audio = await _voiced(http, settings, steps, progress)
        waits = _Waits.for_mode(settings, max_gap=max_gap, patience=patience)
        wants_interims = settings.is_scripted or any(
            isinstance(step, Say) and step.over for step in steps
        )
        ear = Ear(http, settings.deepgram_url, has_interims=wants_interims)
        await ear.open()
        try:
            order = {"from": caller, "to": called or settings.number, **(options or {})}
            progress(f"calling {order['to']} from {caller}")
            call_sid, socket = await place(http, twilio_url, order)
            talk = _Talk(call_sid, socket, ear, waits, progress)
            async with talk.connected():
                await talk.follow(steps, audio, hang_up_after)
            await ear.finish()
        finally:
            await ear.close()
        if record is not None:
            write_wave(record, bytes(talk.recorded))
        return talk.conclude()


async def _voiced(
    http: aiohttp.ClientSession,
    settings: ExchangeSettings,
    steps: tuple[Step, ...],
    progress: Callable[[str], None],
) -> dict[Say, bytes]:
    """Make ready everything there is to say, so that the caller never hesitates."""
    audio: dict[Say, bytes] = {}
    for step in steps:
        if isinstance(step, Say) and step not in audio:
            if step.wave is None:
                progress(f"preparing to say {step.text!r}")
                audio[step] = await speak(http, settings.openai_url, step.text, voice=VOICE)
            else:
                audio[step] = _read(step.wave)
    return audio


def _read(wave: Path) -> bytes:
    try:
        return read_wave(wave.read_bytes())
    except OSError as error:
        message = f"{wave} can't be read: {error.strerror}"
        raise UnreadableSound(message) from error
    except UnreadableSound as error:
        message = f"{wave}: {error}"
        raise UnreadableSound(message) from error


@dataclass(frozen=True, slots=True)
class _Waits:
    """How long the caller waits for what, in seconds."""

    patience: float
    answer: float

    @classmethod
    def for_mode(
        cls, settings: ExchangeSettings, *, max_gap: float | None, patience: float | None
    ) -> _Waits:
        scripted = settings.is_scripted
        gap = max_gap or default_max_gap(is_scripted=scripted)
        usual = PATIENCE_SECONDS if scripted else ENGINE_PATIENCE_SECONDS
        return cls(patience or usual, max(gap + 5.0, gap * 1.5))


def default_max_gap(*, is_scripted: bool) -> float:
    """Return the longest gap that is good: a local model may think longer."""
    return MAX_GAP_SECONDS if is_scripted else ENGINE_MAX_GAP_SECONDS


@dataclass(slots=True)
class _Asked:
    """A turn in the making: what the caller did and which sound answered it."""

    turn: Turn
    began_at: float
    ended_at: float
    position: int  # of the line, when the caller had ended
    answer: Sound | None = None


class _Talk:
    """One call in progress."""

    def __init__(
        self,
        call_sid: str,
        socket: aiohttp.ClientWebSocketResponse,
        ear: Ear,
        waits: _Waits,
        progress: Callable[[str], None],
    ) -> None:
        self.recorded = bytearray()
        self._report = PhoneReport(call_sid)
        self._socket = socket
        self._ear = ear
        self._waits = waits
        self._progress = progress
        self._listening = Listening()
        self._line = Line(call_sid, socket, on_frame=self._hear, on_event=self._take)
        self._now = asyncio.get_running_loop().time
        self._changed = asyncio.Event()
        self._answered_at: float | None = None
        self._ended_at: float | None = None
        self._asked: list[_Asked] = []
        self._clears: list[float] = []
        self._marks: list[tuple[float, dict[str, Any]]] = []

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Keep the line alive; leaving hangs up."""
        receiving = asyncio.create_task(self._receive())
        transmitting = asyncio.create_task(self._line.transmit())
        try:
            yield
        finally:
            transmitting.cancel()
            with suppress(asyncio.CancelledError):
                await transmitting
            await self._socket.close()
            await receiving

    async def follow(
        self, steps: tuple[Step, ...], audio: dict[Say, bytes], hang_up_after: float | None
    ) -> None:
        """Do what the script says, until it is over or the call is."""
        unsaid = [step for step in steps if isinstance(step, Say)]
        with suppress(CallOver):
            await self._until(lambda: self._answered_at is not None, GREETING_SECONDS)
            if self._answered_at is None:
                self._progress("nobody answered")
                return
            limit = None if hang_up_after is None else self._answered_at + hang_up_after
            try:
                async with asyncio.timeout_at(limit):
                    await self._carry_out(steps, audio, unsaid)
            except TimeoutError:
                self._report.was_cut_short = True
            await self._hang_up()
        self._report.unsaid = [step.text for step in unsaid]

    def conclude(self) -> PhoneReport:
        """Give every word and mark to its turn and return the report."""
        report = self._report
        report.heard = self._ear.text()
        if self._answered_at is not None and self._ended_at is not None:
            report.seconds = self._ended_at - self._answered_at
        if self._ear.failure:
            report.errors.append(self._ear.failure)
        begins = [self._begin(asked) for asked in self._asked] + [(float("inf"), float("inf"))]
        for asked, (began_at, position), (until, end) in zip(
            self._asked, begins[:-1], begins[1:], strict=True
        ):
            turn = asked.turn
            turn.heard = self._ear.text(position, end)
            turn.marks = [mark for at, mark in self._marks if began_at <= at < until]
            turn.interrupted = any(began_at < at <= until for at in self._clears)
            report.turns.append(turn)
        return report

    def _begin(self, asked: _Asked) -> tuple[float, float]:
        """Return the moment and the place on the line at which a turn's answer begins."""
        if asked.answer is None:
            return asked.ended_at, float(asked.position)
        return asked.answer.began_at, self._place(asked.answer)

    def _place(self, sound: Sound) -> float:
        """Return where on the line a sound's words begin, however loosely they are timed."""
        before = self._listening.silence_before(sound)
        return sound.position - min(WORD_SLACK * 8000, before / 2)

    # The script

    async def _carry_out(
        self, steps: tuple[Step, ...], audio: dict[Say, bytes], unsaid: list[Say]
    ) -> None:
        start = self._answered_at or 0.0
        self._ask(None, start, start)
        is_first = True
        for step in steps:
            match step:
                case Press(digits):
                    await self._press(digits, is_menu=is_first)
                case Say():
                    await self._wait_for(step.over)
                    await self._say(step, audio[step], unsaid)
                case HangUp(after):
                    self._report.was_cut_short = True
                    await self._until(lambda: False, after)
                    return
            is_first = False
        await self._wait_for(None)

    async def _press(self, digits: str, *, is_menu: bool) -> None:
        """Press when the menu is heard, or in the silence after the notice."""
        if is_menu:
            await self._until(lambda: self._offers(digits[:1]), GREETING_SECONDS)
        else:
            await self._wait_for(None)
        self._progress(f"pressing {digits}")
        pressed_at = self._now()
        for digit in digits:
            await self._line.press(digit)
        if is_menu:
            self._asked.clear()
        self._ask(None if is_menu else f"[{digits}]", pressed_at, pressed_at)

    def _offers(self, digit: str) -> bool:
        heard = plain(self._ear.text())
        if re.search(rf"\b({digit}|{NUMBER_WORDS.get(digit, digit)}|press a key)\b", heard):
            return True
        quiet = self._listening.has_finished(self._now(), patience=MENU_SECONDS, since=0)
        return quiet and bool(NOTICE.search(heard))

    async def _say(self, step: Say, audio: bytes, unsaid: list[Say]) -> None:
        self._progress(f"you: {step.text}")
        before = self._now()
        unsaid.remove(step)
        saying = asyncio.create_task(self._line.say(audio))
        try:
            await self._until(saying.done, len(audio) / 8000 + 5)
        except CallOver:
            self._ask(step.text, before, self._now())
            raise
        finally:
            saying.cancel()
        utterance: Utterance = saying.result()
        began_at = utterance.began_at or before
        self._ask(step.text, began_at, utterance.ended_at or self._now())

    def _ask(self, said: str | None, began_at: float, ended_at: float) -> None:
        self._asked.append(_Asked(Turn(said), began_at, ended_at, self._listening.position))

    async def _wait_for(self, over: str | None) -> None:
        """Wait until the buddy has answered and finished, or has said the words to speak over."""
        asked = self._asked[-1]
        is_greeting = asked.turn.said is None
        limit = GREETING_SECONDS if is_greeting else self._waits.answer
        if not await self._until(lambda: self._find_answer(asked), limit):
            self._progress("no answer came")
            return
        if over is not None and not over.strip():
            return
        words = plain(over or "")
        answer = asked.answer
        began_at = 0.0 if answer is None else answer.began_at
        place = 0.0 if answer is None else self._place(answer)

        def is_time() -> bool:
            if words and words in plain(self._ear.text(place)):
                return True
            return self._listening.has_finished(
                self._now(), patience=self._waits.patience, since=began_at
            )

        await self._until(is_time, LONGEST_REPLY_SECONDS)
        if words and words not in plain(self._ear.text(place)):
            self._progress(f"the buddy never said {over!r}")
        self._progress(f"buddy: {self._ear.text(place) or '(the recogniser is still reading)'}")

    def _find_answer(self, asked: _Asked) -> bool:
        if asked.answer is None:
            asked.answer = self._listening.answer_to(asked.began_at, asked.ended_at)
            if asked.answer is not None:
                gap = max(0.0, asked.answer.began_at - asked.ended_at)
                asked.turn.gap_ms = round(gap * 1000)
                self._progress(f"sound after {gap:.2f} s")
        return asked.answer is not None

    async def _hang_up(self) -> None:
        self._progress("hanging up")
        await self._line.hang_up()
        await self._until(lambda: False, 5.0)

    # The line

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition; return whether it came. Raise `CallOver` when the call ends."""
        limit = self._now() + seconds
        # A timer of our own: `wait_for` loses a cancellation that comes together with an event.
        alarm = asyncio.get_running_loop().call_at(limit, self._changed.set)
        try:
            while not condition():
                if self._ended_at is not None:
                    raise CallOver
                if self._now() >= limit:
                    return False
                self._changed.clear()
                await self._changed.wait()
        finally:
            alarm.cancel()
        return True

    async def _receive(self) -> None:
        await self._line.receive()
        if self._ended_at is None:
            self._ended_at = self._now()
        self._changed.set()

    def _hear(self, frame: bytes, now: float) -> None:
        self.recorded += frame
        self._listening.hear(frame, now)
        self._ear.hear(frame)
        self._changed.set()

    def _take(self, event: dict[str, Any], now: float) -> None:
        match event["event"]:
            case "answered":
                self._answered_at = now
                self._progress("answered")
            case "mark":
                mark = {"name": event["name"], "played_at": event["played_at"]}
                self._marks.append((now, mark))
            case "cleared":
                self._listening.note_break()
                if event["dropped_ms"] > 0:
                    self._clears.append(now)
            case "error":
                self._report.errors.append(event["message"])
                self._progress(f"Twilio: {event['message']}")
            case "ended":
                self._ended_at = now
                self._report.end_reason = END_REASONS.get(event["reason"], "failed")
                self._progress(f"ended: {event['reason'].replace('_', ' ')}")
            case _:
                pass
        self._changed.set()


# The exceptions that `dial` raises, for those who only import this module.
DIAL_ERRORS = (NoExchange, EarFailed, SpeechUnavailable, UnreadableSound)
