"""Keeps the programs running, and stops them all.

A program that ends by itself before it was ready ends the run: something is wrong that a
second try won't mend. One that ends later is started again, each time after a longer wait; one
that ends too often ends the run too, with its log's last lines. A run is all or nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from buddy.children import Child, ChildFailed
from buddy.console import Console
from buddy.guarding import Guard
from buddy.programs import Program

FIRST_WAIT_SECONDS = 0.5  # before a program is started again; doubled each time
MOST_RESTARTS = 5  # in a row
STEADY_SECONDS = 60.0  # who lived this long starts counting anew
LOOK_SECONDS = 0.5  # how often the logs are looked at
# SIGTERM to all but the last, SIGTERM to the last, each then SIGKILL: with the database's own
# shutdown less than five seconds in all. A call in progress needs most of the first for a goodbye.
STOP_LIMITS_SECONDS = (3.2, 0.8)


class Supervisor:
    """The children of one run."""

    def __init__(
        self,
        *,
        logs: Path,
        guard: Guard,
        console: Console,
        cwd: Path,
        environ: Mapping[str, str],
        first_wait_seconds: float = FIRST_WAIT_SECONDS,
        stop_limits_seconds: tuple[float, float] = STOP_LIMITS_SECONDS,
    ) -> None:
        self._logs = logs
        self._guard = guard
        self._console = console
        self._cwd = cwd
        self._environ = environ
        self._first_wait_seconds = first_wait_seconds
        self._stop_limits_seconds = stop_limits_seconds
        self._children: list[Child] = []
        self._is_stopping = False

    async def bring_up(self, program: Program) -> Child:
        """Start a program and wait until it is ready."""
        child = Child(
            program, logs=self._logs, guard=self._guard, cwd=self._cwd, environ=self._environ
        )
        self._children.append(child)
        await child.start()
        seconds = await child.until_ready()
        self._console.step(child.name, f"ready after {seconds:.1f} s")
        return child

    async def keep(self) -> None:
        """Keep what was brought up running; return never, raise `ChildFailed` when it's over."""
        async with asyncio.TaskGroup() as tasks:
            for child in self._children:
                tasks.create_task(self._keep(child))

    async def pass_on_news(self) -> None:
        """Show the children's warnings and errors, until cancelled."""
        while True:
            self._pass_on()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), LOOK_SECONDS)

    async def stop(self) -> None:
        """Stop every child: politely, in order, and then for certain."""
        self._is_stopping = True
        first = [child for child in self._children if not child.program.is_stopped_last]
        last = [child for child in self._children if child.program.is_stopped_last]
        for children, limit in zip((first, last), self._stop_limits_seconds, strict=True):
            await _stop(children, limit)
        self._pass_on()

    def kill(self) -> None:
        """End everything at once."""
        for child in self._children:
            child.kill()

    async def _keep(self, child: Child) -> None:
        loop = asyncio.get_running_loop()
        restarts = 0
        while True:
            await child.ended()
            if self._is_stopping:
                return
            if loop.time() - child.started_at >= STEADY_SECONDS:
                restarts = 0
            restarts += 1
            if restarts > MOST_RESTARTS:
                message = f"{child.name} keeps ending. {child.obituary()}"
                raise ChildFailed(message)
            wait = self._first_wait_seconds * 2 ** (restarts - 1)
            self._console.step(child.name, f"{child.obituary()}\n  Starting it again …")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), wait)
            await child.start()
            try:
                seconds = await child.until_ready()
            except ChildFailed:
                child.kill()  # if it still runs; the top of the loop sees its end
            else:
                self._console.step(child.name, f"ready again after {seconds:.1f} s")

    def _pass_on(self) -> None:
        for child in self._children:
            for line in child.news():
                self._console.pass_on(child.name, line)


async def _stop(children: Sequence[Child], limit_seconds: float) -> None:
    for child in children:
        child.terminate()
    ends = [asyncio.ensure_future(child.ended()) for child in children]
    if not ends:
        return
    _, late = await asyncio.wait(ends, timeout=limit_seconds)
    for child in _of(late, ends, children):
        child.kill()
    await asyncio.gather(*ends)


def _of(
    late: Iterable[asyncio.Future[None]],
    ends: Sequence[asyncio.Future[None]],
    children: Sequence[Child],
) -> list[Child]:
    return [child for child, end in zip(children, ends, strict=True) if end in set(late)]
