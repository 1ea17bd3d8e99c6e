"""Seals personal text for the database, and makes look-ups of sealed values possible.

A sealed value is one byte of key id, a nonce and AES-256-GCM's output; what it belongs to (its
kind and row) is authenticated with it, so that a value moved to another row does not open.
A blind index is an HMAC under a key of its own, which stays when the sealing key is rotated.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared import key_file
from shared.errors import BuddyError
from shared.key_file import KeyFile, KeyMissing

__all__ = ["KeyMissing", "KeyRing", "SealBroken"]

NONCE_BYTES = 12


class SealBroken(BuddyError):
    """A sealed value was changed, or belongs to another row."""


class KeyRing:
    """The keys of the installation, by id; the current one seals, each of them opens.

    A ring that was read from a file reads it again when it meets a key it does not know, and
    when it is told to: so a running program follows a rotation.
    """

    def __init__(
        self,
        *,
        keys: Mapping[int, bytes],
        current: int,
        index_key: bytes,
        path: Path | None = None,
    ) -> None:
        self._path = path
        self._index_key = index_key
        self._take(keys, current)

    @property
    def current(self) -> int:
        """The id of the key that seals."""
        return self._sealing[0]

    @property
    def key_ids(self) -> tuple[int, ...]:
        """The ids of all keys, the oldest first."""
        return tuple(sorted(self._keys))

    @classmethod
    def generate(cls) -> Self:
        """Return a ring of fresh keys that is stored nowhere."""
        return cls._of(KeyFile.generate(), None)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the ring from its file."""
        return cls._of(key_file.read(path), path)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a ring at `path`, readable by its owner only; an existing one stays as it is."""
        key_file.create(path, KeyFile.generate())
        return cls.load(path)

    def refresh(self) -> None:
        """Read the ring's file again; a ring that is stored nowhere stays as it is."""
        if self._path is not None:
            stored = key_file.read(self._path)
            self._take(stored.keys, stored.current)

    def seal(self, text: str, *aad: object) -> bytes:
        """Encrypt `text` for the one place that `aad` names."""
        key_id, key = self._sealing
        nonce = os.urandom(NONCE_BYTES)
        return bytes([key_id]) + nonce + key.encrypt(nonce, text.encode(), _associated(aad))

    def open(self, sealed: bytes, *aad: object) -> str:
        """Decrypt what was sealed for the place that `aad` names."""
        if not sealed:
            message = "a sealed value is empty"
            raise SealBroken(message)
        if sealed[0] not in self._keys:
            self.refresh()
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

    @classmethod
    def _of(cls, file: KeyFile, path: Path | None) -> Self:
        return cls(keys=file.keys, current=file.current, index_key=file.index_key, path=path)

    def _take(self, keys: Mapping[int, bytes], current: int) -> None:
        ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._keys, self._sealing = ciphers, (current, ciphers[current])

    def blind_index(self, purpose: str, text: str) -> bytes:
        """Return what `text` is looked up by; the same text gives another index per purpose."""
        return hmac.digest(self._index_key, _associated((purpose, text)), hashlib.sha256)


def _associated(parts: tuple[object, ...]) -> bytes:
    return "\x1f".join(map(str, parts)).encode()
