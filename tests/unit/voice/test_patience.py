from __future__ import annotations

import pytest

from shared.errors import ProviderError
from tests.support.fake_sound import words_in
from tests.support.fakes import (
    FakeLanguageModel,
    FakeTextToSpeech,
    ScriptedReply,
    ScriptedSpeech,
)
from tests.support.loop_time import now
from voice.conversation.prompts import ModelMessage
from voice.patience import (
    RetryingTextToSpeech,
    TimedLanguageModel,
)
from voice.ports import Voice
from voice.replay.virtual_time import run_in_virtual_time

VOICE = Voice("marin")
QUESTION = [ModelMessage("user", "hello")]


async def said_by(speech: RetryingTextToSpeech) -> str:
    return words_in(b"".join([chunk async for chunk in speech.synthesise("hello sam", VOICE)]))


def test_a_voice_that_fails_before_its_first_byte_is_tried_once_more() -> None:
    async def play() -> None:
        fake = FakeTextToSpeech()
        fake.fail(ScriptedSpeech())

        assert await said_by(RetryingTextToSpeech(fake)) == "hello sam"
        assert len(fake.requests) == 2

    run_in_virtual_time(play())


def test_a_voice_is_not_tried_a_third_time() -> None:
    async def play() -> None:
        fake = FakeTextToSpeech()
        fake.fail(ScriptedSpeech(), ScriptedSpeech())

        with pytest.raises(ProviderError):
            await said_by(RetryingTextToSpeech(fake))

    run_in_virtual_time(play())


def test_a_failure_in_mid_word_is_not_said_twice() -> None:
    async def play() -> None:
        fake = FakeTextToSpeech()
        fake.fail(ScriptedSpeech(after_seconds=0.2))

        with pytest.raises(ProviderError):
            await said_by(RetryingTextToSpeech(fake))
        assert len(fake.requests) == 1

    run_in_virtual_time(play())


def test_a_voice_that_stalls_is_waited_for_two_and_a_half_seconds() -> None:
    async def play() -> None:
        fake = FakeTextToSpeech()
        fake.fail(ScriptedSpeech(stalls=True))

        assert await said_by(RetryingTextToSpeech(fake)) == "hello sam"
        assert fake.requests[1].at == pytest.approx(2.5)
        assert fake.cancelled == 1

    run_in_virtual_time(play())


def test_an_error_that_will_stay_is_not_tried_again() -> None:
    async def play() -> None:
        fake = FakeTextToSpeech()
        fake.fail(ScriptedSpeech(error=ProviderError("fake", "bad key", retryable=False)))

        with pytest.raises(ProviderError, match="bad key"):
            await said_by(RetryingTextToSpeech(fake))
        assert len(fake.requests) == 1

    run_in_virtual_time(play())


def test_closing_early_cancels_the_synthesis() -> None:
    async def play() -> None:
        fake = FakeTextToSpeech()
        audio = RetryingTextToSpeech(fake).synthesise("hello sam", VOICE)
        await anext(audio)
        await audio.aclose()

        assert fake.cancelled == 1

    run_in_virtual_time(play())


# The model.


async def reply_of(model: TimedLanguageModel) -> str:
    return "".join([token async for token in model.reply(QUESTION, model="m")])


def test_a_reply_in_time_passes_through() -> None:
    async def play() -> None:
        assert await reply_of(TimedLanguageModel(FakeLanguageModel("Hello there."))) == (
            "Hello there."
        )

    run_in_virtual_time(play())


@pytest.mark.parametrize(
    ("reply", "fails_at"),
    [
        (ScriptedReply("late", first_token_seconds=9), 4.0),
        (ScriptedReply("", stalls=True), 4.0),
        (ScriptedReply("one two", stalls=True), 0.3 + 0.01 + 4.0),
        (ScriptedReply("word " * 100, token_seconds=1), 60.0),
    ],
    ids=["late", "never", "stalled", "dripping"],
)
def test_nobody_waits_for_a_model_longer_than_a_caller_would(
    reply: ScriptedReply, fails_at: float
) -> None:
    async def play() -> None:
        fake = FakeLanguageModel(reply)

        with pytest.raises(ProviderError) as caught:
            await reply_of(TimedLanguageModel(fake))

        assert caught.value.retryable
        assert now() == pytest.approx(fails_at, abs=0.02)
        assert fake.cancelled == 1

    run_in_virtual_time(play())


def test_closing_early_cancels_the_request() -> None:
    async def play() -> None:
        fake = FakeLanguageModel("one two three")
        tokens = TimedLanguageModel(fake).reply(QUESTION, model="m")
        await anext(tokens)
        await tokens.aclose()

        assert fake.cancelled == 1

    run_in_virtual_time(play())
