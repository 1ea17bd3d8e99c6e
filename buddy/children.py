"""A child process of the supervisor, from its start until nothing of it is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from buddy.guarding import Guard
from buddy.log_files import Follower, open_log, tail
from buddy.programs import Program
from shared.errors import BuddyError

POLL_SECONDS = 0.1
TAIL_LINES = 15


class ChildFailed(BuddyError):
    """A program ended or did not get ready; the text holds its log's last lines."""


class Child:
    """One program, started, awaited, stopped, and started again if need be."""

    def __init__(
        self, program: Program, *, logs: Path, guard: Guard, cwd: Path, environ: Mapping[str, str]
    ) -> None:
        self.program = program
        self.log = logs / f"{program.name}.log"
        self.started_at = 0.0
        self._guard = guard
        self._cwd = cwd
        self._environment = {**environ, **program.environment}
        self._process: asyncio.subprocess.Process | None = None
        self._follower = Follower(self.log)
        self._is_put_away = True

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the program in a process group of its own, so that Ctrl-C is ours to pass on."""
        self.started_at = asyncio.get_running_loop().time()
        with open_log(self.log) as output:
            self._follower = Follower(self.log)
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                cwd=self._cwd,
                env=self._environment,
                process_group=0,
            )
        self._is_put_away = False
        self._guard.watch(self._process.pid)

    async def until_ready(self) -> float:
        """Return after how many seconds the program was ready; raise `ChildFailed` if it isn't."""
        loop = asyncio.get_running_loop()
        ends = self.started_at + self.program.start_limit_seconds
        while not await self.program.readiness.holds(self.log):
            if not self.is_running:
                raise ChildFailed(self.obituary())
            if loop.time() > ends:
                limit = self.program.start_limit_seconds
                message = f"{self.name} was not ready after {limit:.0f} s.\n{self.last_words()}"
                raise ChildFailed(message)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended(), POLL_SECONDS)
        return loop.time() - self.started_at

    async def ended(self) -> None:
        """Wait until the program itself has ended; what it left of its group is then ended too."""
        if self._process is None:
            return
        await self._process.wait()
        if not self._is_put_away:  # once only: the number may be another process's by now
            self.kill()
            self._is_put_away = True
            self._guard.forget(self._process.pid)

    def terminate(self) -> None:
        """Ask the program to stop; what it started itself is its to stop."""
        if self.is_running and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def kill(self) -> None:
        """End the program's whole group at once."""
        if self._process is not None and not self._is_put_away:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def news(self) -> list[str]:
        """Return what a person should see of the log since the last look."""
        return self._follower.news()

    def obituary(self) -> str:
        """Say how the program ended, with its last words."""
        status = self._process.returncode if self._process is not None else None
        return f"{self.name} ended ({_ending(status)}).\n{self.last_words()}"

    def last_words(self) -> str:
        lines = tail(self.log, TAIL_LINES) or ["(its log is empty)"]
        return "\n".join([*(f"    {line}" for line in lines), f"  The whole log: {self.log}"])


def _ending(status: int | None) -> str:
    if status is None:
        return "it was never started"
    if status < 0:
        return f"signal {signal.Signals(-status).name}"
    return f"exit status {status}"
