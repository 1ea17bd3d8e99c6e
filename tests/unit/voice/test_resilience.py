from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from shared.errors import ProviderError
from tests.support.fake_line import FAKE
from tests.support.fake_sound import fake_speech, silence, words_in
from tests.support.fakes import (
    FakeLanguageModel,
    FakeSpeechToText,
    FakeTextToSpeech,
    ScriptedReply,
    ScriptedSpeech,
)
from voice.conversation.events import TranscriptReceived
from voice.conversation.prompts import ModelMessage
from voice.ports import FRAME_BYTES, ListenOptions, RecogniserEvent, Voice
from voice.replay.virtual_time import run_in_virtual_time
from voice.resilience import (
    ReconnectingSpeechToText,
    ReconnectingStream,
    ReconnectRules,
    RetryingTextToSpeech,
    TimedLanguageModel,
)

VOICE = Voice("marin")
QUESTION = [ModelMessage("user", "hello")]


def clock() -> float:
    return asyncio.get_running_loop().time()


async def pause(seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().create_future()


# The recogniser.


@dataclass
class Listening:
    """A reconnecting stream, what it heard and what it told."""

    fake: FakeSpeechToText
    stream: ReconnectingStream
    heard: list[tuple[float, RecogniserEvent]] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)
    failure: ProviderError | None = None

    async def speak(self, audio: bytes) -> None:
        """Send audio frame by frame, as it would be spoken."""
        for start in range(0, len(audio), FRAME_BYTES):
            await pause(0.02)
            await self.stream.send(audio[start : start + FRAME_BYTES])

    @property
    def finals(self) -> list[TranscriptReceived]:
        return [e for _, e in self.heard if isinstance(e, TranscriptReceived) and e.is_final]

    async def follow(self) -> None:
        try:
            async for event in self.stream.events():
                self.heard.append((clock(), event))
        except ProviderError as error:
            self.failure = error


@asynccontextmanager
async def listening(
    *, refusals: int = 0, rules: ReconnectRules | None = None
) -> AsyncIterator[Listening]:
    fake = FakeSpeechToText()
    fake.refusals = refusals
    told: list[tuple[float, str]] = []
    wrapped = ReconnectingSpeechToText(
        fake,
        on_lost=lambda: told.append((clock(), "lost")),
        on_restored=lambda: told.append((clock(), "restored")),
        rules=rules,
    )
    async with wrapped.open(ListenOptions()) as stream:
        ears = Listening(fake, stream, told=told)
        following = asyncio.create_task(ears.follow())
        yield ears
        following.cancel()


def test_words_pass_through_while_the_connection_holds() -> None:
    async def play() -> None:
        async with listening() as ears:
            await ears.speak(fake_speech("hello ben") + silence(0.4))

            assert ears.finals == [TranscriptReceived("hello ben", is_final=True, ended_at=0.36)]
            assert (len(ears.fake.streams), ears.told) == (1, [])

    run_in_virtual_time(play())


def test_what_was_said_over_a_lost_connection_is_not_lost() -> None:
    async def play() -> None:
        async with listening() as ears:
            await ears.speak(silence(2) + fake_speech("tell me a "))
            ears.fake.stream.break_off()
            await ears.speak(fake_speech("story") + silence(1))

            assert [final.text for final in ears.finals] == ["tell me a story"]
            assert ears.finals[0].ended_at == pytest.approx(2.6)
            assert (len(ears.fake.streams), ears.told) == (2, [])

    run_in_virtual_time(play())


def test_audio_sent_while_nobody_listens_is_sent_when_somebody_does() -> None:
    async def play() -> None:
        async with listening(refusals=3) as ears:
            await ears.speak(fake_speech("anybody there") + silence(2))

            assert [final.text for final in ears.finals] == ["anybody there"]
            assert ears.finals[0].ended_at == pytest.approx(0.52)

    run_in_virtual_time(play())


def test_what_was_understood_is_not_sent_again() -> None:
    async def play() -> None:
        async with listening() as ears:
            await ears.speak(fake_speech("first") + silence(0.5) + fake_speech("second"))
            ears.fake.stream.break_off()
            await ears.speak(silence(1))

            assert [final.text for final in ears.finals] == ["first", "second"]
            assert words_in(bytes(ears.fake.stream.audio)) == "second"

    run_in_virtual_time(play())


def test_silence_is_not_sent_again() -> None:
    async def play() -> None:
        async with listening() as ears:
            await ears.speak(silence(8))
            ears.fake.stream.break_off()
            await ears.speak(silence(0.2) + fake_speech("now") + silence(1))

            assert len(ears.fake.stream.audio) < 8000 * 2
            assert ears.finals[0].ended_at == pytest.approx(8.32)

    run_in_virtual_time(play())


def test_at_most_ten_seconds_are_kept_and_times_stay_right() -> None:
    async def play() -> None:
        async with listening(rules=ReconnectRules(delays=(12.0,)), refusals=1) as ears:
            await pause(0.1)
            await ears.speak(fake_speech("ab" * 150))  # 12 s
            await ears.speak(silence(3) + fake_speech("end") + silence(40))

            audio = bytes(ears.fake.stream.audio)
            assert 9 * 25 <= len(words_in(audio)) <= 10 * 25 + len("ababend")
            assert ears.finals[-1].ended_at == pytest.approx(15.12)

    run_in_virtual_time(play())


def test_catching_up_is_no_faster_than_the_vendor_asks() -> None:
    async def play() -> None:
        rules = ReconnectRules(delays=(2.0,), catch_up_speed=1.25)
        async with listening(refusals=1, rules=rules) as ears:
            await ears.speak(fake_speech("a" * 50))  # 2 s
            await pause(0.1)
            before = len(ears.fake.stream.audio)
            await pause(1.0)
            sent = len(ears.fake.stream.audio) - before

            assert 0.8 * 10_000 < sent <= 1.2 * 10_000

    run_in_virtual_time(play())


def test_a_short_loss_is_nobody_elses_business() -> None:
    async def play() -> None:
        async with listening() as ears:
            await ears.speak(silence(6))
            ears.fake.refusals = 2
            ears.fake.stream.break_off()
            await ears.speak(silence(3))

            assert (len(ears.fake.streams), ears.told) == (2, [])

    run_in_virtual_time(play())


def test_a_longer_loss_is_told_and_so_is_its_end() -> None:
    async def play() -> None:
        async with listening() as ears:
            await ears.speak(silence(6))
            ears.fake.refusals = 4
            ears.fake.stream.break_off()
            await ears.speak(silence(5))

            assert [what for _, what in ears.told] == ["lost", "restored"]
            assert ears.told[0][0] == pytest.approx(7, abs=0.1)

    run_in_virtual_time(play())


def test_in_the_end_it_is_given_up() -> None:
    async def play() -> None:
        async with listening(refusals=1000) as ears:
            await pause(40)

            assert ears.failure is not None
            assert [what for _, what in ears.told] == ["lost"]
            with pytest.raises(ProviderError):
                await ears.stream.send(silence(0.02))

    run_in_virtual_time(play())


def test_a_refusal_for_good_is_given_up_at_once() -> None:
    async def play() -> None:
        async with listening() as ears:
            ears.fake.refusals = 1
            ears.fake.refusal = ProviderError(FAKE, "bad key", retryable=False)
            await pause(0.01)

            assert "bad key" in str(ears.failure)
        assert clock() < 0.1

    run_in_virtual_time(play())


def test_the_last_words_can_be_asked_for() -> None:
    async def play() -> None:
        async with listening() as ears:
            await ears.speak(fake_speech("one"))
            await ears.stream.finish()
            await pause(0.01)

            assert [final.text for final in ears.finals] == ["one"]

    run_in_virtual_time(play())


# The voice.


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
        assert clock() == pytest.approx(fails_at, abs=0.02)
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
