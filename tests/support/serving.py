"""Serves an ASGI app of the product on a free port, with the options the product ships with."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from voice.server import Server, server_config

START_SECONDS = 30.0


@asynccontextmanager
async def serving(app: Any, *, port: int = 0) -> AsyncIterator[Server]:
    """Yield the running server; the sockets it listens on tell the port."""
    listener = socket.create_server(("127.0.0.1", port))
    server = Server(server_config(app, host="127.0.0.1", port=0))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(START_SECONDS):
            while not server.started:
                if running.done():
                    running.result()
                    message = "the server ended while it was starting"
                    raise RuntimeError(message)
                await asyncio.wait([running], timeout=0.01)
        yield server
    finally:
        server.stop()
        await running
        listener.close()


def port_of(server: Server) -> int:
    """Return the port that a running server listens on."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
