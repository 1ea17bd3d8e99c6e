"""The websocket under Deepgram's SDK: the SDK takes a transport of ours, and this one is picows.

Its own is the old half of websockets: four coroutines and a lock for every 20 ms of audio, two
tasks a connection. https://github.com/deepgram/deepgram-python-sdk#custom-transports
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextvars import ContextVar
from typing import Final, Self

from picows import (
    WSCloseCode,
    WSFrame,
    WSHandshakeError,
    WSInvalidStatusError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)

from voice.adapters.websocket_frames import Assembly

SEND_TIMEOUT: Final = 2.0  # seconds; a socket that takes nothing for longer is gone
PING_SECONDS: Final = 20.0  # of silence until a ping, and from there until it is given up
MOST_MESSAGE_BYTES: Final = 1024 * 1024
MOST_UNREAD: Final = 64  # messages; with more, nothing further is read

# It logs every connection that comes and goes, and where to.
_logger = logging.getLogger("picows.deepgram")
_logger.setLevel(logging.WARNING)


class Refused(Exception):
    """The handshake was answered with another status than that of a websocket."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class WireLost(OSError):
    """The websocket is gone, and nobody had asked for that."""


class DeepgramWire(WSListener):
    """One websocket. The SDK makes it by address and headers; it is no use before `open`."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = url
        self._headers = headers
        self._transport: WSTransport | None = None
        self._frames = Assembly(MOST_MESSAGE_BYTES)
        self._unread: deque[str | bytes] = deque()
        self._is_paused = False
        self._news: asyncio.Future[None] | None = None
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._has_goodbye = False
        self._loss = ""  # why it is gone; nothing where it was closed as it should be
        self._blocked: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Connect; raise `Refused`, or `OSError` where there is nobody to refuse."""
        try:
            await ws_connect(
                lambda *_: self,
                self._url,
                logger_name=_logger,
                extra_headers=self._headers,
                websocket_handshake_timeout=None,  # whoever opens it waits as long as they will
                enable_auto_ping=True,
                auto_ping_idle_timeout=PING_SECONDS,
                auto_ping_reply_timeout=PING_SECONDS,
                max_frame_size=MOST_MESSAGE_BYTES,
                max_redirects=0,
            )
        except WSInvalidStatusError as error:
            raise Refused(error.response.status if error.response else 0) from None
        except WSHandshakeError as error:
            raise WireLost(type(error).__name__) from None

    def write(self, message: str | bytes) -> None:
        """Send without waiting; raise `WireLost` if it is gone."""
        if self._transport is None:
            raise WireLost(self._loss)
        kind = WSMsgType.TEXT if isinstance(message, str) else WSMsgType.BINARY
        self._transport.send(kind, message)

    # What the SDK asks of a transport.

    async def send(self, data: str | bytes) -> None:
        self.write(data)

    async def recv(self) -> str | bytes:
        while not self._unread:
            if self._gone.done():
                raise WireLost(self._loss)
            self._resume_reading()
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        return self._unread.popleft()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self.recv()
        except WireLost:
            if self._loss:
                raise
            raise StopAsyncIteration from None

    async def close(self) -> None:
        """Say goodbye and wait for the other side's; without one where that is cut short."""
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.OK)
            self._resume_reading()
            try:
                await asyncio.shield(self._gone)
            finally:
                self._abort()

    # What picows tells.

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        # Whatever the kernel does not take at once counts as blocked.
        transport.underlying_transport.set_write_buffer_limits(high=0)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if (message := self._frames.take(frame)) is not None:
            self._unread.append(str(message, "utf-8") if self._frames.is_text else bytes(message))
            if len(self._unread) == MOST_UNREAD:
                self._is_paused = True
                transport.underlying_transport.pause_reading()
            self._tell()
        elif frame.msg_type == WSMsgType.CLOSE:
            self._has_goodbye = True
            if not transport.is_close_frame_sent:
                code = frame.get_close_code()
                self._loss = "" if code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY) else str(code)
                transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if not self._has_goodbye:
            self._loss = "no goodbye"
        self._transport = None  # which holds this: neither waits for the garbage collector
        self._unblock()
        if not self._gone.done():
            self._gone.set_result(None)
        self._tell()

    def pause_writing(self) -> None:
        if self._blocked is None:
            loop = asyncio.get_running_loop()
            self._blocked = loop.call_later(SEND_TIMEOUT, self._abort)

    def resume_writing(self) -> None:
        self._unblock()

    # Inside.

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _resume_reading(self) -> None:
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.underlying_transport.resume_reading()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def _unblock(self) -> None:
        if self._blocked is not None:
            self._blocked.cancel()
            self._blocked = None


_latest: ContextVar[DeepgramWire] = ContextVar("latest_deepgram_wire")


def make_wire(url: str, headers: dict[str, str]) -> DeepgramWire:
    """Return the transport that the SDK asks for, and keep it for `latest_wire`."""
    wire = DeepgramWire(url, headers)
    _latest.set(wire)
    return wire


def latest_wire() -> DeepgramWire:
    """Return what the SDK was given last in this task: it keeps that to itself."""
    return _latest.get()
