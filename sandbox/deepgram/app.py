"""Deepgram's `/v1/listen` on loopback.

Handshake, messages and close codes follow developers.deepgram.com: listen-streaming reference,
audio-keep-alive, finalize, close-stream, and "Troubleshooting WebSocket, NET, and DATA Errors".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any
from uuid import uuid4

from quart import Quart, Response, websocket

from sandbox.config import SandboxConfig
from sandbox.control import (
    Control,
    InjectedDisconnect,
    InjectedStatus,
    abort_connection,
    install_control,
)
from sandbox.deepgram.hearing import Hearing
from sandbox.deepgram.messages import Stream, error
from sandbox.deepgram.options import MOST_KEY_TERMS, RefusedOptions, parse_options
from sandbox.engines.roles import LINE_RATE, Engines, EngineUnavailable, Recogniser
from sandbox.engines.script_ear import ScriptRecogniser

IDLE_SECONDS = 10.0
LONGEST_MESSAGE = LINE_RATE // 4  # bytes: 250 ms
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
TOO_LONG = "DATA-0000: more than 250 ms of audio in one message"


class _Ended(Exception):
    """The stream is over with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def create_app(
    config: SandboxConfig,  # noqa: ARG001 - every server of the sandbox is built the same way
    engines: Engines | None = None,
    *,
    idle_seconds: float = IDLE_SECONDS,
) -> Quart:
    """Build the server; without engines it hears tones."""
    app = Quart(__name__)
    recogniser: Recogniser = engines.recogniser if engines else ScriptRecogniser()
    is_ready = engines.is_ready if engines else lambda: True
    latency = 0.0

    def take_script(body: dict[str, Any]) -> None:
        nonlocal latency
        latency = float(body["latency_ms"]) / 1000

    def forget_script() -> None:
        nonlocal latency
        latency = 0.0

    control = Control(
        "listen",
        "listen:audio",
        "listen:results",
        on_reset=forget_script,
        on_script=take_script,
        is_ready=is_ready,
        error_body=_error_body,
    )
    install_control(app, control)
    app.asgi_app = _KeepsEmptyMessages(app.asgi_app)  # type: ignore[method-assign]

    @app.websocket("/v1/listen")
    async def listen() -> Any:
        await control.before("listen")
        if not _has_key():
            return _refusal(401, "Invalid credentials.", "INVALID_AUTH")
        try:
            options = parse_options(websocket.args)
        except RefusedOptions as refused:
            return _refusal(refused.status, str(refused))
        stream = Stream(options.model, options.is_formatted)
        await websocket.accept(
            headers={"dg-request-id": stream.request_id},
            subprotocol="token" if websocket.requested_subprotocols else None,
        )

        async def send(message: dict[str, Any]) -> None:
            await control.before("listen:results")
            await websocket.send(json.dumps(message))

        hearing = Hearing(recogniser.listen(), options, stream, send, latency)
        try:
            await _serve(hearing, stream, control, idle_seconds)
        except _Ended as ended:
            await websocket.close(ended.code, ended.reason)
        except (EngineUnavailable, InjectedStatus):
            await websocket.close(INTERNAL, NET_0000)
        except InjectedDisconnect:
            abort_connection()
        return None

    return app


class _KeepsEmptyMessages:
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


async def _serve(hearing: Hearing, stream: Stream, control: Control, idle_seconds: float) -> None:
    """Run a stream until it ends; raise why it did."""
    results = asyncio.create_task(hearing.run())
    receiving = asyncio.create_task(_receive(hearing, stream, control, idle_seconds))
    try:
        await asyncio.wait((results, receiving), return_when=asyncio.FIRST_COMPLETED)
        if results.done():
            results.result()
        await receiving
        await results
    finally:
        for task in (results, receiving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
    await websocket.send(json.dumps(stream.metadata(hearing.samples)))
    raise _Ended(NORMAL, "")


async def _receive(hearing: Hearing, stream: Stream, control: Control, idle_seconds: float) -> None:
    """Take messages until `CloseStream`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + idle_seconds
    has_audio = False
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                message = await websocket.receive()
        except TimeoutError:
            raise _Ended(INTERNAL, NET_0001) from None
        if not message:  # Deepgram takes it for `CloseStream`
            break
        if isinstance(message, bytes):
            await control.before("listen:audio")
            if len(message) > LONGEST_MESSAGE:
                raise _Ended(POLICY, TOO_LONG)
            has_audio = True
            await hearing.feed(message)
        elif not await _obey(message, hearing, stream):
            break
        if has_audio:  # until then, KeepAlive keeps nothing alive
            deadline = loop.time() + idle_seconds
    await hearing.close()


async def _obey(message: str, hearing: Hearing, stream: Stream) -> bool:
    """Carry out a text message; return False where it ends the stream."""
    try:
        body = json.loads(message)
        kind = body["type"]
    except (ValueError, TypeError, KeyError):
        kind = body = None
    match kind:
        case "KeepAlive":
            return True
        case "Finalize":
            await hearing.finalize()
            return True
        case "CloseStream":
            return False
        case "Configure":
            await websocket.send(json.dumps(_configure(body, hearing, stream)))
            return True
        case _:
            await websocket.send(json.dumps(error("UnparsableClientMessage", DATA_0000)))
            raise _Ended(POLICY, DATA_0000)


def _configure(body: dict[str, Any], hearing: Hearing, stream: Stream) -> dict[str, Any]:
    terms = body.get("keyterms")
    if terms is None:
        return stream.configured(hearing.key_terms)
    if not stream.model.startswith("nova-3"):
        return stream.not_configured(
            "CONFIGURE_KEYTERMS_NOT_SUPPORTED", "Only Nova-3 models take keyterms."
        )
    if sum(len(str(term).split()) for term in terms) > MOST_KEY_TERMS:
        return stream.not_configured(
            "CONFIGURE_KEYTERM_LIMIT_EXCEEDED", "The keyterms exceed 500 tokens."
        )
    hearing.key_terms = tuple(str(term) for term in terms)
    return stream.configured(hearing.key_terms)


def _has_key() -> bool:
    """Take any key: `Authorization: Token …` or `Bearer …`, or `token, …` as subprotocols."""
    scheme, _, key = websocket.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in ("token", "bearer") and key.strip():
        return True
    return len(websocket.requested_subprotocols) > 1


def _refusal(status: int, sentence: str, code: str | None = None) -> Response:
    body, _ = _error_body(status, sentence, code)
    headers = {"dg-request-id": body["request_id"], "dg-error": sentence}
    return Response(
        json.dumps(body), status=status, headers=headers, content_type="application/json"
    )


def _error_body(status: int, sentence: str, code: str | None = None) -> tuple[dict[str, Any], int]:
    codes = {400: "Bad Request", 401: "INVALID_AUTH", 429: "TOO_MANY_REQUESTS"}
    body = {
        "err_code": code or codes.get(status, "INTERNAL_SERVER_ERROR"),
        "err_msg": sentence,
        "request_id": str(uuid4()),
    }
    return body, status
