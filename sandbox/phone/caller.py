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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, assert_never

import aiohttp

from sandbox.phone.ear import Ear, EarFailed, plain
from sandbox.phone.line import ExchangeSettings, NoExchange, Utterance, place, settings_of
from sandbox.phone.listening import Sound
from sandbox.phone.report import NOTICE, PhoneReport, Turn
from sandbox.phone.steps import HangUp, Press, Say, Step, hang_up, play, press, say
from sandbox.phone.talk import Asked, CallOver, Talk
from sandbox.sound import SpeechUnavailable, UnreadableSound, read_wave, speak, write_wave

PATIENCE_SECONDS = 1.0  # silence after which a scripted buddy has finished
ENGINE_PATIENCE_SECONDS = 2.5  # a local model may take its time between two sentences
MAX_GAP_SECONDS = 4.0
ENGINE_MAX_GAP_SECONDS = 20.0
GREETING_SECONDS = 60.0  # how long the first words may take, the ringing included
LONGEST_REPLY_SECONDS = 180.0
LONGEST_HOLD_SECONDS = 60.0  # how long a buddy that asked for a moment may take
FILLER_WORDS = 12  # a local model is slow, and what is this short may only cover the wait for it
FILLER_SECONDS = 8.0
READING_SECONDS = 4.0  # how far the recogniser may be behind when the caller wants to know
VOICE = "onyx"  # the caller's

# Who says this is about to say more.
HOLD = re.compile(r"\b(moment|second|hold on|let me (check|look|see|think)\w*)( please)?$")
NUMBER_WORDS = dict(
    zip("0123456789", "zero one two three four five six seven eight nine".split(), strict=True)
)
# What `dial` raises where no call comes about.
DIAL_ERRORS = (NoExchange, EarFailed, SpeechUnavailable, UnreadableSound)

__all__ = [
    "DIAL_ERRORS",
    "HangUp",
    "PhoneReport",
    "Press",
    "Say",
    "Step",
    "Turn",
    "dial",
    "hang_up",
    "play",
    "press",
    "say",
]


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

    `options` go to Twilio with the call (`stir_verstat`, `caller_name`); `hang_up_after` counts
    from the answer. Raise one of `DIAL_ERRORS` where no call comes about.
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
            talk = Talk(call_sid, socket, ear, progress)
            async with talk.connected():
                await _Caller(talk, waits, audio).follow(steps, hang_up_after)
            await ear.finish()
        finally:
            await ear.close()
        if record is not None:
            write_wave(record, bytes(talk.recorded))
        return talk.conclude()


def default_max_gap(*, is_scripted: bool) -> float:
    """Return the longest gap that is good: a local model may think longer."""
    return MAX_GAP_SECONDS if is_scripted else ENGINE_MAX_GAP_SECONDS


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
    has_fillers: bool

    @classmethod
    def for_mode(
        cls, settings: ExchangeSettings, *, max_gap: float | None, patience: float | None
    ) -> Self:
        gap = max_gap or default_max_gap(is_scripted=settings.is_scripted)
        usual = PATIENCE_SECONDS if settings.is_scripted else ENGINE_PATIENCE_SECONDS
        has_fillers = not settings.is_scripted and patience is None
        return cls(patience or usual, max(gap + 2.0, gap * 1.5), has_fillers)


class _Caller:
    """Follows the script on one call."""

    def __init__(self, talk: Talk, waits: _Waits, audio: dict[Say, bytes]) -> None:
        self._talk = talk
        self._waits = waits
        self._audio = audio
        self._unsaid: list[Say] = []

    async def follow(self, steps: tuple[Step, ...], hang_up_after: float | None) -> None:
        """Do what the script says, until it is over or the call is."""
        talk = self._talk
        self._unsaid = [step for step in steps if isinstance(step, Say)]
        with suppress(CallOver):
            await talk.until(lambda: talk.answered_at is not None, GREETING_SECONDS)
            if talk.answered_at is None:
                talk.progress("nobody answered")
                return
            limit = None if hang_up_after is None else talk.answered_at + hang_up_after
            try:
                async with asyncio.timeout_at(limit):
                    await self._carry_out(steps, talk.answered_at)
            except TimeoutError:
                talk.report.was_cut_short = True
            await talk.hang_up()
        talk.report.unsaid = [step.text for step in self._unsaid]

    async def _carry_out(self, steps: tuple[Step, ...], answered_at: float) -> None:
        talk = self._talk
        talk.ask(None, answered_at, answered_at)
        for number, step in enumerate(steps):
            match step:
                case Press(digits, over):
                    await self._press(digits, over, is_menu=number == 0)
                case Say():
                    await self._wait_for(step.over)
                    await self._say(step)
                case HangUp(after):
                    talk.report.was_cut_short = True
                    await talk.until(lambda: False, after)
                    return
                case _:
                    assert_never(step)
        await self._wait_for(None)

    async def _press(self, digits: str, over: str | None, *, is_menu: bool) -> None:
        talk = self._talk
        if is_menu:
            await talk.until(lambda: self._offers(digits[:1]), GREETING_SECONDS)
        else:
            await self._wait_for(over)
        talk.progress(f"pressing {digits}")
        pressed_at = talk.now()
        for digit in digits:
            await talk.line.press(digit)
        if is_menu:
            talk.asked.clear()  # what came before the greeting is nobody's turn
        talk.ask(None if is_menu else f"[{digits}]", pressed_at, pressed_at)

    def _offers(self, digit: str) -> bool:
        """Return whether the menu has offered the key, or the notice is over and nothing came."""
        talk = self._talk
        text = talk.ear.text()
        notice = NOTICE.search(text)
        if notice is None:
            return False
        key = re.escape(digit)
        offer = rf"\b({key}|{NUMBER_WORDS.get(digit, key)}|press a key)\b"
        if re.search(offer, plain(text[notice.end() :])):
            return True
        return self._has_finished(since=0)

    async def _say(self, step: Say) -> None:
        talk, audio = self._talk, self._audio[step]
        talk.progress(f"you: {step.text}")
        asked = talk.ask(step.text, talk.now(), float("inf"))
        self._unsaid.remove(step)
        saying = asyncio.create_task(talk.line.say(audio))
        try:
            await talk.until(saying.done, len(audio) / 8000 + 5)
            utterance: Utterance = saying.result()
            asked.began_at = utterance.began_at or asked.began_at
            talk.has_asked(asked, utterance.ended_at or talk.now())
        except CallOver:
            talk.has_asked(asked, talk.now())
            raise
        finally:
            saying.cancel()

    async def _wait_for(self, over: str | None) -> None:
        """Wait until the buddy has answered and finished, or has said the words to speak over."""
        talk = self._talk
        asked = talk.asked[-1]
        answer = await self._answer_to(asked)
        if answer is None:
            talk.progress("no answer came")
            return
        words = plain(over or "")
        while (over is None or words) and not await self._heard_enough(asked, answer, words):
            # What was taken for the answer was taken back: there is another to wait for.
            if (another := await self._answer_to(asked)) is None:
                return
            answer = another
        place = talk.place(answer)
        if over is None or (words and self._has_finished(since=answer.began_at)):
            await self._hear_out(place)
        if words and words not in plain(talk.ear.text(place)):
            talk.progress(f"the buddy never said {over!r}")
        talk.progress(f"buddy: {talk.ear.text(place) or '(still being read)'}")

    async def _answer_to(self, asked: Asked) -> Sound | None:
        talk = self._talk
        limit = GREETING_SECONDS if asked.turn.said is None else self._waits.answer
        await talk.until(lambda: talk.find_answer(asked) or self._ran_on(asked), limit)
        return asked.answer

    async def _heard_enough(self, asked: Asked, answer: Sound, words: str) -> bool:
        """Wait for the words or the answer's end; return False if it is no answer any more."""
        await self._talk.until(
            lambda: asked.answer is not answer or self._is_time(answer, words),
            LONGEST_REPLY_SECONDS,
        )
        return asked.answer is answer

    def _is_time(self, answer: Sound, words: str) -> bool:
        """Return whether the buddy has said the words, or has finished."""
        talk = self._talk
        if words and words in plain(talk.ear.text(talk.place(answer))):
            return True
        return self._has_finished(since=answer.began_at)

    def _ran_on(self, asked: Asked) -> bool:
        """Return whether a key was answered without the least break in what was being said."""
        is_key = asked.began_at == asked.ended_at
        if not is_key or not self._has_finished(since=asked.ended_at):
            return False
        self._talk.take_last_sound(asked)
        return True

    async def _hear_out(self, place: float) -> None:
        """Go on waiting for as long as the buddy's last words promise more, or may."""
        talk = self._talk
        while True:
            ended = talk.listening.sounds[-1].end_position
            await talk.until(partial(talk.ear.has_read, ended), READING_SECONDS)
            read = talk.ear.text(place)
            limit = self._patience_after(read)
            if not limit:
                return
            talk.progress(f"buddy: {read} (waiting)")
            has_gone_on = partial(self._has_finished, since=talk.now())
            if not await talk.until(has_gone_on, limit):
                return

    def _patience_after(self, read: str) -> float:
        """Return for how long more may come after these words, in seconds."""
        if HOLD.search(plain(read)):
            return LONGEST_HOLD_SECONDS
        may_be_filler = len(read.split()) <= FILLER_WORDS and not read.rstrip().endswith("?")
        return FILLER_SECONDS if self._waits.has_fillers and may_be_filler else 0.0

    def _has_finished(self, *, since: float) -> bool:
        talk = self._talk
        return talk.listening.has_finished(talk.now(), patience=self._waits.patience, since=since)
