"""A stream's audio: cut into an ear's chunks, and kept as long as it may be asked for."""

from __future__ import annotations

from collections.abc import Iterator


class KeptAudio:
    """Positions are samples since the stream's first, one byte each."""

    def __init__(self, chunk_bytes: int) -> None:
        self._chunk_bytes = chunk_bytes
        self._incoming = bytearray()  # not yet a whole chunk
        self._kept = bytearray()
        self._kept_from = 0

    @property
    def waiting(self) -> int:
        """How much is no whole chunk yet."""
        return len(self._incoming)

    def chunks(self, audio: bytes) -> Iterator[bytes]:
        """Take the next audio, of any length, and keep it chunk by chunk."""
        self._incoming += audio
        while len(self._incoming) >= self._chunk_bytes:
            yield self._keep(self._chunk_bytes)

    def rest(self) -> bytes:
        """Keep what is no whole chunk; it may be nothing."""
        return self._keep(len(self._incoming))

    def between(self, begin: int, end: int) -> bytes:
        """Return what is kept of a stretch."""
        return bytes(self._kept[max(0, begin - self._kept_from) : max(0, end - self._kept_from)])

    def forget_before(self, position: int) -> None:
        """Let go of what will not be asked for again."""
        if (unneeded := position - self._kept_from) > 0:
            del self._kept[:unneeded]
            self._kept_from += unneeded

    def _keep(self, size: int) -> bytes:
        chunk = bytes(self._incoming[:size])
        del self._incoming[:size]
        self._kept += chunk
        return chunk
