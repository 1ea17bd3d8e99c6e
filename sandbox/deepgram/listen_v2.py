"""`/v2/listen`, where Flux listens.

Handshake and messages follow developers.deepgram.com: reference/speech-to-text/listen-flux,
docs/flux/configure, docs/flux/force-end-turn and docs/flux/close-stream. There is no KeepAlive and
no Finalize here; like all that can't be read, they end the stream.
"""

from __future__ import annotations

import json
from typing import Any

from quart import Response, websocket

from sandbox.control import Control
from sandbox.deepgram import opening, sockets
from sandbox.deepgram.flux_hearing import FluxHearing
from sandbox.deepgram.flux_messages import FluxStream
from sandbox.deepgram.flux_options import parse_flux_options
from sandbox.deepgram.sockets import NORMAL, POLICY, StreamEnded
from sandbox.engines.roles import Recogniser

UNPARSABLE = "UNPARSABLE_CLIENT_MESSAGE"
NOT_A_MESSAGE = "Text message received from client did not match any of the formats we expect."


async def listen(
    control: Control, recogniser: Recogniser, *, idle_seconds: float, latency: float
) -> Any:
    """Serve one stream, or return the answer that refuses it."""
    options = opening.asked_for(parse_flux_options)
    if isinstance(options, Response):
        return options
    stream = FluxStream()
    await sockets.accept(stream.request_id)
    hearing = FluxHearing(recogniser.listen(), options, stream, sockets.sender(control), latency)

    async def take_audio(audio: bytes) -> None:
        hearing.feed(audio)

    async def receive() -> None:
        await sockets.take_messages(
            control,
            "listen:v2:audio",
            idle_seconds=idle_seconds,
            on_audio=take_audio,
            on_text=lambda text: _obey(text, hearing, stream),
        )
        hearing.close()

    async with sockets.closing_as_deepgram_does():
        await sockets.run_stream(hearing.run(), receive())
        await websocket.close(NORMAL, "")  # Flux gives no code; one can't be left out here
    return None


async def _obey(message: str, hearing: FluxHearing, stream: FluxStream) -> bool:
    """Carry out a text message; return False where it ends the stream."""
    kind, body = opening.read(message)
    match kind:
        case "Configure":
            hearing.configure(body)
            return True
        case "ForceEndTurn":
            hearing.force_end_turn()
            return True
        case "CloseStream":
            return False
        case _:
            await websocket.send(json.dumps(stream.error(UNPARSABLE, NOT_A_MESSAGE)))
            raise StreamEnded(POLICY, NOT_A_MESSAGE)
