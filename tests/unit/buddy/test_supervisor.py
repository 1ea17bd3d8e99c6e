"""The supervisor on tiny real programs: nothing is left, whatever ends what."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from buddy.children import ChildFailed
from buddy.console import Console
from buddy.guarding import guarding
from buddy.programs import Program
from buddy.readiness import Logs
from buddy.supervisor import MOST_RESTARTS, STOP_LIMITS_SECONDS, Supervisor

LIMIT_SECONDS = 20.0
READY_THEN_WAIT = "print('is_up', flush=True); import signal; signal.pause()"
DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('is_up', flush=True)\nwhile True: signal.pause()"
)
WITH_GRANDCHILD = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
    "print('grandchild', child.pid, 'is_up', flush=True)\nchild.wait()"
)
ENDS_AT_ONCE = "import sys; print('no engine found', flush=True); sys.exit(7)"


def program(
    source: str, *, name: str = "voice", limit: float = 10.0, last: bool = False
) -> Program:
    command = (sys.executable, "-u", "-c", source)
    return Program(name, command, Logs("is_up"), limit, is_stopped_last=last)


@asynccontextmanager
async def supervising(folder: Path) -> AsyncIterator[tuple[Supervisor, io.StringIO]]:
    said = io.StringIO()
    with guarding() as guard:
        supervisor = Supervisor(
            logs=folder / "logs",
            guard=guard,
            console=Console(said),
            cwd=folder,
            environ=dict(os.environ),
            first_wait_seconds=0.01,
            stop_limits_seconds=(0.3, 0.3),
        )
        try:
            yield supervisor, said
        finally:
            await supervisor.stop()


async def becomes(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, looking at what other processes do."""
    async with asyncio.timeout(LIMIT_SECONDS):
        tick = asyncio.Event()
        while not condition():
            asyncio.get_running_loop().call_later(0.01, tick.set)
            await tick.wait()
            tick.clear()


def is_gone(pid: int | None) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


async def test_a_program_is_up_once_it_says_so(tmp_path: Path) -> None:
    async with supervising(tmp_path) as (supervisor, said):
        child = await supervisor.bring_up(program(READY_THEN_WAIT))

        assert child.is_running
        assert "voice    ready after" in said.getvalue()

    assert is_gone(child.pid)


async def test_a_program_that_ends_before_it_is_ready_shows_its_last_words(tmp_path: Path) -> None:
    async with supervising(tmp_path) as (supervisor, _):
        with pytest.raises(ChildFailed) as failure:
            await supervisor.bring_up(program(ENDS_AT_ONCE))

    assert "voice ended (exit status 7)" in str(failure.value)
    assert "no engine found" in str(failure.value)


async def test_a_program_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    slow = program("print('loading', flush=True); import signal; signal.pause()", limit=0.5)

    async with supervising(tmp_path) as (supervisor, _):
        with pytest.raises(ChildFailed) as failure:
            await supervisor.bring_up(slow)

    assert "was not ready after" in str(failure.value)
    assert "loading" in str(failure.value)


async def test_a_program_that_is_killed_is_started_again(tmp_path: Path) -> None:
    async with supervising(tmp_path) as (supervisor, said):
        child = await supervisor.bring_up(program(READY_THEN_WAIT))
        keeping = asyncio.create_task(supervisor.keep())
        before = child.pid
        assert before is not None

        os.kill(before, signal.SIGKILL)
        await becomes(lambda: "ready again" in said.getvalue())

        assert child.pid != before
        assert "voice ended (signal SIGKILL)" in said.getvalue()
        keeping.cancel()


async def test_a_program_that_keeps_ending_ends_the_run(tmp_path: Path) -> None:
    count = tmp_path / "count"
    dying = program(
        f"open({str(count)!r}, 'a').write('x'); print('is_up', flush=True); input()"
    )  # its input is empty: it ends as soon as it asks

    async with supervising(tmp_path) as (supervisor, _):
        await supervisor.bring_up(dying)
        async with asyncio.timeout(LIMIT_SECONDS):
            with pytest.raises(ExceptionGroup) as failure:
                await supervisor.keep()

    assert failure.group_contains(ChildFailed, match="voice keeps ending")
    assert count.read_text() == "x" * (1 + MOST_RESTARTS)


async def test_a_program_that_ignores_sigterm_is_ended_when_its_time_is_over(
    tmp_path: Path,
) -> None:
    async with supervising(tmp_path) as (supervisor, _):
        last = await supervisor.bring_up(program(DEAF, name="sandbox", last=True))
        first = await supervisor.bring_up(program(DEAF))

        await supervisor.stop()

        assert (is_gone(first.pid), is_gone(last.pid)) == (True, True)


def test_a_stop_leaves_the_database_a_second_of_its_five() -> None:
    assert sum(STOP_LIMITS_SECONDS) <= 4


async def test_what_a_program_started_itself_goes_with_it(tmp_path: Path) -> None:
    async with supervising(tmp_path) as (supervisor, _):
        child = await supervisor.bring_up(program(WITH_GRANDCHILD))
        grandchild = int(child.log.read_text().split()[1])

    await becomes(lambda: is_gone(grandchild))


async def test_others_are_stopped_before_the_last(tmp_path: Path) -> None:
    def noting(name: str) -> str:
        return (
            "import signal, sys\n"
            "def stop(*_):\n"
            f"    open({str(tmp_path / 'order')!r}, 'a').write({name!r} + ' '); sys.exit()\n"
            "signal.signal(signal.SIGTERM, stop)\n"
            "print('is_up', flush=True)\nsignal.pause()"
        )

    async with supervising(tmp_path) as (supervisor, _):
        await supervisor.bring_up(program(noting("sandbox"), name="sandbox", last=True))
        await supervisor.bring_up(program(noting("voice")))

    assert (tmp_path / "order").read_text() == "voice sandbox "


async def test_warnings_of_a_program_are_passed_on_under_its_name(tmp_path: Path) -> None:
    talking = program(
        "print('2026-11-22 [info     ] call_started')\n"
        "print('2026-11-22 [warning  ] recogniser_lost')\n" + READY_THEN_WAIT
    )

    async with supervising(tmp_path) as (supervisor, said):
        await supervisor.bring_up(talking)

    assert "voice    | 2026-11-22 [warning  ] recogniser_lost" in said.getvalue()
    assert "call_started" not in said.getvalue()


async def test_the_log_is_its_owners_alone_and_the_previous_one_is_kept(tmp_path: Path) -> None:
    for _ in range(2):
        async with supervising(tmp_path) as (supervisor, _said):
            await supervisor.bring_up(program(READY_THEN_WAIT))

    logs = sorted((tmp_path / "logs").iterdir())
    assert [log.name for log in logs] == ["voice.log", "voice.log.1"]
    assert {log.stat().st_mode & 0o777 for log in logs} == {0o600}
