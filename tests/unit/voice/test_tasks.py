"""What has ended is gone at once: nothing of a call waits for the garbage collector."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator

import pytest
import structlog

from tests.support.fakes import ScriptedReply
from tests.support.garbage import no_collections
from tests.support.scripted_call import ScriptedCall, call, moment
from voice import tasks


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


class Work:
    """Something that runs until it is cancelled, in a group and with a task beside it."""

    def __init__(self) -> None:
        self.running = tasks.start(self.run())

    async def run(self) -> None:
        async with tasks.TaskGroup() as group:
            group.create_task(self.wait())
            await self.wait()

    async def wait(self) -> None:
        await asyncio.get_running_loop().create_future()


async def test_cancelled_work_is_gone_once_nobody_wants_it() -> None:
    with no_collections() as garbage:
        work = Work()
        await moment(0)
        work.running.cancel()
        await asyncio.wait([work.running])
        assert work.running.cancelled()

        del work

        assert garbage(__name__) == set()


async def test_group_ends_with_all_that_runs_in_it() -> None:
    async with tasks.TaskGroup() as group:
        waiting = [group.create_task(moment(60)) for _ in range(3)]
        group.cancel()

    assert all(one.cancelled() for one in waiting)


async def hang_up_at_once(phone: ScriptedCall) -> None:
    await phone.until_heard("Lisa here.")
    phone.leg.hang_up()


async def hang_up_while_a_reply_is_prepared(phone: ScriptedCall) -> None:
    phone.model.answer(ScriptedReply("One thing first. Then another.", token_seconds=0.2))
    await phone.until_heard("Lisa here.")
    await phone.leg.say("tell me a story", then_silence=0.7)
    assert phone.record.prepared == 1
    phone.leg.hang_up()


async def interrupt_a_reply(phone: ScriptedCall) -> None:
    phone.model.answer("Once upon a time there was a bear who sang all day.", "Good.")
    await phone.until_heard("Lisa here.")
    await phone.talk("tell me a story")
    await phone.until_heard("Once")
    await phone.talk("stop it please")
    assert phone.record.interruptions == 1
    await phone.until_heard("Good.")
    phone.leg.hang_up()


async def lose_the_recogniser(phone: ScriptedCall) -> None:
    await phone.until_heard("Lisa here.")
    phone.recogniser.stream.break_off()
    await phone.talk("are you there")
    phone.leg.hang_up()


@pytest.mark.parametrize(
    "script",
    [
        hang_up_at_once,
        hang_up_while_a_reply_is_prepared,
        interrupt_a_reply,
        lose_the_recogniser,
    ],
)
def test_ended_call_is_gone_once_nobody_wants_it(
    script: Callable[[ScriptedCall], Awaitable[None]],
) -> None:
    with no_collections() as garbage:
        phone = call(ScriptedCall, script)

        del phone.session

        assert garbage("voice.") == set()
