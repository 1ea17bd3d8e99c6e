"""Seals personal text for the database, and makes look-ups of sealed values possible.

A sealed value is one byte of key id, a nonce and AES-256-GCM's output; what it belongs to (its
kind and row) is authenticated with it, so that a value moved to another row does not open.
A blind index is an HMAC under a key of its own, which stays when the sealing key is rotated.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import BuddyError

KEY_BYTES = 32
NONCE_BYTES = 12
LARGEST_KEY_ID = 255  # the id is one byte of every sealed value


class KeyMissing(BuddyError):
    """The key ring lacks the key that something was sealed with, or there is no key ring."""


class SealBroken(BuddyError):
    """A sealed value was changed, or belongs to another row."""


class KeyRing:
    """The keys of the installation, by id; the current one seals, each of them opens."""

    def __init__(self, *, keys: Mapping[int, bytes], current: int, index_key: bytes) -> None:
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current
        self._index_key = index_key

    @classmethod
    def generate(cls) -> Self:
        """Return a ring of fresh keys that is stored nowhere."""
        return cls(
            keys={1: secrets.token_bytes(KEY_BYTES)},
            current=1,
            index_key=secrets.token_bytes(KEY_BYTES),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the ring from its file."""
        try:
            content = path.read_text()
        except FileNotFoundError:
            message = f"there is no key file at {path}: restore it, or run `make run` once"
            raise KeyMissing(message) from None
        try:
            stored = json.loads(content)
            return cls(
                keys={int(key_id): base64.b64decode(key) for key_id, key in stored["keys"].items()},
                current=int(stored["current"]),
                index_key=base64.b64decode(stored["index_key"]),
            )
        except (
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
        ):  # from None: the cause may quote a key
            message = f"{path} is no key file: restore it from a backup"
            raise KeyMissing(message) from None

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a ring at `path`, readable by its owner only; an existing one stays as it is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        stored = {
            "current": 1,
            "keys": {"1": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()},
            "index_key": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
        }
        # mkstemp makes it 0600; linking is atomic, so of two processes at once one wins.
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(stored, file)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            Path(draft).unlink()
        return cls.load(path)

    def seal(self, text: str, *aad: object) -> bytes:
        """Encrypt `text` for the one place that `aad` names."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self._current].encrypt(nonce, text.encode(), _associated(aad))
        return bytes([self._current]) + nonce + sealed

    def open(self, sealed: bytes, *aad: object) -> str:
        """Decrypt what was sealed for the place that `aad` names."""
        if not sealed:
            message = "a sealed value is empty"
            raise SealBroken(message)
        key = self._keys.get(sealed[0])
        if key is None:
            message = f"the key ring lacks key {sealed[0]}: restore the key file"
            raise KeyMissing(message)
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return key.decrypt(nonce, body, _associated(aad)).decode()
        except (InvalidTag, ValueError):
            message = "a sealed value does not belong where it was found"
            raise SealBroken(message) from None

    def blind_index(self, purpose: str, text: str) -> bytes:
        """Return what `text` is looked up by; the same text gives another index per purpose."""
        return hmac.digest(self._index_key, _associated((purpose, text)), hashlib.sha256)


def _associated(parts: tuple[object, ...]) -> bytes:
    return "\x1f".join(map(str, parts)).encode()
