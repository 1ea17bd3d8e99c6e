"""The children's log files: one a child, the previous run's kept beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

TAIL_BYTES = 16 * 1024
LINES_A_LOOK = 5  # of one child on the console; the rest is in its file
LOUD = re.compile(
    r"\[(?:warning|error|critical)\s*\]"  # structlog on a console
    r'|"level":\s*"(?:warning|error|critical)"'  # structlog as JSON
    r"|^(?:\[?(?:WARNING|ERROR|CRITICAL)\b|\w+(?:Error|Exception)\b)"  # others, and tracebacks
)


def open_log(path: Path) -> BinaryIO:
    """Start a log for its owner's eyes, keeping the previous one as `NAME.log.1`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_name(f"{path.name}.1"))
    path.touch(mode=0o600)
    return path.open("ab", buffering=0)


def tail(path: Path, lines: int) -> list[str]:
    """Return a log's last lines."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]


class Follower:
    """Reads on in a growing log and returns the lines a person should see."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def news(self) -> list[str]:
        """Return the new warnings and errors, at most a handful a look."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                read = file.read()
        except FileNotFoundError:
            return []
        self._offset += len(read)
        *lines, self._rest = (self._rest + read).split(b"\n")
        loud = [text for line in lines if LOUD.search(text := line.decode(errors="replace"))]
        if len(loud) > LINES_A_LOOK:
            return [*loud[:LINES_A_LOOK], f"… {len(loud) - LINES_A_LOOK} more in {self._path}"]
        return loud
