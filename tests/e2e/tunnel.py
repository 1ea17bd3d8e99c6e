"""A wire between the browser and the site that a test can cut, as a tunnel cuts a phone's."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

START_SECONDS = 10.0
CHUNK = 65536


class Tunnel:
    """Passes bytes from a port of its own to another, until it is cut."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._started, self._must_stop = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(self._serve()), daemon=True
        )

    @classmethod
    @contextlib.contextmanager
    def to(cls, port: int) -> Iterator[Tunnel]:
        """Pass everything on to `port` for as long as the block lasts."""
        tunnel = cls(port)
        tunnel._thread.start()
        assert tunnel._started.wait(START_SECONDS)
        try:
            yield tunnel
        finally:
            tunnel._loop.call_soon_threadsafe(tunnel._must_stop.set)
            tunnel._thread.join(START_SECONDS)
            tunnel._loop.close()

    def cut(self) -> None:
        """Drop every connection that is open; new ones are let through."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(START_SECONDS)

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        self._started.set()
        await self._must_stop.wait()
        server.close()
        await self._drop()

    async def _drop(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()
        self._writers.clear()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._writers -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
