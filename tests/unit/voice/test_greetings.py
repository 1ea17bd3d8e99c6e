from __future__ import annotations

import asyncio

from tests.support.fake_sound import words_in
from tests.support.fakes import FakeTextToSpeech, ScriptedSpeech
from tests.support.virtual_time import run_in_virtual_time
from voice.greetings import Greetings
from voice.ports import Voice


def voice(speed: float = 1.0) -> Voice:
    return Voice("ballad", "slow", speed)


def test_a_greeting_made_ahead_is_there_in_the_buddys_voice() -> None:
    async def play() -> None:
        speech = FakeTextToSpeech()
        greetings = Greetings(speech)
        assert greetings.audio(voice(), "Hello Sam!") is None

        await greetings.prepare(voice(), "Hello Sam!")

        assert words_in(greetings.audio(voice(), "Hello Sam!") or b"") == "Hello Sam!"
        assert speech.requests[0].voice == voice()

    run_in_virtual_time(play())


def test_another_pace_is_another_greeting() -> None:
    async def play() -> None:
        greetings = Greetings(FakeTextToSpeech())
        await greetings.prepare(voice(), "Hello!")

        assert greetings.audio(voice(1.2), "Hello!") is None

    run_in_virtual_time(play())


def test_what_is_there_or_in_the_making_is_not_made_twice() -> None:
    async def play() -> None:
        speech = FakeTextToSpeech()
        greetings = Greetings(speech)
        await asyncio.gather(*[greetings.prepare(voice(), "Hello!") for _ in range(5)])
        await greetings.prepare(voice(), "Hello!")

        assert len(speech.requests) == 1

    run_in_virtual_time(play())


def test_a_failure_leaves_nothing_and_may_be_tried_again() -> None:
    async def play() -> None:
        speech = FakeTextToSpeech()
        speech.fail(ScriptedSpeech(after_seconds=0.2))
        greetings = Greetings(speech)
        await greetings.prepare(voice(), "Hello!")
        assert greetings.audio(voice(), "Hello!") is None

        await greetings.prepare(voice(), "Hello!")
        assert greetings.audio(voice(), "Hello!") is not None

    run_in_virtual_time(play())


def test_the_ones_not_needed_for_longest_go_first() -> None:
    async def play() -> None:
        greetings = Greetings(FakeTextToSpeech(), most_kept=2)
        await greetings.prepare(voice(), "one")
        await greetings.prepare(voice(), "two")
        greetings.audio(voice(), "one")
        await greetings.prepare(voice(), "three")

        kept = [text for text in ("one", "two", "three") if greetings.audio(voice(), text)]
        assert kept == ["one", "three"]

    run_in_virtual_time(play())
