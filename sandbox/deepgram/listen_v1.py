"""`/v1/listen`, where Nova listens.

Handshake and messages follow developers.deepgram.com: listen-streaming reference, finalize,
close-stream, configure.
"""

from __future__ import annotations

import json
from typing import Any

from quart import Response, websocket

from sandbox.control import Control
from sandbox.deepgram import opening, sockets
from sandbox.deepgram.hearing import Hearing
from sandbox.deepgram.messages import Stream, error
from sandbox.deepgram.options import MOST_KEY_TERMS, parse_options
from sandbox.deepgram.sockets import DATA_0000, NORMAL, POLICY, StreamEnded
from sandbox.engines.roles import LINE_RATE, Recogniser

LONGEST_MESSAGE = LINE_RATE // 4  # bytes: 250 ms
TOO_LONG = "DATA-0000: more than 250 ms of audio in one message"


async def listen(
    control: Control, recogniser: Recogniser, *, idle_seconds: float, latency: float
) -> Any:
    """Serve one stream, or return the answer that refuses it."""
    options = opening.asked_for(parse_options)
    if isinstance(options, Response):
        return options
    stream = Stream(options.model, options.is_formatted)
    await sockets.accept(stream.request_id)
    hearing = Hearing(recogniser.listen(), options, stream, sockets.sender(control), latency)

    async def take_audio(audio: bytes) -> None:
        if len(audio) > LONGEST_MESSAGE:
            raise StreamEnded(POLICY, TOO_LONG)
        await hearing.feed(audio)

    async def receive() -> None:
        await sockets.take_messages(
            control,
            "listen:v1:audio",
            idle_seconds=idle_seconds,
            on_audio=take_audio,
            on_text=lambda text: _obey(text, hearing, stream),
        )
        await hearing.close()

    async with sockets.closing_as_deepgram_does():
        await sockets.run_stream(hearing.run(), receive())
        await websocket.send(json.dumps(stream.metadata(hearing.samples)))
        await websocket.close(NORMAL, "")
    return None


async def _obey(message: str, hearing: Hearing, stream: Stream) -> bool:
    """Carry out a text message; return False where it ends the stream."""
    kind, body = opening.read(message)
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
            raise StreamEnded(POLICY, DATA_0000)


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
