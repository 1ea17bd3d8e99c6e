"""What Deepgram's sockets have in common: keys, refusals, the receiving loop, how a stream ends.

Close codes follow developers.deepgram.com: audio-keep-alive and "STT Troubleshooting WebSocket,
NET, and DATA Errors".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from quart import Response, websocket

from sandbox.control import Control, InjectedDisconnect, InjectedStatus, abort_connection
from sandbox.engines.roles import EngineUnavailable

NORMAL, POLICY, INTERNAL = 1000, 1008, 1011

NET_0000 = (
    "Deepgram did not provide a response message within the timeout window. "
    "See https://dpgr.am/net0000"
)
NET_0001 = (
    "Deepgram did not receive audio data or a text message within the timeout window. "
    "See https://dpgr.am/net0001"
)
DATA_0000 = "The payload cannot be decoded as audio. See https://dpgr.am/data0000"


class StreamEnded(Exception):
    """The stream is over with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class KeepsEmptyMessages:
    """Hands Quart an empty binary message as an empty text: it stumbles over the former."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def receive_something() -> Any:
            event = await receive()
            if event["type"] == "websocket.receive" and event.get("bytes") == b"":
                return {"type": "websocket.receive", "text": ""}
            return event

        await self._app(scope, receive_something, send)


def has_key() -> bool:
    """Take any key: `Authorization: Token …` or `Bearer …`, or `token, …` as subprotocols."""
    scheme, _, key = websocket.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in ("token", "bearer") and key.strip():
        return True
    return len(websocket.requested_subprotocols) > 1


async def accept(request_id: str) -> None:
    """Answer the handshake with the request's id."""
    await websocket.accept(
        headers={"dg-request-id": request_id},
        subprotocol="token" if websocket.requested_subprotocols else None,
    )


def refusal(status: int, sentence: str, code: str | None = None) -> Response:
    """Return the answer of a handshake that fails."""
    body, _ = error_body(status, sentence, code)
    headers = {"dg-request-id": body["request_id"], "dg-error": sentence}
    return Response(
        json.dumps(body), status=status, headers=headers, content_type="application/json"
    )


def error_body(status: int, sentence: str, code: str | None = None) -> tuple[dict[str, Any], int]:
    """Return Deepgram's error body."""
    codes = {400: "Bad Request", 401: "INVALID_AUTH", 429: "TOO_MANY_REQUESTS"}
    body = {
        "err_code": code or codes.get(status, "INTERNAL_SERVER_ERROR"),
        "err_msg": sentence,
        "request_id": str(uuid4()),
    }
    return body, status


def sender(control: Control) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """Return what sends results, and fails where that was asked for."""

    async def send(message: dict[str, Any]) -> None:
        await control.before("listen:results")
        await websocket.send(json.dumps(message))

    return send


@asynccontextmanager
async def closing_as_deepgram_does() -> AsyncIterator[None]:
    """Close the socket with the code that belongs to whatever ended its stream."""
    try:
        yield
    except StreamEnded as ended:
        await websocket.close(ended.code, ended.reason)
    except (EngineUnavailable, InjectedStatus):
        await websocket.close(INTERNAL, NET_0000)
    except InjectedDisconnect:
        abort_connection()


async def run_stream(
    results: Coroutine[Any, Any, None], receiving: Coroutine[Any, Any, None]
) -> None:
    """Run both halves of a stream until the client has closed it; raise what went wrong."""
    halves = asyncio.create_task(results), asyncio.create_task(receiving)
    try:
        await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        if halves[0].done():
            halves[0].result()
        await halves[1]
        await halves[0]
    finally:
        for half in halves:
            half.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await half


async def take_messages(
    control: Control,
    route: str,
    *,
    idle_seconds: float,
    on_audio: Callable[[bytes], Awaitable[None]],
    on_text: Callable[[str], Awaitable[bool]],
) -> None:
    """Take messages until one closes the stream: an empty one, or a text that is answered False.

    Audio fails where `route` was asked to, or `listen:audio` for whoever sends it. Who sends
    nothing for `idle_seconds` is cut off; until the first audio, texts do not count.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + idle_seconds
    has_audio = False
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                message = await websocket.receive()
        except TimeoutError:
            raise StreamEnded(INTERNAL, NET_0001) from None
        if not message:
            return
        if isinstance(message, bytes):
            await control.before("listen:audio")
            await control.before(route)
            has_audio = True
            await on_audio(message)
        elif not await on_text(message):
            return
        if has_audio:
            deadline = loop.time() + idle_seconds
