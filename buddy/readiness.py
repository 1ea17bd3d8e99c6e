"""How a program says that it can do its work: an address that answers 200, or a word it logs."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

ANSWER_SECONDS = 2.0


class Readiness(Protocol):
    """Something that can be asked whether a program is ready."""

    async def holds(self, log: Path) -> bool: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """Ready when every one of these addresses answers 200."""

    urls: tuple[str, ...]

    async def holds(self, log: Path) -> bool:
        for url in self.urls:
            if not await answers(url):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Logs:
    """Ready when the log holds this word."""

    word: str

    async def holds(self, log: Path) -> bool:
        return _holds(log, self.word)


async def answers(url: str) -> bool:
    """Return whether a GET of `url` is answered with 200."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(
                    f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {host}:{port}\r\n"
                    "Connection: close\r\n\r\n".encode()
                )
                status = await reader.readline()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, ValueError):
        return False
    return status.split(b" ")[1:2] == [b"200"]


def _holds(log: Path, word: str) -> bool:
    try:
        return word.encode() in log.read_bytes()
    except FileNotFoundError:
        return False
