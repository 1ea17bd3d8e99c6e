"""The file that holds the installation's keys: JSON, for its owner only, replaced as a whole."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from shared.errors import BuddyError

KEY_BYTES = 32
LARGEST_KEY_ID = 255  # the id is one byte of every sealed value


class KeyMissing(BuddyError):
    """The key ring lacks the key that something was sealed with, or there is no key ring."""


class NoKeyIdLeft(BuddyError):
    """Every id that fits into a byte has been used."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What the file says: sealing keys by id, which of them seals, and the index key."""

    keys: Mapping[int, bytes]
    current: int
    index_key: bytes

    @classmethod
    def generate(cls) -> Self:
        """Return fresh keys."""
        return cls(
            keys={1: secrets.token_bytes(KEY_BYTES)},
            current=1,
            index_key=secrets.token_bytes(KEY_BYTES),
        )

    def with_new_key(self) -> Self:
        """Return the same with one key more, which seals from now on."""
        key_id = max(self.keys) + 1
        if key_id > LARGEST_KEY_ID:
            message = "the key ring has no id left for another key: seal into a new installation"
            raise NoKeyIdLeft(message)
        return replace(
            self, keys={**self.keys, key_id: secrets.token_bytes(KEY_BYTES)}, current=key_id
        )

    def with_current_key_only(self) -> Self:
        """Return the same without the keys that no longer seal."""
        return replace(self, keys={self.current: self.keys[self.current]})


def read(path: Path) -> KeyFile:
    """Return what the file at `path` says; raise `KeyMissing` where there is none or it is none."""
    try:
        content = path.read_text()
    except FileNotFoundError:
        message = f"there is no key file at {path}: restore it, or run `make run` once"
        raise KeyMissing(message) from None
    try:
        stored = json.loads(content)
        found = KeyFile(
            keys={int(key_id): base64.b64decode(key) for key_id, key in stored["keys"].items()},
            current=int(stored["current"]),
            index_key=base64.b64decode(stored["index_key"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        found = None  # what was wrong may quote a key
    if found is None or found.current not in found.keys:
        message = f"{path} is no key file: restore it from a backup"
        raise KeyMissing(message)
    return found


def create(path: Path, file: KeyFile) -> None:
    """Write `file` to `path` unless there is one: of two processes at once one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _draft(path, file) as draft, contextlib.suppress(FileExistsError):
        os.link(draft, path)


def overwrite(path: Path, file: KeyFile) -> None:
    """Put `file` in the place of what is at `path`; a reader finds the one or the other."""
    with _draft(path, file) as draft:
        draft.replace(path)


@contextlib.contextmanager
def _draft(path: Path, file: KeyFile) -> Iterator[Path]:
    """Lend a finished file beside `path`, 0600 as mkstemp makes it."""
    stored = {
        "current": file.current,
        "keys": {str(key_id): _text(key) for key_id, key in sorted(file.keys.items())},
        "index_key": _text(file.index_key),
    }
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w") as handle:
            json.dump(stored, handle)
            handle.flush()
            os.fsync(handle.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
