"""The spend guard: what it counts, whom it stops, and that nobody has to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.spending import Component, SpendLimits
from shared.errors import ProviderError
from shared.seed.vendor_prices import speech_price, vendor_prices
from shared.settings import Settings
from tests.support.builders import NOW
from tests.support.fakes import (
    FakeLanguageModel,
    FakeSpeechToText,
    FakeTextToSpeech,
    ScriptedSpeech,
)
from voice.app import vendors
from voice.conversation.events import Event, SpendStopped, StopReason
from voice.conversation.prompts import ModelMessage
from voice.falling_back import Choice, FallbackTextToSpeech
from voice.ports import ListenOptions, Voice
from voice.replay.virtual_time import run_in_virtual_time
from voice.spending import (
    CallSpending,
    GuardedLanguageModel,
    GuardedSpeechToText,
    GuardedTextToSpeech,
    SpendGuard,
    SpendRefused,
)
from voice.waiting import pause

PRICES = vendor_prices()


@dataclass
class FakeBooks:
    """The day's books, which other processes write into as well."""

    total: int = 0
    booked: list[dict[Component, int]] = field(default_factory=list)
    is_away: bool = False

    async def book(self, micros: Mapping[Component, int]) -> int:
        if self.is_away:
            raise ProviderError("database", "away", retryable=True)  # noqa: EM101 - a fake
        self.booked.append(dict(micros))
        self.total += sum(micros.values())
        return self.total


@dataclass
class LoopClock:
    """The day's time, in step with the loop's."""

    began_at: datetime = NOW

    def now(self) -> datetime:
        return self.began_at + timedelta(seconds=asyncio.get_running_loop().time())


@dataclass
class FakeMeter:
    used_seconds: int = 0


@dataclass
class Guarding:
    """A guard that runs, and its one call."""

    books: FakeBooks
    guard: SpendGuard
    call: CallSpending
    meter: FakeMeter
    limits: SpendLimits
    posted: list[tuple[int, Event]]


@asynccontextmanager
async def guarding(
    *, fair_use_left: int | None = None, limits: SpendLimits | None = None
) -> AsyncIterator[Guarding]:
    books, meter, clock = FakeBooks(), FakeMeter(), asyncio.get_running_loop().time
    posted: list[tuple[int, Event]] = []
    guard = SpendGuard(books, LoopClock(), lambda: on.limits)
    with guard.call(fair_use_left=fair_use_left) as call:
        on = Guarding(books, guard, call, meter, limits or SpendLimits(), posted)
        running = [
            asyncio.create_task(guard.run()),
            asyncio.create_task(
                call.run(lambda event: posted.append((round(clock()), event)), meter)
            ),
        ]
        try:
            yield on
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)


def play(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run_in_virtual_time(test())


def test_the_line_is_counted_by_the_started_minute_and_booked_every_few_seconds() -> None:
    async def test() -> None:
        async with guarding() as on:
            await pause(61)
            seen = on.guard.spent_micros
        assert seen == on.books.total == 2 * PRICES[Component.LINE].micros
        assert len(on.books.booked) >= 12

    play(test)


def test_the_recogniser_is_counted_from_its_opening_and_not_again_when_it_reconnects() -> None:
    async def test() -> None:
        async with guarding() as on:
            recogniser = GuardedSpeechToText(FakeSpeechToText(), on.call)
            for _ in range(3):
                async with recogniser.open(ListenOptions()):
                    await pause(1)
            await pause(60)
        recognised = sum(one.get(Component.RECOGNITION, 0) for one in on.books.booked)
        assert recognised == 2 * PRICES[Component.RECOGNITION].micros

    play(test)


def test_words_are_counted_that_are_asked_written_and_spoken() -> None:
    async def test() -> None:
        async with guarding() as on:
            model = GuardedLanguageModel(FakeLanguageModel("Fine."), on.call)
            voice = GuardedTextToSpeech(FakeTextToSpeech(), on.call)
            async with aclosing(model.reply([ModelMessage("user", "hello")], model="m")) as reply:
                words = "".join([token async for token in reply])
            async with aclosing(voice.synthesise("Good.", Voice("marin"))) as audio:
                sound = b"".join([chunk async for chunk in audio])
        booked = {key: value for one in on.books.booked for key, value in one.items()}
        assert (words, bool(sound)) == ("Fine.", True)
        assert booked == {
            Component.LINE: PRICES[Component.LINE].of(1),
            Component.MODEL_INPUT: PRICES[Component.MODEL_INPUT].of(5),
            Component.MODEL_OUTPUT: PRICES[Component.MODEL_OUTPUT].of(5),
            Component.SPEECH: PRICES[Component.SPEECH].of(5),
        }

    play(test)


def test_speech_costs_what_the_voice_costs_that_speaks() -> None:
    async def test() -> None:
        broken = FakeTextToSpeech()
        broken.fail(ScriptedSpeech())
        voices = FallbackTextToSpeech([Choice("tts-1", broken), Choice("aura-2", broken)])
        async with guarding() as on:
            voice = GuardedTextToSpeech(voices, on.call, lambda: speech_price(voices.speaks))
            for text in ("Good.", "Better."):
                async with aclosing(voice.synthesise(text, Voice("marin"))) as audio:
                    assert [chunk async for chunk in audio]
        spoken = sum(one.get(Component.SPEECH, 0) for one in on.books.booked)
        assert spoken == speech_price("tts-1").of(5) + speech_price("aura-2").of(7)

    play(test)


@pytest.mark.parametrize(
    ("wanted", "model"),
    [("openai_realtime", "gpt-realtime-2.1-mini"), ("deepgram_speak,openai_speech", "aura-2")],
)
async def test_an_installation_pays_for_the_voice_that_it_wants(wanted: str, model: str) -> None:
    providers = vendors(Settings(_env_file=None, speech=wanted))  # type: ignore[call-arg]

    assert providers.speech_price() == speech_price(model)
    await providers.close.aclose()


def test_a_call_is_told_that_the_budget_is_gone_before_its_next_step_is_refused() -> None:
    async def test() -> None:
        async with guarding(limits=SpendLimits(daily_budget_micros=20_000)) as on:
            model = FakeLanguageModel("Fine.")
            await pause(0.5)
            on.call.ask(Component.SMS)  # with the line's first minute, that is all
            with pytest.raises(SpendRefused):
                await anext(GuardedLanguageModel(model, on.call).reply([], model="m"))

            assert (model.requests, on.posted) == ([], [(0, SpendStopped(StopReason.BUDGET))])
            await pause(100)
            assert len(on.posted) == 1

    play(test)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_paused": 1}, StopReason.KILL_SWITCH),
        ({"daily_budget_micros": 1}, StopReason.BUDGET),
        ({"longest_call_seconds": 9}, StopReason.LONGEST_CALL),
    ],
)
def test_what_the_operator_changes_reaches_a_call_that_asks_for_nothing(
    change: dict[str, int], reason: StopReason
) -> None:
    async def test() -> None:
        async with guarding(limits=SpendLimits(longest_call_seconds=20)) as on:
            await pause(10.5)
            on.limits = replace(on.limits, **change)
            await pause(30)

            ((at, event),) = on.posted
            assert event == SpendStopped(reason)
            assert at in ({20} if reason is StopReason.LONGEST_CALL else {11})

    play(test)


def test_what_other_processes_spend_is_known_within_seconds() -> None:
    async def test() -> None:
        async with guarding() as on:
            await pause(1)
            on.books.total = SpendLimits().daily_budget_micros
            await pause(7)

            ((at, event),) = on.posted
            assert (at <= 7, event) == (True, SpendStopped(StopReason.BUDGET))

    play(test)


def test_the_longest_call_ends_on_the_second() -> None:
    async def test() -> None:
        async with guarding() as on:
            await pause(4000)

            assert on.posted == [(3600, SpendStopped(StopReason.LONGEST_CALL))]
            with pytest.raises(SpendRefused):
                on.call.ask(Component.MODEL_INPUT, 5)

    play(test)


def test_fair_use_counts_what_is_talked_and_not_what_comes_before() -> None:
    async def test() -> None:
        async with guarding(fair_use_left=100) as on:
            await pause(30)  # notice and menu
            for second in range(150):
                on.meter.used_seconds = second
                await pause(1)

            ((at, event),) = on.posted
            assert event == SpendStopped(StopReason.FAIR_USE)
            assert 130 <= at <= 131

    play(test)


def test_a_call_has_so_many_searches_and_goes_on_without() -> None:
    async def test() -> None:
        async with guarding() as on:
            for _ in range(SpendLimits().searches_a_call):
                on.call.ask(Component.SEARCH)
            with pytest.raises(SpendRefused):
                on.call.ask(Component.SEARCH)
            on.call.ask(Component.MODEL_INPUT, 5)

            assert on.posted == []

    play(test)


def test_while_somebody_is_in_danger_nothing_ends_the_call() -> None:
    async def test() -> None:
        async with guarding(limits=SpendLimits(longest_call_seconds=10)) as on:
            on.call.suspend()
            on.limits = replace(on.limits, is_paused=1, daily_budget_micros=1)
            await pause(60)
            for component in Component:
                on.call.ask(component)
            assert on.posted == []

            on.call.resume()
            assert [type(event) for _, event in on.posted] == [SpendStopped]

    play(test)


def test_a_database_that_is_away_loses_no_cost_and_stops_nobody() -> None:
    async def test() -> None:
        async with guarding() as on:
            on.books.is_away = True
            on.call.ask(Component.SMS)
            await pause(30)
            assert (on.books.total, on.posted) == (0, [])
            on.books.is_away = False
        assert on.books.total == sum(PRICES[c].of(1) for c in (Component.LINE, Component.SMS))

    play(test)


def test_a_new_day_has_a_new_budget() -> None:
    async def test() -> None:
        async with guarding(limits=SpendLimits(daily_budget_micros=10**6)) as on:
            on.books.total = 10**6 - 1
            await pause(6)
            until_midnight = timedelta(days=1) - (NOW - NOW.replace(hour=0))
            seconds = until_midnight.total_seconds()
            on.limits = replace(on.limits, daily_budget_micros=10**9, longest_call_seconds=10**6)
            await pause(seconds - 8)
            on.books.total = 0  # of the new day
            await pause(4)

            on.limits = replace(on.limits, daily_budget_micros=500_000)
            await pause(4)
            assert on.guard.spent_micros < 500_000

    play(test)


def test_greetings_made_ahead_are_refused_as_well() -> None:
    async def test() -> None:
        async with guarding(limits=SpendLimits(is_paused=1)) as on:
            voice = GuardedTextToSpeech(FakeTextToSpeech(), on.guard)
            with pytest.raises(SpendRefused):
                await anext(voice.synthesise("Hello.", Voice("marin")))

    play(test)
