"""OpenAI's chat completions, speech, Realtime voices and models on loopback.

Per platform.openai.com/docs/api-reference: chat, audio/createSpeech, models, streaming events.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from quart import Quart, Response, request, stream_with_context, websocket

from sandbox.config import SandboxConfig
from sandbox.control import (
    Control,
    InjectedDisconnect,
    InjectedStatus,
    abort_connection,
    install_control,
)
from sandbox.engines.roles import (
    SPEECH_RATE,
    ChatModel,
    Engines,
    EngineUnavailable,
    Voices,
    Written,
)
from sandbox.engines.script_model import ScriptModel
from sandbox.engines.script_voices import ScriptVoices
from sandbox.openai.catalogue import model_list, model_object
from sandbox.openai.completions import DONE, Completion, sse
from sandbox.openai.realtime import Rewordings, install_realtime
from sandbox.openai.requests import (
    RefusedRequest,
    error_body,
    parse_chat,
    parse_speech,
)

NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header "
    "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
)
PATIENCE = 3.0  # seconds without a word until a stream is opened all the same
CONTENT_TYPES = {"pcm": "audio/pcm", "wav": "audio/wav"}


def create_app(
    config: SandboxConfig,  # noqa: ARG001 - every server of the sandbox is built the same way
    engines: Engines | None = None,
) -> Quart:
    """Build the server; without engines it replies by script and speaks in tones."""
    app = Quart(__name__)
    script_model, script_voices = ScriptModel(), ScriptVoices()
    rewordings = Rewordings()
    model: ChatModel = engines.model if engines else script_model
    voices: Voices = engines.voices if engines else script_voices

    def take_script(body: dict[str, Any]) -> None:
        if engines and body.keys() - {"rewordings"}:
            message = "engines take no script but rewordings"
            raise ValueError(message)
        rewordings.take(body)
        if engines:
            return
        if "replies" in body:
            script_model.take(body)
        script_voices.first_byte_seconds = float(body.get("speech_first_byte_ms", 0)) / 1000

    def forget_script() -> None:
        script_model.forget()
        rewordings.forget()
        script_voices.first_byte_seconds = 0.0

    control = Control(
        "chat",
        "chat:chunk",
        "speech",
        "speech:chunk",
        "models",
        "realtime",
        "realtime:response",
        "realtime:audio",
        on_reset=forget_script,
        on_script=take_script,
        is_ready=engines.is_ready if engines else lambda: True,
        error_body=lambda status, sentence: (error_body(status, sentence), status),
    )
    install_control(app, control)
    _install_errors(app)
    _install_models(app, control)
    _install_chat(app, control, model)
    _install_speech(app, control, voices)
    install_realtime(app, control, voices, rewordings, _refuse_without_key)

    @app.post("/_control/warm")
    async def warm() -> Any:
        """Have personas' system prompts read before anybody calls: `{"prefixes": [text, …]}`."""
        body = await request.get_json(force=True)
        if engines and engines.warm:
            engines.warm([str(prefix) for prefix in body["prefixes"]])
        return {"status": "warming"}

    return app


def _install_errors(app: Quart) -> None:
    @app.before_request
    async def want_key() -> Any:
        if not request.path.startswith("/v1/"):
            return None
        return None if _has_key(request.headers) else (error_body(401, NO_KEY), 401)

    @app.after_request
    async def add_request_id(response: Any) -> Any:
        response.headers["x-request-id"] = f"req_{uuid4().hex}"
        return response

    @app.errorhandler(RefusedRequest)
    async def refuse(error: RefusedRequest) -> Any:
        return error_body(
            error.status, str(error), param=error.param, code=error.code
        ), error.status

    @app.errorhandler(EngineUnavailable)
    async def unavailable(error: EngineUnavailable) -> Any:
        return error_body(503, f"The engine is not there just now: {error}"), 503


def _has_key(headers: Any) -> bool:
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    return scheme == "Bearer" and bool(key.strip())


def _refuse_without_key() -> Any:
    """Answer a websocket's handshake that brings no key; None where it may go on."""
    if _has_key(websocket.headers):
        return None
    return Response(json.dumps(error_body(401, NO_KEY)), 401, content_type="application/json")


def _install_models(app: Quart, control: Control) -> None:
    @app.get("/v1/models")
    async def models() -> Any:
        await control.before("models")
        return model_list()

    @app.get("/v1/models/<name>")
    async def one_model(name: str) -> Any:
        await control.before("models")
        found = model_object(name)
        if found is None:
            raise RefusedRequest(
                404, f"The model '{name}' does not exist", param="model", code="model_not_found"
            )
        return found


def _install_chat(app: Quart, control: Control, model: ChatModel) -> None:
    @app.post("/v1/chat/completions")
    async def chat() -> Any:
        await control.before("chat")
        wanted, stream = parse_chat(await request.get_json(force=True, silent=True))
        completion = Completion(wanted.model, stream.has_usage)
        if not stream.is_streamed:
            return await completion.whole(model.reply(wanted))
        written = model.reply(wanted)
        first = asyncio.ensure_future(anext(written))
        try:  # what fails soon has a status of its own
            await asyncio.wait([first], timeout=PATIENCE)
            if first.done():
                first.result()
        except BaseException:
            await _drop(first, written)
            raise
        return _streamed(
            _events(completion, first, written, control), "text/event-stream; charset=utf-8"
        )


def _install_speech(app: Quart, control: Control, voices: Voices) -> None:
    @app.post("/v1/audio/speech")
    async def speech() -> Any:
        await control.before("speech")
        wanted = parse_speech(await request.get_json(force=True, silent=True))
        audio = voices.speak(wanted.text, voice=wanted.voice, speed=wanted.speed)
        first = await anext(audio, b"")
        header = _wav_header() if wanted.response_format == "wav" else b""
        return _streamed(
            _audio(header + first, audio, control), CONTENT_TYPES[wanted.response_format]
        )


async def _events(
    completion: Completion,
    first: asyncio.Future[Written],
    written: AsyncGenerator[Written],
    control: Control,
) -> AsyncGenerator[str]:
    try:
        while not (await asyncio.wait([first], timeout=PATIENCE))[0]:
            yield ": a local model reads slowly\n\n"  # a comment keeps a client's read alive
        yield sse(completion.opening(first.result()))
        for chunk in completion.chunks(first.result()):
            yield sse(chunk)
        async for piece in written:
            await control.before("chat:chunk")
            for chunk in completion.chunks(piece):
                yield sse(chunk)
        yield DONE
    except (EngineUnavailable, InjectedStatus) as error:
        yield sse(error_body(500, str(error)))
    finally:
        await _drop(first, written)


async def _drop(first: asyncio.Future[Written], written: AsyncGenerator[Written]) -> None:
    """Stop the model's work: a generator can't be closed while somebody waits for it."""
    first.cancel()
    await asyncio.wait([first])
    if not first.cancelled():
        first.exception()  # it has been told, or nobody is left to be told
    await written.aclose()


async def _audio(
    first: bytes, rest: AsyncGenerator[bytes], control: Control
) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        yield first
        try:
            async for piece in rest:
                await control.before("speech:chunk")
                yield piece
        except (EngineUnavailable, InjectedStatus):
            raise InjectedDisconnect from None  # audio has no way to say that it failed


def _streamed(body: AsyncGenerator[Any], content_type: str) -> Response:
    """Answer with a stream; a disconnect that was asked for cuts the connection."""

    @stream_with_context
    async def until_cut() -> AsyncIterator[Any]:
        async with aclosing(body):
            try:
                async for piece in body:
                    yield piece
            except InjectedDisconnect:
                abort_connection()

    stream: Callable[[], Any] = until_cut
    return Response(stream(), content_type=content_type)


def _wav_header() -> bytes:
    """Return the header of a stream whose length nobody knows yet."""
    unknown = b"\xff\xff\xff\xff"
    rate, block = SPEECH_RATE.to_bytes(4, "little"), (2).to_bytes(2, "little")
    return (
        b"RIFF"
        + unknown
        + b"WAVEfmt \x10\0\0\0\1\0\1\0"
        + rate
        + (2 * SPEECH_RATE).to_bytes(4, "little")
        + block
        + b"\x10\0data"
        + unknown
    )
