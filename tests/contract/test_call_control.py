"""What acting on a call does: run on the fake and on Twilio's REST API in the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from shared.errors import ProviderError
from tests.contract.twilio_sandbox import phone_call
from tests.support.fake_line import FakeCallControl, FakeCallLeg, LegEvents
from voice.adapters.twilio_rest import TwilioCallControl
from voice.ports import CallControl, CallLeg, LegClosed


@dataclass(frozen=True)
class Control:
    """The control under test, and the call it acts on."""

    port: CallControl
    call_sid: str
    leg: CallLeg
    fail_next: Callable[[], Awaitable[None]]


@asynccontextmanager
async def fake() -> AsyncIterator[Control]:
    leg = FakeCallLeg()
    port = FakeCallControl(leg)

    async def fail_next() -> None:
        port.failures = 1

    yield Control(port, "CA1", leg, fail_next)


@asynccontextmanager
async def sandbox() -> AsyncIterator[Control]:
    async with phone_call() as call:

        async def fail_next() -> None:
            await call.fail_next(route="calls.update", status=503)

        yield Control(call.control, call.call_sid, call.leg, fail_next)


@pytest.fixture(params=[fake, sandbox], ids=["fake", "sandbox"])
async def control(request: pytest.FixtureRequest) -> AsyncIterator[Control]:
    async with request.param() as control, asyncio.timeout(20):
        yield control


async def test_hanging_up_closes_the_line(control: Control) -> None:
    events = LegEvents(control.leg)

    await control.port.hang_up(control.call_sid)

    assert await events.next_but_audio() == LegClosed()


async def test_hanging_up_twice_is_no_failure(control: Control) -> None:
    await control.port.hang_up(control.call_sid)
    await control.port.hang_up(control.call_sid)


async def test_a_failure_says_that_asking_again_can_help(control: Control) -> None:
    await control.fail_next()

    with pytest.raises(ProviderError) as caught:
        await control.port.hang_up(control.call_sid)
    assert caught.value.retryable

    await control.port.hang_up(control.call_sid)


async def test_a_call_that_twilio_forgot_is_over() -> None:
    async with phone_call() as call:
        await call.control.hang_up("CA00000000000000000000000000000000")


async def test_a_wrong_login_can_not_be_retried() -> None:
    async with (
        phone_call() as call,
        TwilioCallControl(
            account_sid="ACsomebodyelse", auth_token="wrong", base_url=call.twilio_url
        ) as stranger,
    ):
        with pytest.raises(ProviderError) as caught:
            await stranger.hang_up(call.call_sid)

    assert not caught.value.retryable


async def test_nobody_waits_for_twilio_longer_than_was_agreed() -> None:
    async with phone_call() as call:
        await call.fail_next(route="calls.update", delay_seconds=5)
        loop = asyncio.get_running_loop()
        began = loop.time()

        with pytest.raises(ProviderError) as caught:
            await call.control.hang_up(call.call_sid)

        assert (caught.value.retryable, loop.time() - began < 3) == (True, True)


async def test_a_twilio_that_is_not_there_is_a_failure() -> None:
    async with TwilioCallControl(
        account_sid="AC1", auth_token="t", base_url="http://127.0.0.1:9"
    ) as control:
        with pytest.raises(ProviderError) as caught:
            await control.hang_up("CA1")

    assert caught.value.retryable


async def test_a_call_is_over_once_it_was_hung_up(control: Control) -> None:
    before = await control.port.is_over(control.call_sid)
    await control.port.hang_up(control.call_sid)

    assert (before, await control.port.is_over(control.call_sid)) == (False, True)
