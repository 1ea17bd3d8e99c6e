"""The door that Media Streams come through: websockets past uvicorn's own, and past ASGI.

A call has fifty frames a second. uvicorn's websockets are read in Python and told through a queue
to a task; picows reads them in C and calls back. Same port, same server: the HTTP side finds a
stream's handshake and hands its connection over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import structlog
from picows import (
    WSAutoPingStrategy,
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # its stubs leave it out

from voice import tasks
from voice.adapters.twilio_leg import TwilioCallLeg
from voice.adapters.twilio_rest import SIGNATURE_HEADER
from voice.adapters.websocket_frames import Assembly

STREAM_PATH: Final = "/calls/stream"
WRONG_SIGNATURE: Final = b"wrong signature"
MOST_MESSAGE_BYTES: Final = 64 * 1024  # Twilio's are of a few hundred
PING_SECONDS: Final = 20.0  # of silence until a ping, and from there until the line is given up
SERVICE_RESTART: Final = 1012
CLOSE_SECONDS: Final = 2.0  # that the other side may take to answer a close
READ_BUFFER_BYTES: Final = 4 * 1024  # a stream; it grows where that is too little


log = structlog.get_logger()

# It logs every connection that comes and goes, and where from.
logging.getLogger("picows.streams").setLevel(logging.WARNING)


class StreamDoor:
    """Lets streams in that Twilio has signed, and keeps those that are open."""

    def __init__(
        self,
        serve: Callable[[TwilioCallLeg], Awaitable[None]],
        is_signed: Callable[[str | None], bool],
        *,
        path: str = STREAM_PATH,
    ) -> None:
        self.path = path.encode()
        self._serve = serve
        self._is_signed = is_signed

    def take(
        self,
        transport: asyncio.Transport,
        head: bytes,
        connections: set[Any],
        running: set[asyncio.Task[None]],
    ) -> None:
        """Take over a connection whose handshake, and what may have followed, is `head`."""

        def answer(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
            if not self._is_signed(request.headers.get(SIGNATURE_HEADER)):
                refusal = WSUpgradeResponse.create_error_response(
                    HTTPStatus.FORBIDDEN, WRONG_SIGNATURE
                )
                return WSUpgradeResponseWithListener(refusal, None)
            socket = StreamSocket(self._serve, connections, running)
            accepted = WSUpgradeResponse.create_101_response()
            return WSUpgradeResponseWithListener(accepted, socket)

        protocol = WSProtocol(
            None,  # host and port
            None,  # path
            False,  # noqa: FBT003 - picows takes no names here; not the client's side
            answer,
            logging.getLogger("picows.streams"),
            True,  # noqa: FBT003 - an error in a callback closes
            None,  # handshake timeout: it is here
            True,  # noqa: FBT003 - pings
            PING_SECONDS,
            PING_SECONDS,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            True,  # noqa: FBT003 - answers pings
            MOST_MESSAGE_BYTES,
            None,  # extra headers
            READ_BUFFER_BYTES,
        )
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        while head:
            room = protocol.get_buffer(len(head))
            size = min(len(room), len(head))
            room[:size] = head[:size]
            protocol.buffer_updated(size)
            head = head[size:]


class StreamSocket(WSListener):
    """One Media Stream's websocket, as `TwilioCallLeg` takes it and as uvicorn keeps it."""

    def __init__(
        self,
        serve: Callable[[TwilioCallLeg], Awaitable[None]],
        connections: set[Any],
        running: set[asyncio.Task[None]],
    ) -> None:
        self._serve = serve
        self._connections = connections
        self._running = running
        self._leg = TwilioCallLeg(self)
        self._messages = Assembly(MOST_MESSAGE_BYTES)
        self._is_open = False
        self._giving_up: asyncio.TimerHandle | None = None
        self._websocket: WSTransport
        self._transport: asyncio.Transport

    # What picows tells.

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._websocket, self._transport = transport, transport.underlying_transport
        # Whatever the kernel does not take at once is for the line to keep.
        self._transport.set_write_buffer_limits(high=0)
        self._is_open = True
        self._connections.add(self)
        task = tasks.start(self._lead(self._leg), name="stream")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if (message := self._messages.take(frame)) is not None:
            self._leg.message_received(message)
        elif frame.msg_type == WSMsgType.CLOSE:
            if self._is_open:
                self._is_open = False
                code = frame.get_close_code()
                transport.send_close(WSCloseCode.OK if code == WSCloseCode.NO_INFO else code)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._is_open = False
        self._connections.discard(self)
        if self._giving_up is not None:
            self._giving_up.cancel()
        self._leg.line_lost()
        # All of them hold this socket: none shall wait for the garbage collector.
        del self._leg, self._websocket, self._transport

    def pause_writing(self) -> None:
        self._leg.pause_writing()

    def resume_writing(self) -> None:
        self._leg.resume_writing()

    # What the line asks for.

    def send(self, message: bytes) -> None:
        if self._is_open:
            self._websocket.send(WSMsgType.TEXT, message)

    def close(self, code: int) -> None:
        if self._is_open:
            self._is_open = False
            self._websocket.send_close(WSCloseCode(code))
            loop = asyncio.get_running_loop()
            self._giving_up = loop.call_later(CLOSE_SECONDS, self._transport.abort)

    def pause_reading(self) -> None:
        if self._is_open:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._is_open:
            self._transport.resume_reading()

    # What uvicorn asks for.

    def shutdown(self) -> None:
        """Close: the server stops."""
        self.close(SERVICE_RESTART)
        self._transport.close()

    # Inside.

    async def _lead(self, leg: TwilioCallLeg) -> None:
        try:
            await self._serve(leg)
        except Exception:
            log.exception("stream_broke")
        finally:
            await leg.close()
