"""Stamps: what a step was done for, so that it is done once.

A stamp is a file under `.setup/` that holds the hash of everything the step depends on. A step
whose stamp still fits has nothing to do; one that was cut short has no stamp and starts again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Stamps:
    """The stamps of one clone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fits(self, step: str, key: str) -> bool:
        try:
            return (self._folder / step).read_text() == key
        except FileNotFoundError:
            return False

    def set(self, step: str, key: str) -> None:
        """Write the stamp in one move: a torn one would lie."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{step}.{os.getpid()}"
        draft.write_text(key)
        draft.replace(self._folder / step)

    def remove(self, step: str) -> None:
        (self._folder / step).unlink(missing_ok=True)


def key_of(*parts: str, files: Iterable[Path] = ()) -> str:
    """Return a hash of the words and of the files' names and contents."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() + b"\0")
    for file in sorted(files):
        digest.update(f"{file}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold the set-up's lock: a second set-up waits until the first is done."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            print(f"Another set-up is at work here (process {holder}); waiting for it.", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
