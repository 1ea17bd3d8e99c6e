"""Streams come straight from the server: what the door lets in, and when reading stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from uvicorn.server import ServerState

from voice.adapters.twilio_rest import SignatureValidator
from voice.server import MOST_UNREAD, ReadingAhead
from voice.stream_door import STREAM_PATH, StreamDoor, StreamSocket

URL = f"wss://voice.example{STREAM_PATH}"


class Streams:
    """Stands in for the service: keeps the sockets it is given."""

    def __init__(self) -> None:
        self.settings = SimpleNamespace(stream_url=URL)
        self.validator = SignatureValidator("secret")
        self.sockets: list[StreamSocket] = []

    async def serve_stream(self, socket: StreamSocket) -> None:
        self.sockets.append(socket)


class Transport:
    """Stands in for the connection: counts what it is told."""

    def __init__(self) -> None:
        self.pauses = self.resumptions = 0

    def pause_reading(self) -> None:
        self.pauses += 1

    def resume_reading(self) -> None:
        self.resumptions += 1


async def knock(scope: dict[str, Any]) -> tuple[list[dict[str, Any]], Streams, list[str]]:
    """Return what was sent, who took the stream, and the paths that went to the app behind."""
    sent: list[dict[str, Any]] = []
    behind: list[str] = []
    streams = Streams()

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        behind.append(scope["path"])

    async def send(message: Any) -> None:
        sent.append(message)

    door = StreamDoor(app, streams)  # type: ignore[arg-type]
    await door({"type": "websocket", "path": STREAM_PATH, "headers": [], **scope}, coming(), send)
    return sent, streams, behind


def coming(*events: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    waiting = iter([{"type": "websocket.connect"}, *events])

    async def receive() -> dict[str, Any]:
        return next(waiting)

    return receive


async def test_stream_with_twilios_signature_is_served() -> None:
    signature = RequestValidator("secret").compute_signature(URL, {})

    sent, streams, behind = await knock({"headers": [(b"X-Twilio-Signature", signature.encode())]})

    assert sent == [{"type": "websocket.accept"}]
    assert len(streams.sockets) == 1
    assert not behind


async def test_stream_with_another_signature_is_refused_with_403() -> None:
    sent, streams, _ = await knock(
        {
            "headers": [(b"x-twilio-signature", b"none")],
            "extensions": {"websocket.http.response": {}},
        }
    )

    assert [message.get("status") for message in sent] == [403, None]
    assert sent[-1]["body"] == b"wrong signature"
    assert not streams.sockets


async def test_server_that_can_not_say_why_just_refuses() -> None:
    sent, streams, _ = await knock({})

    assert sent == [{"type": "websocket.close"}]
    assert not streams.sockets


@pytest.mark.parametrize(("kind", "path"), [("http", STREAM_PATH), ("websocket", "/other")])
async def test_all_else_goes_to_the_app_behind(kind: str, path: str) -> None:
    sent, _, behind = await knock({"type": kind, "path": path})

    assert not sent
    assert behind == [path]


async def test_messages_that_came_before_a_socket_went_are_read() -> None:
    async def send(_message: Any) -> None:
        """Take what is sent."""

    receive = coming(
        {"type": "websocket.receive", "text": "words"},
        {"type": "websocket.receive", "bytes": b"raw", "text": None},
        {"type": "websocket.disconnect", "code": 1006},
    )
    await receive()
    socket = StreamSocket(receive, send)

    assert [await socket.receive(), await socket.receive()] == ["words", b"raw"]
    with pytest.raises(EOFError):
        await socket.receive()


async def test_reading_stops_only_where_much_waits() -> None:
    config = uvicorn.Config(app=StreamDoor, lifespan="off", log_config=None)
    config.load()
    protocol = ReadingAhead(config, ServerState(), {})
    transport = Transport()
    protocol.transport = transport  # type: ignore[assignment]

    def come() -> None:
        protocol.curr_msg_data_type = "text"
        protocol.frames = [b"message"]
        protocol.send_receive_event_to_app()

    for _ in range(MOST_UNREAD):
        come()
    assert transport.pauses == 0

    come()
    come()
    assert (transport.pauses, transport.resumptions) == (1, 0)
    for _ in range(MOST_UNREAD + 2):
        await protocol.receive()
    assert transport.resumptions == 1
