from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from shared.errors import ProviderError
from tests.support.fake_line import FAKE
from tests.support.fake_sound import fake_speech, silence, words_in
from tests.support.fakes import (
    FakeSpeechToText,
)
from tests.support.loop_time import now
from voice.conversation.events import TranscriptReceived
from voice.ports import FRAME_BYTES, ListenOptions, RecogniserEvent
from voice.reconnecting import (
    ReconnectingSpeechToText,
    ReconnectingStream,
    ReconnectRules,
)
from voice.replay.virtual_time import run_in_virtual_time
from voice.waiting import pause


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
            self.stream.send(audio[start : start + FRAME_BYTES])

    @property
    def finals(self) -> list[TranscriptReceived]:
        return [e for _, e in self.heard if isinstance(e, TranscriptReceived) and e.is_final]

    async def follow(self) -> None:
        try:
            async for event in self.stream.events():
                self.heard.append((now(), event))
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
        on_lost=lambda: told.append((now(), "lost")),
        on_restored=lambda: told.append((now(), "restored")),
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
                ears.stream.send(silence(0.02))

    run_in_virtual_time(play())


def test_a_refusal_for_good_is_given_up_at_once() -> None:
    async def play() -> None:
        async with listening() as ears:
            ears.fake.refusals = 1
            ears.fake.refusal = ProviderError(FAKE, "bad key", retryable=False)
            await pause(0.01)

            assert "bad key" in str(ears.failure)
        assert now() < 0.1

    run_in_virtual_time(play())


def test_the_last_words_can_be_asked_for() -> None:
    async def play() -> None:
        async with listening() as ears:
            await ears.speak(fake_speech("one"))
            await ears.stream.finish()
            await pause(0.01)

            assert [final.text for final in ears.finals] == ["one"]

    run_in_virtual_time(play())
