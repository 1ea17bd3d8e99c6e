"""What the supervisor says, and what it passes on of its children's logs."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO

NAME_WIDTH = 8


class Console:
    """Whole lines on a stream; colours only where a person looks."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._has_colours = self._stream.isatty()

    def say(self, text: str = "") -> None:
        # A reader that went away (`make run | head`) is no reason to stop a running product, and
        # a terminal that was closed none to leave it running: its end comes as a signal.
        with contextlib.suppress(OSError):
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def step(self, name: str, text: str) -> None:
        """Say how far one part has come."""
        self.say(f"  {self._tinted(name.ljust(NAME_WIDTH), '36')} {text}")

    def pass_on(self, name: str, line: str) -> None:
        """Show a line of a child's log under the child's name."""
        self.say(f"  {self._tinted(name.ljust(NAME_WIDTH), '33')} | {line}")

    def _tinted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._has_colours else text
