"""What is gathered from keys and speech, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from sandbox.twilio.gathering import Gathering
from sandbox.twilio.twiml import Gather
from tests.support.loop_time import now, until
from voice.replay.virtual_time import run_in_virtual_time

Script = Callable[["Caller"], Awaitable[None]]
PROMPT_SECONDS = 3.0


@dataclass
class FakeEar:
    """Hears what a test says."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)
    words: str = ""

    def hear(self, frame: bytes) -> None:
        self.words += frame.decode()
        self.changed.set()

    def text(self) -> str:
        return self.words


@dataclass
class Caller:
    """Somebody at whom a prompt of three seconds is said."""

    gathering: Gathering
    heard_until: float = 0.0

    async def prompt(self) -> None:
        try:
            await until(now() + PROMPT_SECONDS)
        finally:
            self.heard_until = now()

    async def press(self, *keys: str, every: float = 1.0) -> None:
        for key in keys:
            await until(now() + every)
            self.gathering.press(key)


def gathered(
    verb: Gather, script: Script | None = None
) -> tuple[dict[str, str] | None, float, float]:
    """Return what was entered, when that was known, and until when the prompt was heard."""

    async def play() -> tuple[dict[str, str] | None, float, float]:
        caller = Caller(Gathering(verb, FakeEar() if verb.takes_speech else None))
        acting = asyncio.ensure_future(script(caller)) if script is not None else None
        entered = await caller.gathering.run(caller.prompt)
        if acting is not None:
            acting.cancel()
        return entered, now(), caller.heard_until

    return run_in_virtual_time(play())


def test_as_many_keys_as_asked_for_are_sent_at_once() -> None:
    entered = gathered(Gather(num_digits=2), lambda caller: caller.press("4", "2", "7"))

    assert entered == ({"Digits": "42"}, 2.0, 1.0)  # the first key ends the prompt


def test_finishing_key_is_no_part_of_what_is_sent() -> None:
    assert gathered(Gather(), lambda caller: caller.press("4", "#"))[:2] == ({"Digits": "4"}, 2.0)


def test_keys_are_waited_for_anew_from_each_of_them() -> None:
    entered = gathered(Gather(timeout=5), lambda caller: caller.press("1", "2", every=4.0))

    assert entered == ({"Digits": "12"}, 13.0, PROMPT_SECONDS)


def test_nothing_entered_is_nothing_to_send() -> None:
    assert gathered(Gather(timeout=5)) == (None, PROMPT_SECONDS + 5, PROMPT_SECONDS)
    assert gathered(Gather(), lambda caller: caller.press("#"))[0] is None


def test_nothing_is_sent_all_the_same_where_that_was_asked_for() -> None:
    assert gathered(Gather(action_on_empty_result=True))[0] == {"Digits": ""}


SPEECH = Gather(takes_keys=False, takes_speech=True)


async def speak(caller: Caller) -> None:
    for word in (b"two", b" of", b" them"):
        await until(now() + 0.5)
        caller.gathering.hear(word)
    caller.gathering.press("1")  # keys are not asked for


def test_speech_is_sent_once_it_pauses() -> None:
    entered = gathered(SPEECH, speak)

    assert entered == ({"SpeechResult": "two of them", "Confidence": "0.9"}, 2.5, 0.5)


def test_pause_that_ends_speech_may_be_set() -> None:
    assert gathered(replace(SPEECH, speech_timeout=3), speak)[1] == 4.5
