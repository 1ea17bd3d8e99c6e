"""The web server: uvicorn, but SIGTERM drains instead of cuts and streams have a door of their own.

The stock server answers SIGTERM by closing every socket at once, calls included.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from voice.stream_door import StreamDoor

CLOSE_SECONDS = 2  # for what is still open when the server stops


class Config(uvicorn.Config):
    """uvicorn's options, and the door for streams."""

    def __init__(self, app: Any, *, streams: StreamDoor | None, **options: Any) -> None:
        super().__init__(app, http=Http, **options)
        self.streams = streams


class Http(HttpToolsProtocol):
    """uvicorn's HTTP, which hands a stream's connection over to the door."""

    def data_received(self, data: bytes) -> None:
        self._latest = data
        super().data_received(data)

    def handle_websocket_upgrade(self) -> None:
        streams = self.config.streams if isinstance(self.config, Config) else None
        if streams is None or self.url.partition(b"?")[0] != streams.path:
            super().handle_websocket_upgrade()
            return
        self.connections.discard(self)
        # It holds this protocol, which is told of the end of no connection that it gave away.
        self.parser = None  # type: ignore[assignment]
        streams.take(
            self.transport,
            self._head() + self._behind_the_head(),
            self.server_state.connections,
            self.tasks,
        )

    def _head(self) -> bytes:
        """Return the handshake; what else a proxy wrote about the connection is of no interest."""
        lines = [self.scope["method"].encode() + b" " + self.url + b" HTTP/1.1"]
        for name, value in self.headers:
            lines.append(name + b": " + (b"Upgrade" if name == b"connection" else value))
        return b"\r\n".join([*lines, b"", b""])

    def _behind_the_head(self) -> bytes:
        """Return what came in the same packet: uvicorn would lose it."""
        upgrade = sys.exception()  # which tells where the head ends
        assert isinstance(upgrade, httptools.HttpParserUpgrade)  # noqa: S101 - uvicorn catches it
        return self._latest[upgrade.args[0] :]


def server_config(app: Any, *, host: str, port: int) -> uvicorn.Config:
    """Return the options the product ships with."""
    return Config(
        app,
        streams=getattr(app, "extensions", {}).get("streams"),
        host=host,
        port=port,
        ws="websockets-sansio",
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
