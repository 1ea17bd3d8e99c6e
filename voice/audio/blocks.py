"""Cuts audio into messages: the first frame alone and at once, then 60 to 200 ms at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

FRAME: Final = 160  # bytes; 20 ms
LEAST: Final = 480  # 60 ms: smaller messages cost more than they gain
MOST: Final = 1600  # 200 ms: larger ones can't be overtaken


class Blocks:
    """Collects what arrives in pieces of any length."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._least = FRAME

    def feed(self, audio: bytes) -> Iterator[bytes]:
        """Yield the blocks that are full now."""
        self._waiting += audio
        while len(self._waiting) >= self._least:
            yield self._take(FRAME if self._least == FRAME else MOST)
            self._least = LEAST

    def rest(self) -> Iterator[bytes]:
        """Yield what is left at the end."""
        while self._waiting:
            yield self._take(MOST)

    def _take(self, length: int) -> bytes:
        block = bytes(self._waiting[:length])
        del self._waiting[:length]
        return block
