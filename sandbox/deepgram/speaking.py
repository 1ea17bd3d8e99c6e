"""Deepgram's `/v1/speak` over a websocket: Aura voices.

Messages and limits per developers.deepgram.com: streaming-text-to-speech, tts-ws-flush,
tts-ws-clear, tts-ws-close, tts-models and tts-voice-controls. The same path over HTTP, which no
adapter asks, is not built and answers 501.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from quart import Response, websocket
from werkzeug.datastructures import MultiDict

from sandbox.control import Control
from sandbox.deepgram import opening, sockets
from sandbox.deepgram.options import RefusedOptions
from sandbox.deepgram.sockets import DATA_0000, NORMAL, POLICY, StreamEnded
from sandbox.engines.roles import LINE_RATE, SPEECH_RATE, Voices
from sandbox.sound import LineSound

MODEL = re.compile(r"aura(-2)?-([a-z]+)-en$")
ENCODINGS = ("linear16", "mulaw", "alaw")
SLOWEST, FASTEST = 0.7, 1.5
LONGEST_TEXT = 2000  # characters of one message
MOST_FLUSHES, FLUSH_WINDOW = 20, 60.0  # seconds

# Which of the engines' voices, named as OpenAI's are, speaks for an Aura voice.
REGISTERS = {
    "apollo": "cedar",
    "arcas": "cedar",
    "athena": "marin",
    "atlas": "ash",
    "cora": "coral",
    "draco": "ballad",
    "hermes": "ash",
    "luna": "sage",
    "orion": "cedar",
    "thalia": "coral",
    "vesta": "sage",
    "zeus": "ballad",
}


@dataclass(frozen=True, slots=True)
class SpeakOptions:
    """A stream's options."""

    model: str
    name: str  # of the voice
    is_mulaw: bool
    speed: float


@dataclass(slots=True)
class _Stream:
    """One connection: the text that waits for a flush, and what is being spoken."""

    options: SpeakOptions
    request_id: str = field(default_factory=lambda: str(uuid4()))
    waiting: list[str] = field(default_factory=list)
    flushed_at: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_FLUSHES))
    sequence: int = 0
    clears: int = 0

    def metadata(self) -> dict[str, Any]:
        return {
            "type": "Metadata",
            "request_id": self.request_id,
            "model_name": self.options.model,
            "model_version": "sandbox",
            "model_uuid": "ecb76e9d-f2db-4127-8060-79b05590d22f",
        }


def parse_speak_options(query: MultiDict[str, str]) -> SpeakOptions:
    """Read a handshake's query; raise `RefusedOptions` where Deepgram would answer 400."""
    model = query.get("model", "aura-asteria-en")
    named = MODEL.match(model)
    if named is None:
        raise RefusedOptions(400, f"No such model/version combination found: {model}.")
    encoding = query.get("encoding", "linear16")
    if encoding not in ENCODINGS:
        raise RefusedOptions(400, f"Unsupported encoding: {encoding}.")
    rate = query.get("sample_rate", str(SPEECH_RATE if encoding == "linear16" else LINE_RATE))
    if (encoding, rate) not in (("mulaw", str(LINE_RATE)), ("linear16", str(SPEECH_RATE))):
        raise RefusedOptions(501, f"The sandbox does not speak {encoding} at {rate} Hz.")
    return SpeakOptions(model, named[2], encoding == "mulaw", _speed(query.get("speed", "1")))


def _speed(asked: str) -> float:
    try:
        speed = float(asked)
    except ValueError:
        speed = 0.0
    if not SLOWEST <= speed <= FASTEST:
        raise RefusedOptions(400, f"Invalid speed: {asked}. It must be {SLOWEST} to {FASTEST}.")
    return speed


async def speak(control: Control, voices: Voices) -> Any:
    """Serve one stream, or return the answer that refuses it."""
    options = opening.asked_for(parse_speak_options)
    if isinstance(options, Response):
        return options
    stream = _Stream(options)
    await sockets.accept(stream.request_id)
    async with sockets.closing_as_deepgram_does():
        await _serve(stream, control, voices)
    return None


async def _serve(stream: _Stream, control: Control, voices: Voices) -> None:
    """Take messages while speaking what was flushed, one flush after the other."""
    flushed: asyncio.Queue[str] = asyncio.Queue()
    await _send(stream.metadata())
    receiving = asyncio.ensure_future(_receive(stream, flushed))
    speaking: asyncio.Future[None] | None = None
    try:
        while True:
            asked = asyncio.ensure_future(flushed.get())
            await asyncio.wait({receiving, asked}, return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                asked.cancel()
                receiving.result()
            speaking = asyncio.ensure_future(_speak(stream, asked.result(), control, voices))
            await asyncio.wait({receiving, speaking}, return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                receiving.result()
            await speaking
    finally:
        for task in (receiving, speaking):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task


async def _receive(stream: _Stream, flushed: asyncio.Queue[str]) -> None:
    while True:
        kind, body = opening.read(await websocket.receive())
        match kind:
            case "Speak":
                await _take_text(stream, body.get("text"))
            case "Flush":
                await _flush(stream, flushed)
            case "Clear":
                while not flushed.empty():
                    flushed.get_nowait()
                stream.waiting.clear()
                stream.clears += 1
                await _send({"type": "Cleared", "sequence_id": stream.sequence})
            case "Close":
                raise StreamEnded(NORMAL, "")
            case _:
                raise StreamEnded(POLICY, DATA_0000)


async def _take_text(stream: _Stream, text: Any) -> None:
    if not isinstance(text, str):
        raise StreamEnded(POLICY, DATA_0000)
    if len(text) > LONGEST_TEXT:
        await _warn("The text is longer than 2000 characters.", "TEXT_LENGTH_LIMIT_EXCEEDED")
        return
    stream.waiting.append(text)


async def _flush(stream: _Stream, flushed: asyncio.Queue[str]) -> None:
    now = asyncio.get_running_loop().time()
    times = stream.flushed_at
    if len(times) == MOST_FLUSHES and now - times[0] < FLUSH_WINDOW:
        await _warn("No more flushes can be processed yet.", "EXCESSIVE_FLUSH")
        return
    times.append(now)
    text, stream.waiting = "".join(stream.waiting), []
    flushed.put_nowait(text)


async def _speak(stream: _Stream, text: str, control: Control, voices: Voices) -> None:
    await control.before("speak:flush")
    options, clears = stream.options, stream.clears
    line = LineSound() if options.is_mulaw else None
    register = REGISTERS.get(options.name, "alloy")
    async with aclosing(voices.speak(text, voice=register, speed=options.speed)) as sound:
        async for pcm in sound:
            await control.before("speak:audio")
            if stream.clears != clears:
                return
            if audio := line.feed(pcm) if line else pcm:
                await websocket.send(audio)
    if line and (audio := line.feed(b"", is_last=True)):
        await websocket.send(audio)
    await _send({"type": "Flushed", "sequence_id": stream.sequence})
    stream.sequence += 1


async def _warn(description: str, code: str) -> None:
    await _send({"type": "Warning", "description": description, "code": code})


async def _send(message: dict[str, Any]) -> None:
    await websocket.send(json.dumps(message))
