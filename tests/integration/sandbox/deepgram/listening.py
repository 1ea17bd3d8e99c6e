"""A sandbox's Deepgram and a client that listens: the vendor's own, or a bare one for the edges."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from deepgram.transport import install_transport, restore_transport
from websockets.asyncio.client import ClientConnection, connect

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app
from sandbox.engines.mulaw import SILENCE
from sandbox.serving import serving
from voice.adapters.deepgram_wire import make_wire

KEY = {"Authorization": "Token sandbox"}


def silence(seconds: float) -> bytes:
    return bytes([SILENCE]) * round(8000 * seconds)


@asynccontextmanager
async def deepgram(**options: Any) -> AsyncIterator[str]:
    """Serve and return the address for websockets."""
    async with serving(create_app(SandboxConfig(script=True), **options)) as base:
        yield base.replace("http", "ws")


@asynccontextmanager
async def listening(path: str, **options: Any) -> AsyncIterator[ClientConnection]:
    async with deepgram(**options) as base, connect(f"{base}{path}", additional_headers=KEY) as it:
        yield it


@asynccontextmanager
async def failing(path: str, failure: dict[str, Any]) -> AsyncIterator[ClientConnection]:
    """Listen where the third message of audio fails."""
    app = create_app(SandboxConfig(script=True))
    async with serving(app) as base:
        told = {"route": "listen:audio", "after": 3, **failure}
        await app.test_client().post("/_control/fail_next", json=told)
        async with connect(f"{base.replace('http', 'ws')}{path}", additional_headers=KEY) as socket:
            yield socket


@asynccontextmanager
async def vendors_client() -> AsyncIterator[AsyncDeepgramClient]:
    async with deepgram() as ws:
        with vendors_client_of(ws.replace("ws", "http", 1)) as client:
            yield client


@contextmanager
def vendors_client_of(base: str) -> Iterator[AsyncDeepgramClient]:
    """Yield the SDK's client of a server, on the SDK's own websocket.

    The voice service gives the SDK another one, which holds for the whole process.
    """
    ws = base.replace("http", "ws", 1)
    environment = DeepgramClientEnvironment(base=base, production=ws, agent=ws, agent_rest=base)
    restore_transport()
    try:
        yield AsyncDeepgramClient(api_key="sandbox", environment=environment)
    finally:
        install_transport(async_factory=make_wire)


async def say(socket: ClientConnection, audio: bytes, chunk: int) -> None:
    for at in range(0, len(audio), chunk):
        await socket.send(audio[at : at + chunk])
