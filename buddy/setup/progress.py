"""One line a step: what it does, how far it is, how long it took."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

NAME_WIDTH = 22
LINE_WIDTH = 100
STILL_AFTER_SECONDS = 30.0  # without a terminal: how often a long step says that it goes on
TAIL_LINES = 15


class StepFailed(Exception):
    """A step did not succeed; the text says what happened and what to do about it."""


class Line:
    """The console line of one running step."""

    def __init__(self, name: str, expectation: str) -> None:
        self._name = name.ljust(NAME_WIDTH)
        self._is_terminal = sys.stdout.isatty()
        self._started = self._said = time.monotonic()
        if self._is_terminal:
            self.update(expectation)
        else:
            print(f"  {self._name} {expectation}", flush=True)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def update(self, doing: str) -> None:
        """Show what goes on; without a terminal, only now and then."""
        if self._is_terminal:
            text = f"  {self._name} {self.seconds:4.0f} s  {doing}"
            sys.stdout.write(f"\r\x1b[2K{text[:LINE_WIDTH]}")
            sys.stdout.flush()
        elif time.monotonic() - self._said >= STILL_AFTER_SECONDS:
            self._said = time.monotonic()
            print(f"  {self._name} {self.seconds:4.0f} s  {doing}"[:LINE_WIDTH], flush=True)

    def end(self, outcome: str) -> None:
        """Leave the line with its outcome and its time."""
        start = "\r\x1b[2K" if self._is_terminal else ""
        print(f"{start}  {self._name} {outcome} ({self.seconds:.1f} s)", flush=True)


def carry_out(
    command: Sequence[str],
    *,
    log: Path,
    line: Line,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    advice: str,
) -> None:
    """Run `command` with its output in `log`, its latest words on `line`; raise when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the set-up's own commands, no shell
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            status = _watched(process, log, line)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if status != 0:
        tail = "\n".join(f"    {text}" for text in _lines(log)[-TAIL_LINES:])
        message = f"{tail}\n  {advice}\n  The whole log: {log}"
        raise StepFailed(message)


def _watched(process: subprocess.Popen[bytes], log: Path, line: Line) -> int:
    while True:
        try:
            return process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            said = _lines(log)
            line.update(said[-1] if said else "")


def _lines(log: Path) -> list[str]:
    with log.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 8192))
        text = file.read().decode(errors="replace")
    return [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
