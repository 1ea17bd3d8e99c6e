"""The supervisor's end of its guard: what is told to the process that outlives a kill -9."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

PROGRAM = Path(__file__).with_name("guard.py")


class Guard(Protocol):
    """Told which process groups live; ends them if the supervisor can't."""

    def watch(self, group: int) -> None: ...

    def forget(self, group: int) -> None: ...


class GuardProcess:
    """The real guard, told through a pipe whose end is the supervisor's own."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def watch(self, group: int) -> None:
        self._tell(f"+ {group}")

    def forget(self, group: int) -> None:
        self._tell(f"- {group}")

    def watch_database(self, pid_file: Path | None) -> None:
        """Name the database's pid file, or None once the database was stopped."""
        self._tell(f"postmaster {pid_file or ''}")

    def _tell(self, line: str) -> None:
        # A guard that was killed can't be helped, and the supervisor does its own stopping.
        with contextlib.suppress(BrokenPipeError):
            self._pipe.write(f"{line}\n".encode())


@contextmanager
def guarding(*held: int) -> Iterator[GuardProcess]:
    """Run a guard that also holds the descriptors in `held`; it ends with this block."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", str(PROGRAM)],
        stdin=subprocess.PIPE,
        bufsize=0,
        cwd="/",
        pass_fds=held,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - it was asked for
    try:
        yield GuardProcess(process.stdin)
    finally:
        process.stdin.close()
        process.wait()
