"""One supervisor a data folder: a lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import BuddyError

LOCK_NAME = "run.lock"
ENDING_SECONDS = 10.0  # a killed run's guard needs a moment to put its children away
POLL_SECONDS = 0.1


class AlreadyRunning(BuddyError):
    """Another supervisor holds this data folder; the text says how to stop it."""


@contextmanager
def only_run(data_dir: Path, address: str) -> Iterator[int]:
    """Hold the data folder's lock; yield its descriptor, which the guard holds too."""
    descriptor = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n{address}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    ends = time.monotonic() + ENDING_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, _, address = os.pread(descriptor, 200, 0).decode().strip().partition("\n")
            if _lives(pid) or time.monotonic() > ends:
                message = (
                    f"GoToBuddy already runs here: process {pid or 'unknown'}, "
                    f"{address or 'no address yet'}. Stop it with Ctrl-C where it was started, "
                    f"or: kill {pid or 'PID'}"
                )
                raise AlreadyRunning(message) from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
