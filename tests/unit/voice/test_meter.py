from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import ProviderError
from shared.services.talk_time import QUANTUM_SECONDS, CallNotFound, Granted, StreamReplaced
from tests.support.loop_time import now
from voice.conversation.events import (
    CallDeleted,
    CallerHungUp,
    Event,
    LeaseRanOut,
    StoreLost,
    TalkTimeLow,
    TalkTimeOver,
)
from voice.meter import Meter
from voice.replay.virtual_time import run_in_virtual_time
from voice.waiting import pause


class Account:
    """Talk time as the service keeps it, for one call."""

    def __init__(self, seconds: int | None) -> None:
        self.left = seconds
        self.held = 0
        self.asked: list[tuple[float, int]] = []
        self.away_until = 0.0
        self.hangs = False
        self.calls = 1  # that share what is left

    async def reserve(self, used_seconds: int) -> Granted:
        self.asked.append((now(), used_seconds))
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if now() < self.away_until:
            raise ProviderError("database", "away", retryable=True)  # noqa: EM101 - a fake
        wanted = max(0, used_seconds + QUANTUM_SECONDS - self.held)
        if self.left is None:
            self.held += wanted
        else:
            granted = min(wanted, self.left)
            self.left -= granted
            self.held += granted
        return Granted(self.held, self.left, self.calls)


Posted = list[tuple[int, Event]]


@asynccontextmanager
async def metering(account: Account) -> AsyncIterator[tuple[Meter, Posted]]:
    posted: Posted = []
    meter = Meter(account.reserve)
    running = asyncio.create_task(meter.run(lambda event: posted.append((round(now()), event))))
    yield meter, posted
    running.cancel()
    await asyncio.wait([running])


def posted_by(account: Account, *, seconds: float) -> Posted:
    async def play() -> Posted:
        async with metering(account) as (_, posted):
            await pause(seconds)
            return list(posted)

    return run_in_virtual_time(play())


def test_before_the_greeting_nothing_is_used() -> None:
    async def play() -> None:
        meter = Meter(Account(300).reserve)
        await pause(5)

        assert meter.used_seconds == 0

    run_in_virtual_time(play())


def test_whole_seconds_are_counted_and_stand_still_at_the_end() -> None:
    async def play() -> None:
        async with metering(Account(300)) as (meter, _):
            await pause(7.9)
            assert meter.used_seconds == 7
        await pause(10)

        assert meter.used_seconds == 7

    run_in_virtual_time(play())


def test_it_reserves_at_once_and_renews_before_what_is_held_runs_out() -> None:
    account = Account(300)

    posted_by(account, seconds=25)

    assert [(round(at), used) for at, used in account.asked] == [(0, 0), (7, 7), (14, 14), (21, 21)]


def test_the_last_minute_is_told_once_and_the_end_once() -> None:
    assert posted_by(Account(300), seconds=400) == [
        (240, TalkTimeLow(60)),
        (300, TalkTimeOver()),
    ]


def test_a_caller_with_less_than_a_minute_is_told_at_once() -> None:
    assert posted_by(Account(45), seconds=100) == [(0, TalkTimeLow(45)), (45, TalkTimeOver())]


def test_nothing_left_at_all_is_over_at_once() -> None:
    posted = posted_by(Account(0), seconds=10)

    assert posted[-1] == (0, TalkTimeOver())


def test_an_unlimited_caller_is_never_told_anything() -> None:
    assert posted_by(Account(None), seconds=4000) == []


def test_talk_time_that_was_bought_in_the_last_minute_counts() -> None:
    async def play() -> None:
        account = Account(100)
        async with metering(account) as (_, posted):
            await pause(99.5)
            account.left = 30
            await pause(60)

            assert posted == [(40, TalkTimeLow(60)), (130, TalkTimeOver())]

    run_in_virtual_time(play())


def test_who_subscribes_in_the_last_minute_hears_no_closing() -> None:
    async def play() -> None:
        account = Account(100)
        async with metering(account) as (_, posted):
            await pause(99.5)
            account.left = None
            await pause(4000)

            assert posted == [(40, TalkTimeLow(60))]

    run_in_virtual_time(play())


def test_a_plan_that_ends_in_mid_call_is_followed_by_a_warning_and_an_end() -> None:
    async def play() -> None:
        account = Account(100)
        async with metering(account) as (_, posted):
            await pause(95)
            account.left = None
            await pause(200)
            account.left = 90
            await pause(200)

            assert [type(event) for _, event in posted] == [TalkTimeLow, TalkTimeLow, TalkTimeOver]
            (low_at, low), (over_at, _) = posted[1:]
            assert isinstance(low, TalkTimeLow)
            assert (over_at - low_at, low.seconds_left) == (60, 60)

    run_in_virtual_time(play())


def test_calls_that_share_what_is_left_are_told_a_minute_before_their_share_ends() -> None:
    async def play() -> None:
        account = Account(300)
        account.calls = 2
        async with metering(account) as (_, posted):
            while not posted and now() < 300:
                account.left = (account.left or 0) - 1  # the other call talks as well
                await pause(1)

            ((at, event),) = posted
            assert event == TalkTimeLow(60)
            assert 90 <= at <= 97  # half of the account's five minutes, less a minute

    run_in_virtual_time(play())


def test_a_database_that_is_away_for_a_moment_changes_nothing() -> None:
    async def play() -> None:
        account = Account(300)
        async with metering(account) as (meter, posted):
            await pause(1)
            account.away_until = 20
            await pause(60)

            assert posted == [(7, StoreLost())]
            assert (meter.used_seconds, account.held >= 61) == (61, True)

    run_in_virtual_time(play())


@pytest.mark.parametrize("hangs", [False, True])
def test_a_database_that_stays_away_ends_the_call_with_its_lease(*, hangs: bool) -> None:
    async def play() -> None:
        account = Account(300)
        async with metering(account) as (_, posted):
            await pause(1)
            account.hangs, account.away_until = hangs, 1e9
            await pause(100)

            kinds = [event for _, event in posted]
            assert kinds == [StoreLost(), LeaseRanOut(), TalkTimeOver()]  # the first one decides
            assert 30 <= posted[-1][0] <= 35

    run_in_virtual_time(play())


def test_a_call_that_was_deleted_is_over() -> None:
    async def unknown(_used_seconds: int) -> Granted:
        raise CallNotFound

    async def play() -> None:
        posted: list[Event] = []
        running = asyncio.create_task(Meter(unknown).run(posted.append))
        await pause(1)
        running.cancel()

        assert posted == [CallDeleted(), TalkTimeOver()]  # whichever comes first decides

    run_in_virtual_time(play())


@given(st.integers(0, 500), st.lists(st.tuples(st.integers(0, 500), st.integers(1, 200))))
@example(1, [(0, 9), (0, 59), (0, 59)])  # together more than a minute, alone less
def test_whatever_is_granted_is_used_to_the_second(
    seconds: int, gifts: list[tuple[int, int]]
) -> None:
    """Nobody talks a second more than was granted, or is warned twice of the same end."""

    async def play() -> None:
        account = Account(seconds)
        async with metering(account) as (_, posted):
            for at, gift in sorted(gifts):
                await pause(max(0.0, at + 0.5 - now()))
                account.left = (account.left or 0) + gift
            await pause(50_000)

        *warnings, (over_at, over) = posted
        assert (over_at, over) == (account.held, TalkTimeOver())
        ends = [at + event.seconds_left for at, event in warnings if isinstance(event, TalkTimeLow)]
        assert len(ends) == len(warnings)
        assert ends == sorted(set(ends))

    run_in_virtual_time(play())


def test_what_earlier_streams_used_counts_and_their_wait_does_not() -> None:
    account = Account(100)
    account.held, account.left = 20, 80  # as the stream before left it
    posted: list[Event] = []

    async def play() -> Meter:
        await pause(1000)
        meter = Meter(account.reserve, used_before=17)
        assert meter.used_seconds == 17
        with suppress(TimeoutError):
            async with asyncio.timeout(30):
                await meter.run(posted.append)
        return meter

    meter = run_in_virtual_time(play())

    assert meter.used_seconds == 47
    assert account.asked[:1] == [(1000, 17)]
    assert [type(event) for event in posted] == [TalkTimeLow]  # of 100 seconds, 40 are left


def test_stream_that_was_replaced_ends_as_a_lost_line_and_asks_no_more() -> None:
    posted: list[Event] = []

    async def replaced(_used: int) -> Granted:
        raise StreamReplaced

    async def play() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                await Meter(replaced).run(posted.append)

    run_in_virtual_time(play())

    assert posted[0] == CallerHungUp(is_lost=True)
