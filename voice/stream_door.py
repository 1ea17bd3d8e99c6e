"""The door that Media Streams come through: a websocket straight from the server, past Quart.

Quart has two tasks and a queue for every websocket, and signals and a pass of the loop for every
message: fifty frames a second and call are too many for that. Everything else is Quart's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from voice.adapters.twilio_rest import SIGNATURE_HEADER
from voice.service import VoiceService
from voice.streams import NORMAL_CLOSE

STREAM_PATH: Final = "/calls/stream"
WRONG_SIGNATURE: Final = b"wrong signature"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]


class StreamSocket:
    """One websocket that was accepted."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def receive(self) -> str | bytes:
        """Return the next message; raise `EOFError` when the other side has gone."""
        event = await self._receive()
        if event["type"] != "websocket.receive":
            raise EOFError
        text: str | None = event.get("text")
        return event["bytes"] if text is None else text

    async def send(self, text: str) -> None:
        """Send; raise `OSError` when the other side has gone."""
        await self._send({"type": "websocket.send", "text": text})

    async def close(self, code: int = NORMAL_CLOSE) -> None:
        await self._send({"type": "websocket.close", "code": code})


class StreamDoor:
    """An ASGI application: streams go to the service, and what else comes to the app behind it."""

    def __init__(self, app: Application, service: VoiceService) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket" and scope["path"] == STREAM_PATH:
            await self._stream(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a Media Stream in: signed handshake, then a token of ours that fits the call."""
        service = self._service
        if not service.validator.is_signed(service.settings.stream_url, {}, _signature(scope)):
            await _refuse(scope, send)
            return
        await receive()  # `websocket.connect`
        await send({"type": "websocket.accept"})
        await service.serve_stream(StreamSocket(receive, send))


def _signature(scope: Scope) -> str | None:
    wanted = SIGNATURE_HEADER.lower().encode()
    for name, value in scope["headers"]:
        if name.lower() == wanted:
            return bytes(value).decode("latin-1")
    return None


async def _refuse(scope: Scope, send: Send) -> None:
    """Answer the handshake with 403; a server that can't say more closes with just that."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": 403, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": WRONG_SIGNATURE})
