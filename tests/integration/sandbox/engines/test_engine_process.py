"""An engine's process answers, fails, dies, comes back and ends with its owner."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from sandbox.engines.process import EngineProcess
from sandbox.engines.roles import EngineUnavailable

TOY = "tests.integration.sandbox.engines.toy_engine"


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[EngineProcess]:
    engine = EngineProcess(TOY, *arguments)
    engine.start()
    try:
        async with asyncio.timeout(15):
            yield engine
    finally:
        await engine.stop()


async def answers(
    engine: EngineProcess, op: str, payload: bytes = b"", **fields: int
) -> list[bytes]:
    return [data async for _, data in engine.ask(op, payload, **fields)]


async def test_answers_come_in_order_and_at_once_for_many() -> None:
    async with running() as engine:
        await engine.until_ready()

        found = await asyncio.gather(
            *(answers(engine, "echo", bytes([n]) * 100_000, times=3) for n in range(5))
        )

        assert found == [[bytes([n]) * 100_000] * 3 for n in range(5)]
        assert engine.ready is not None
        assert engine.ready["nice"] >= 1


async def test_a_request_that_is_left_is_stopped() -> None:
    async with running() as engine:
        await engine.until_ready()
        async with aclosing(engine.ask("endless")) as endless:
            await anext(endless)

        async with aclosing(engine.ask("was_stopped")) as asked:
            header, _ = await anext(asked)

        assert header["stopped"]


async def test_a_failure_belongs_to_its_request() -> None:
    async with running() as engine:
        await engine.until_ready()
        with pytest.raises(EngineUnavailable, match="no such thing"):
            await answers(engine, "fail")

        assert await answers(engine, "echo", b"still here", times=1) == [b"still here"]


async def test_a_dead_engine_fails_its_requests_and_comes_back() -> None:
    async with running() as engine:
        await engine.until_ready()
        before = engine.pid

        with pytest.raises(EngineUnavailable, match="died"):
            await answers(engine, "die")
        assert not engine.is_ready
        with pytest.raises(EngineUnavailable, match="starting"):
            await answers(engine, "echo", times=1)
        await engine.until_ready()

        assert engine.pid != before
        assert await answers(engine, "echo", b"again", times=1) == [b"again"]


async def test_an_engine_without_its_model_says_so_and_is_not_tried_again() -> None:
    async with running("missing") as engine:
        with pytest.raises(EngineUnavailable, match="fetch it"):
            await engine.until_ready()

        assert engine.pid is None


async def test_stopping_leaves_no_process() -> None:
    async with running() as engine:
        await engine.until_ready()
        pid = engine.pid

    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


OWNER = f"""
import asyncio
from sandbox.engines.process import EngineProcess

async def main():
    engine = EngineProcess({TOY!r})
    engine.start()
    await engine.until_ready()
    print(engine.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_an_engine_ends_when_its_owner_is_killed() -> None:
    command = [sys.executable, "-c", OWNER]
    root = Path(__file__).parents[4]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as owner:  # noqa: S603 - our own
        assert owner.stdout is not None
        engine = os.pidfd_open(int(owner.stdout.readline()))
        owner.kill()

        ended, _, _ = select.select([engine], [], [], 5)

    os.close(engine)
    assert ended == [engine]
