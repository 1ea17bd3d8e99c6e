"""Serves any ASGI app on loopback, in this event loop, until its block is left.

The same function serves the sandbox's servers in `python -m sandbox` and in tests. Leaving the
block closes what is still open: a vendor that goes away says no goodbye.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

LOOPBACK = "127.0.0.1"
CLOSING_SECONDS = 1.0  # cancelled handlers get this long to put things away


class PortTaken(Exception):
    """Somebody else listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use by another program")
        self.port = port


class _LoopbackServer(uvicorn.Server):
    """A server whose owner decides when it stops: it takes no signals and ends at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._stopping.wait()

    def stop(self) -> None:
        self._stopping.set()


@asynccontextmanager
async def serving(app: Any, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` on 127.0.0.1 and yield its base URL; port 0 takes a free one.

    Raise `PortTaken` where the port can't be had.
    """
    listener = _listen(port)
    server = _LoopbackServer(
        uvicorn.Config(
            app,
            loop="none",
            ws="websockets-sansio",
            ws_per_message_deflate=False,  # audio does not compress, and pings cost nothing here
            ws_max_size=16 * 1024 * 1024,
            lifespan="on",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=0,
        )
    )
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        # The listener already accepts: a request that comes before the app has started waits.
        await _started(server, running)
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    finally:
        server.stop()
        await asyncio.wait({running})
        if left := set(server.server_state.tasks):
            await asyncio.wait(left, timeout=CLOSING_SECONDS)
        listener.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTaken(port) from error
    listener.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    return listener


async def _started(server: uvicorn.Server, running: asyncio.Task[None]) -> None:
    while not server.started:
        if running.done():
            running.result()
            message = "the server ended while it was starting"
            raise RuntimeError(message)
        await asyncio.sleep(0.002)
