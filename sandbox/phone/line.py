"""The phone's end of a line of the sandbox's Twilio: sound both ways in real time, and events."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sandbox.phone.listening import FRAME_SECONDS, frames, is_audible

SILENT_FRAME = b"\xff" * 160


class NoExchange(Exception):
    """The call could not be placed; the text says why, for the person at the keyboard."""


@dataclass(slots=True)
class Utterance:
    """What the caller says, and when it could be heard."""

    waiting: deque[bytes]
    last_audible: int  # index of the last frame that can be heard
    sent: int = 0
    began_at: float | None = None
    ended_at: float | None = None
    is_said: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, audio: bytes) -> Utterance:
        """Cut audio into frames."""
        cut = list(frames(audio)) or [SILENT_FRAME]
        audible = [index for index, frame in enumerate(cut) if is_audible(frame)]
        return cls(deque(cut), audible[-1] if audible else len(cut) - 1)


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """What the sandbox's Twilio tells a phone."""

    number: str
    is_scripted: bool
    openai_url: str
    deepgram_url: str


async def settings_of(http: aiohttp.ClientSession, twilio_url: str) -> ExchangeSettings:
    """Ask the exchange; raise `NoExchange` where there is none."""
    try:
        async with http.get(f"{twilio_url}/_phone") as answer:
            answer.raise_for_status()
            told = await answer.json()
    except aiohttp.ClientError as error:
        message = f"no sandbox answers at {twilio_url}: start it with `make run` and try again"
        raise NoExchange(message) from error
    return ExchangeSettings(
        told["number"], told["script"], told["openai_url"], told["deepgram_url"]
    )


class Line:
    """One call's line."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        *,
        on_frame: Callable[[bytes, float], None],
        on_event: Callable[[dict[str, Any], float], None],
    ) -> None:
        self._socket = socket
        self._on_frame = on_frame
        self._on_event = on_event
        self._speaking: Utterance | None = None

    async def say(self, audio: bytes) -> Utterance:
        """Say it, in real time; return when it has been said."""
        utterance = self._speaking = Utterance.of(audio)
        await utterance.is_said.wait()
        return utterance

    async def press(self, digit: str) -> None:
        """Press a key."""
        await self._send({"event": "dtmf", "digit": digit})

    async def hang_up(self) -> None:
        """Put the receiver down."""
        await self._send({"event": "hang_up"})

    async def receive(self) -> None:
        """Hand over what comes, until the line is dead."""
        now = asyncio.get_running_loop().time
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self._on_frame(message.data, now())
            elif message.type is aiohttp.WSMsgType.TEXT:
                self._on_event(json.loads(message.data), now())

    async def transmit(self) -> None:
        """Send a frame every 20 ms on an absolute schedule, until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._socket.closed:
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))
            try:
                await self._socket.send_bytes(self._next_frame(loop.time()))
            except (ConnectionError, aiohttp.ClientError):
                return

    def _next_frame(self, now: float) -> bytes:
        utterance = self._speaking
        if utterance is None:
            return SILENT_FRAME
        frame = utterance.waiting.popleft()
        if utterance.began_at is None and is_audible(frame):
            utterance.began_at = now
        if utterance.sent == utterance.last_audible:
            utterance.ended_at = now + FRAME_SECONDS
        utterance.sent += 1
        if not utterance.waiting:
            self._speaking = None
            utterance.is_said.set()
        return frame

    async def _send(self, event: dict[str, Any]) -> None:
        if not self._socket.closed:
            await self._socket.send_json(event)


async def place(
    http: aiohttp.ClientSession, twilio_url: str, order: dict[str, Any]
) -> tuple[str, aiohttp.ClientWebSocketResponse]:
    """Place a call and take its line; raise `NoExchange` where that can't be done."""
    try:
        async with http.post(f"{twilio_url}/_phone/calls", json=order) as answer:
            told = await answer.json(content_type=None)
            if answer.status != 201:  # noqa: PLR2004 - created
                raise NoExchange(told.get("error") or told.get("message") or str(told))
        call_sid = told["call_sid"]
        socket = await http.ws_connect(f"{twilio_url}/_phone/calls/{call_sid}/line", max_msg_size=0)
    except (aiohttp.ClientError, ValueError) as error:
        message = f"the sandbox at {twilio_url} did not take the call: {error}"
        raise NoExchange(message) from error
    return call_sid, socket
