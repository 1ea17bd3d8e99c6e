"""Has the sandbox's recogniser read what comes out of the line.

It listens from the first frame to the last, as Deepgram's clients do
(https://developers.deepgram.com/reference/speech-to-text/listen-streaming), so every word has its
place on the line and can be given to the turn it was said in.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

BYTES_A_SECOND = 8000
CHUNK_BYTES = 160 * 5  # 100 ms a message
LAST_WORD_SECONDS = 0.6  # a word may be timed to end this long before its sound does
KEEP_ALIVE_SECONDS = 4.0  # ten without sound or a word and Deepgram hangs up
READING_SECONDS = 45.0  # how long the recogniser may take over its last words
NOT_A_WORD = re.compile(r"[^a-z0-9' ]+")


class EarFailed(Exception):
    """The recogniser is not there, or went away; the text says which."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word and the bytes of the line it took."""

    text: str
    began: float
    ended: float

    @property
    def middle(self) -> float:
        """Where on the line the word is."""
        return (self.began + self.ended) / 2


def plain(text: str) -> str:
    """Return text as words only, to compare what was meant with what was heard."""
    return " ".join(NOT_A_WORD.sub(" ", text.lower()).split())


class Ear:
    """One recogniser's reading of one line."""

    def __init__(
        self, http: aiohttp.ClientSession, deepgram_url: str, *, has_interims: bool
    ) -> None:
        query = "&".join(
            f"{name}={value}"
            for name, value in (
                ("model", "nova-3"),
                ("language", "en-US"),
                ("encoding", "mulaw"),
                ("sample_rate", "8000"),
                ("channels", "1"),
                ("punctuate", "true"),
                ("endpointing", "300"),
                ("interim_results", str(has_interims).lower()),
            )
        )
        self._http = http
        self._url = f"{deepgram_url}/v1/listen?{query}"
        self._words: list[Word] = []
        self._interim: list[Word] = []
        self._pending = bytearray()
        self._outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._work: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.failure: str | None = None
        self.changed = asyncio.Event()  # pulses when something was read

    async def open(self) -> Self:
        """Connect; raise `EarFailed` where there is no recogniser."""
        try:
            self._socket = await self._http.ws_connect(
                self._url, headers={"Authorization": "Token sandbox"}, max_msg_size=0
            )
        except aiohttp.ClientError as error:
            message = f"the recogniser at {self._url.partition('?')[0]} can't be reached: {error}"
            raise EarFailed(message) from error
        self._work = asyncio.create_task(self._run(self._socket))
        return self

    def hear(self, frame: bytes) -> None:
        """Take the next frame of the line."""
        self._pending += frame
        if len(self._pending) >= CHUNK_BYTES:
            self._outbox.put_nowait(bytes(self._pending))
            self._pending.clear()

    def text(self, begin: float = 0.0, end: float = float("inf")) -> str:
        """Return what has been read so far of a stretch of the line."""
        return " ".join(
            word.text for word in (*self._words, *self._interim) if begin <= word.middle < end
        )

    def has_read(self, position: float) -> bool:
        """Return whether the reading has come to a place on the line, and is final."""
        slack = LAST_WORD_SECONDS * BYTES_A_SECOND
        return bool(self._words) and not self._interim and self._words[-1].ended + slack >= position

    async def finish(self) -> None:
        """Wait for the last words."""
        if self._work is None:
            return
        if self._pending:
            self._outbox.put_nowait(bytes(self._pending))
        self._outbox.put_nowait(None)
        try:
            async with asyncio.timeout(READING_SECONDS):
                await asyncio.shield(self._work)
        except TimeoutError:
            self.failure = "the recogniser did not finish reading"
        await self.close()

    async def close(self) -> None:
        """Disconnect, whatever is still to come."""
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work
        if self._socket is not None:
            await self._socket.close()

    async def _run(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        sending = asyncio.create_task(self._send(socket))
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._read(json.loads(message.data))
        finally:
            has_said_all = sending.done()
            sending.cancel()
            self._interim = []
            self.changed.set()
        if not has_said_all:
            self.failure = f"the recogniser closed the connection ({socket.close_code})"

    async def _send(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            while True:
                try:
                    async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                        chunk = await self._outbox.get()
                except TimeoutError:
                    await socket.send_json({"type": "KeepAlive"})
                    continue
                if chunk is None:
                    break
                await socket.send_bytes(chunk)
            await socket.send_json({"type": "CloseStream"})

    def _read(self, message: dict[str, Any]) -> None:
        if message.get("type") != "Results":
            return
        alternative = message["channel"]["alternatives"][0]
        words = [
            Word(
                word.get("punctuated_word", word["word"]),
                word["start"] * BYTES_A_SECOND,
                word["end"] * BYTES_A_SECOND,
            )
            for word in alternative["words"]
        ]
        if message["is_final"]:
            self._words += words
            self._interim = []
        else:
            self._interim = words
        self.changed.set()
