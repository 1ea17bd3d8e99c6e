from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.errors import ProviderError
from tests.support.fake_line import FAKE
from tests.support.fake_sound import fake_speech, silence
from tests.support.fakes import FakeRecogniserStream, FakeSpeechToText
from tests.support.loop_time import now
from tests.unit.voice.test_reconnecting import Listening
from voice.metrics import Metrics
from voice.ports import ListenOptions
from voice.recognisers import FallbackSpeechToText
from voice.reconnecting import ReconnectingSpeechToText
from voice.replay.virtual_time import run_in_virtual_time
from voice.resting import Rested, RestRules, in_order
from voice.waiting import pause

OPTIONS = ListenOptions(key_terms=("Lisa",))


class Two:
    """A wanted recogniser and the one behind it."""

    def __init__(self) -> None:
        self.wanted, self.other = FakeSpeechToText(), FakeSpeechToText()
        self.port = FallbackSpeechToText({"wanted": self.wanted, "other": self.other})

    @property
    def opened(self) -> tuple[int, int]:
        return len(self.wanted.streams), len(self.other.streams)

    async def call(self, seconds: float) -> None:
        """Listen for so long."""
        async with self.port.open(OPTIONS):
            await pause(seconds)


async def break_off_after(
    seconds: float, port: FallbackSpeechToText, listening: FakeSpeechToText
) -> None:
    """Listen for so long, until the connection breaks."""
    async with port.open(OPTIONS) as stream:
        await pause(seconds)
        listening.stream.break_off()
        stream.send(silence(0.02))


def test_the_wanted_recogniser_listens() -> None:
    async def play() -> None:
        two = Two()

        await two.call(1)

        assert two.opened == (1, 0)
        assert two.wanted.stream.options == OPTIONS
        assert not two.wanted.stream.is_open

    run_in_virtual_time(play())


@pytest.mark.parametrize("retryable", [True, False])
def test_one_that_refuses_is_replaced_at_once_and_left_alone_for_a_while(
    *, retryable: bool
) -> None:
    async def play() -> None:
        two = Two()
        two.wanted.refusals = 1
        two.wanted.refusal = ProviderError(FAKE, "refused", retryable=retryable)

        await two.call(1)
        await two.call(1)
        assert (two.opened, now()) == ((0, 2), 2)
        await pause(30)
        await two.call(1)

        assert two.opened == (1, 2)

    run_in_virtual_time(play())


class Unreachable(FakeSpeechToText):
    """Never answers."""

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[FakeRecogniserStream]:
        await asyncio.get_running_loop().create_future()
        async with super().open(options) as stream:
            yield stream


def test_one_that_does_not_answer_is_waited_for_a_second_and_a_half_once() -> None:
    async def play() -> None:
        other = FakeSpeechToText()
        port = FallbackSpeechToText({"wanted": Unreachable(), "other": other})

        for _ in range(2):
            async with port.open(OPTIONS):
                pass

        assert (len(other.streams), now()) == (2, 1.5)

    run_in_virtual_time(play())


def test_where_nobody_can_be_had_a_failure_worth_another_try_is_told() -> None:
    async def play() -> None:
        two = Two()
        two.wanted.refusals = two.other.refusals = 1
        two.other.refusal = ProviderError(FAKE, "bad key", retryable=False)

        with pytest.raises(ProviderError, match="refused") as caught:
            await two.call(1)

        assert caught.value.retryable

    run_in_virtual_time(play())


def test_a_stream_that_breaks_off_at_once_counts_as_a_refusal() -> None:
    async def play() -> None:
        two = Two()

        with pytest.raises(ProviderError):
            await break_off_after(4, two.port, two.wanted)
        await two.call(1)

        assert two.opened == (1, 1)

    run_in_virtual_time(play())


def test_a_stream_that_held_for_long_is_opened_again() -> None:
    async def play() -> None:
        two = Two()

        with pytest.raises(ProviderError):
            await break_off_after(11, two.port, two.wanted)
        await two.call(1)

        assert two.opened == (2, 0)

    run_in_virtual_time(play())


def test_in_mid_call_the_other_one_takes_over_and_no_word_is_lost() -> None:
    async def play() -> None:
        two = Two()
        told: list[str] = []
        port = ReconnectingSpeechToText(two.port, on_lost=lambda: told.append("lost"))
        async with port.open(OPTIONS) as stream:
            ears = Listening(two.wanted, stream)
            following = asyncio.create_task(ears.follow())
            await ears.speak(silence(11) + fake_speech("tell me a "))
            two.wanted.refusals = 1000
            two.wanted.stream.break_off()
            await ears.speak(fake_speech("story") + silence(1))
            following.cancel()

        assert [final.text for final in ears.finals] == ["tell me a story"]
        assert ears.finals[0].ended_at == pytest.approx(11.6)
        assert (two.opened, told) == ((1, 1), [])

    run_in_virtual_time(play())


def test_each_failure_of_either_is_counted_under_its_name() -> None:
    async def play() -> None:
        metrics = Metrics()
        wanted, other = FakeSpeechToText(), FakeSpeechToText()
        wanted.refusals = 1
        port = FallbackSpeechToText({"wanted": wanted, "other": other}, failures=metrics.failures)
        with pytest.raises(ProviderError):
            await break_off_after(12, port, other)

        counted = {name: metrics.failed.labels(name)._value.get() for name in ("wanted", "other")}
        assert counted == {"wanted": 1, "other": 1}

    run_in_virtual_time(play())


# Who rests.


def test_each_failure_in_a_row_doubles_the_rest() -> None:
    async def play() -> None:
        one = Rested("one", RestRules(first=30, longest=100))
        rests = []
        for _ in range(4):
            one.fail()
            rests.append(one.rests_until - now())

        assert rests == [30, 60, 100, 100]
        one.succeed()
        assert (one.is_resting, one.failures) == (False, 0)

    run_in_virtual_time(play())


def test_one_at_a_time_finds_out_whether_it_is_back() -> None:
    async def play() -> None:
        one, two = Rested("one"), Rested("two")
        one.fail()
        await pause(31)
        assert in_order([one, two]) == [one, two]

        one.begin()

        assert in_order([one, two]) == [two, one]
        await pause(11)
        assert in_order([one, two]) == [one, two]

    run_in_virtual_time(play())


def test_if_all_rest_the_one_that_rested_longest_is_tried_first() -> None:
    async def play() -> None:
        one, two = Rested("one"), Rested("two")
        two.fail()
        await pause(1)
        one.fail()

        assert in_order([one, two]) == [two, one]

    run_in_virtual_time(play())
