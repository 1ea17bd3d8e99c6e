"""The web server: uvicorn with its signals taken away, so that SIGTERM drains instead of cuts.

The stock server answers SIGTERM by closing every socket at once, calls included.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CLOSE_SECONDS = 2  # for what is still open when the server stops
MOST_UNREAD = 64  # messages a websocket; more than a second of a stream


class ReadingAhead(WebSocketsSansIOProtocol):
    """Stops reading when much waits; the stock protocol does so, and starts again, every message."""

    def send_receive_event_to_app(self) -> None:
        """Hand a message over; pause only where the application does not keep up."""
        if self.queue.qsize() >= MOST_UNREAD:
            super().send_receive_event_to_app()
            return
        was_paused, self.read_paused = self.read_paused, True
        super().send_receive_event_to_app()
        self.read_paused = was_paused


def server_config(app: Any, *, host: str, port: int) -> uvicorn.Config:
    """Return the options the product ships with."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        ws=ReadingAhead,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,  # request lines hold numbers
        server_header=False,
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )


class Server(uvicorn.Server):
    """A uvicorn server whose end somebody else decides."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to the process."""
        yield

    def stop(self) -> None:
        """Close every socket and let `serve` return."""
        self.should_exit = True
