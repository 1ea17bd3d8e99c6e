from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from shared.errors import ProviderError
from tests.support.fake_line import FAKE
from tests.support.fake_sound import words_in
from tests.support.fakes import FakeTextToSpeech, ScriptedSpeech
from tests.support.loop_time import now, until
from voice.falling_back import Choice, FallbackTextToSpeech
from voice.patience import RetryingTextToSpeech
from voice.ports import Voice
from voice.replay.virtual_time import run_in_virtual_time

VOICE = Voice("ballad")
GONE = ProviderError(FAKE, "503", retryable=True)
REFUSED = ScriptedSpeech(error=ProviderError(FAKE, "404", retryable=False))


@dataclass
class World:
    """Two voices, the second behind the first."""

    first: FakeTextToSpeech = field(default_factory=FakeTextToSpeech)
    second: FakeTextToSpeech = field(default_factory=FakeTextToSpeech)

    def __post_init__(self) -> None:
        first = RetryingTextToSpeech(self.first, patience=2.5)
        second = RetryingTextToSpeech(self.second)
        choices = [Choice("first", first), Choice("second", second)]
        self.port = FallbackTextToSpeech(choices)

    async def say(self, text: str = "hello sam") -> str:
        return words_in(b"".join([chunk async for chunk in self.port.synthesise(text, VOICE)]))

    @property
    def spoken_by(self) -> tuple[int, int]:
        return len(self.first.requests), len(self.second.requests)


def playing(scene: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        await scene(World())

    run_in_virtual_time(play())


def test_the_first_choice_speaks_alone_while_it_can() -> None:
    async def scene(world: World) -> None:
        assert [await world.say(), await world.say()] == ["hello sam", "hello sam"]
        assert (world.spoken_by, world.port.is_first_choice) == ((2, 0), True)

    playing(scene)


def test_what_the_first_can_not_say_the_second_says_and_goes_on_saying() -> None:
    async def scene(world: World) -> None:
        world.first.fail(REFUSED)

        assert [await world.say(), await world.say()] == ["hello sam", "hello sam"]
        assert (world.spoken_by, world.port.is_first_choice) == ((1, 2), False)

    playing(scene)


def test_a_first_choice_that_says_nothing_costs_no_more_than_its_patience() -> None:
    async def scene(world: World) -> None:
        world.first.fail(ScriptedSpeech(stalls=True))
        began = now()
        audio = world.port.synthesise("hello sam", VOICE)

        await anext(audio)

        assert now() - began == pytest.approx(2.5 + world.second.first_byte_seconds)
        await audio.aclose()

    playing(scene)


def test_a_hiccup_is_tried_again_before_anybody_else_speaks() -> None:
    async def scene(world: World) -> None:
        world.first.fail(ScriptedSpeech())

        assert await world.say() == "hello sam"
        assert world.spoken_by == (2, 0)

    playing(scene)


def test_no_segment_is_spoken_by_two_and_the_next_one_is_spoken_by_the_other() -> None:
    async def scene(world: World) -> None:
        world.first.fail(ScriptedSpeech(after_seconds=0.2))

        with pytest.raises(ProviderError):
            await world.say()
        before = world.spoken_by
        await world.say()

        assert (before, world.spoken_by) == ((1, 0), (1, 1))

    playing(scene)


def test_one_segment_finds_out_whether_it_is_back() -> None:
    async def scene(world: World) -> None:
        world.first.fail(REFUSED)
        await world.say()
        await until(now() + 31)
        trial = world.port.synthesise("is it?", VOICE)
        asking = asyncio.ensure_future(anext(trial))
        await until(now() + 0.01)

        await world.say("meanwhile")
        await asking
        await trial.aclose()
        await world.say("and then")

        said = ([r.text for r in world.first.requests], [r.text for r in world.second.requests])
        assert said == (["hello sam", "is it?", "and then"], ["hello sam", "meanwhile"])

    playing(scene)


def test_who_keeps_failing_rests_longer_and_longer() -> None:
    async def scene(world: World) -> None:
        for rest in (30, 60, 120, 240, 480, 600, 600):
            world.first.fail(REFUSED)
            asked = len(world.first.requests)
            await world.say()
            failed_at = now() - 0.2 - 0.9 * 0.25  # the second voice has spoken since
            await until(failed_at + rest - 2)
            await world.say()
            assert len(world.first.requests) == asked + 1
            await until(failed_at + rest + 2)

    playing(scene)


def test_where_nobody_can_the_last_failure_is_told() -> None:
    async def scene(world: World) -> None:
        world.first.fail(REFUSED, ScriptedSpeech())
        world.second.fail(ScriptedSpeech(), ScriptedSpeech())

        with pytest.raises(ProviderError) as caught:
            await world.say()
        again = await world.say()  # nobody is well: the one that has rested longest is asked

        assert (caught.value.retryable, again) == (True, "hello sam")

    playing(scene)


def test_silence_is_a_failure() -> None:
    async def scene(world: World) -> None:
        with capture_logs() as logs:
            assert await world.say("") == ""

        assert [entry["voice"] for entry in logs] == ["first", "second"]

    async def silent(world: World) -> None:
        with pytest.raises(ProviderError):
            await scene(world)

    playing(silent)


def test_one_that_speaks_but_not_as_it_should_can_be_let_rest() -> None:
    async def scene(world: World) -> None:
        world.port.let_rest("first")

        await world.say()

        assert (world.spoken_by, world.port.is_first_choice) == ((0, 1), False)

    playing(scene)


def test_a_failure_is_logged_without_what_was_said() -> None:
    async def scene(world: World) -> None:
        world.first.fail(REFUSED)
        with capture_logs() as logs:
            await world.say("a secret")

        assert logs == [
            {
                "event": "voice_failed",
                "log_level": "warning",
                "voice": "first",
                "error": str(REFUSED.error),
                "has_begun": False,
            }
        ]

    playing(scene)


def test_whoever_would_speak_is_warmed_and_nobody_minds_if_that_fails() -> None:
    warmed: list[str] = []

    async def warm(voice: Voice) -> None:
        warmed.append(voice.name)
        raise GONE

    async def scene(world: World) -> None:
        port = FallbackTextToSpeech(
            [Choice("first", world.first), Choice("second", world.second, warm)]
        )
        await port.warm_up(VOICE)
        port.let_rest("first")
        await port.warm_up(VOICE)

    playing(scene)

    assert warmed == ["ballad"]
