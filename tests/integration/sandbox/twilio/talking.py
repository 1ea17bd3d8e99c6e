"""A product that talks in tones, and everything a phone needs to call it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from quart import websocket

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app as create_deepgram
from sandbox.engines.tones import ToneListener, tones_from_text
from sandbox.openai.app import create_app as create_openai
from sandbox.serving import serving
from sandbox.twilio.app import create_app as create_twilio
from tests.integration.sandbox.twilio.exchange import Product, ProductStream

STREAM = '<Response><Connect><Stream url="WS/media"/></Connect></Response>'
NOTICE = "I am an AI."
MENU = "Press a key. One is Lisa."
SILENCE_FRAMES = 15  # 0.3 s of silence end the caller's turn


@dataclass
class Buddy:
    """What a script for the product's side can do."""

    stream: ProductStream
    heard: list[str] = field(default_factory=list)
    digits: list[str] = field(default_factory=list)
    _marks: int = 0

    async def say(self, text: str) -> None:
        """Say it and wait until it was played."""
        name = await self.begin(text)
        while (await self._next()).get("mark", {}).get("name") != name:
            pass

    async def begin(self, text: str) -> str:
        """Say it; return the mark behind it."""
        self._marks += 1
        await self.stream.play(tones_from_text(text))
        await self.stream.mark(f"m{self._marks}")
        return f"m{self._marks}"

    async def clear(self) -> None:
        await self.stream.send("clear")

    async def listen(self) -> str:
        """Return what the caller says next, in tones."""
        listener, silent = ToneListener(), 0
        while not listener.text or silent < SILENCE_FRAMES:
            message = await self._next()
            if message["event"] != "media":
                continue
            frame = base64.b64decode(message["media"]["payload"])
            silent = silent + 1 if frame == b"\xff" * 160 else 0
            listener.feed(frame)
        self.heard.append(listener.text)
        return listener.text

    async def until_voice(self) -> None:
        """Wait until the caller makes a sound."""
        while True:
            message = await self._next()
            if message["event"] == "media":
                frame = base64.b64decode(message["media"]["payload"])
                if frame != b"\xff" * 160:
                    return

    async def until_key(self) -> str:
        """Wait for a key."""
        while not self.digits:
            await self._next()
        return self.digits.pop(0)

    async def _next(self) -> dict[str, Any]:
        message = json.loads(await asyncio.wait_for(websocket.receive(), 20))
        if message["event"] == "dtmf":
            self.digits.append(message["dtmf"]["digit"])
        if message["event"] == "stop":
            raise asyncio.CancelledError
        return dict(message)


Script = Callable[[Buddy], Awaitable[None]]


@asynccontextmanager
async def sandbox_with(script: Script) -> AsyncIterator[str]:
    """Serve a product with this script behind a whole scripted sandbox; yield Twilio's URL."""
    product = Product()

    async def talk(stream: ProductStream) -> None:
        await script(Buddy(stream))

    product.on_stream = talk
    product.twiml["/voice"] = STREAM
    config = SandboxConfig(script=True)
    async with (
        serving(product.app) as product.url,
        serving(create_deepgram(config)) as deepgram_url,
        serving(create_openai(config)) as openai_url,
    ):
        config = config.with_options(
            deepgram_url=deepgram_url,
            openai_url=openai_url,
            voice_url=f"{product.url}/voice",
            status_callback_url=f"{product.url}/status",
        )
        async with serving(create_twilio(config)) as url:
            yield url
