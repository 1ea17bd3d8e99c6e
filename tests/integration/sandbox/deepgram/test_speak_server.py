"""`/v1/speak` over real sockets, with the vendor's own client and with a bare one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from deepgram import AsyncDeepgramClient
from deepgram.speak.v1.types.speak_v1text import SpeakV1Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app
from sandbox.engines.tones import ToneListener
from tests.contract.deepgram_sandbox import deepgram_sandbox
from tests.integration.sandbox.deepgram.listening import vendors_client_of

pytestmark = pytest.mark.filterwarnings(
    "ignore:websockets.*is deprecated:DeprecationWarning",  # deepgram-sdk imports it
)
WIRE: dict[str, Any] = json.loads(Path("tests/wire/deepgram/speak_v1.json").read_text())
OPTIONS = "model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000"


@asynccontextmanager
async def speaking(options: str = OPTIONS, key: str = "Token k") -> AsyncIterator[ClientConnection]:
    async with (
        deepgram_sandbox() as server,
        asyncio.timeout(10),
        connect(
            f"{server.url.replace('http', 'ws')}/v1/speak?{options}",
            additional_headers={"Authorization": key},
        ) as socket,
    ):
        yield socket


async def tell(socket: ClientConnection, *kinds: str, text: str = "") -> None:
    for kind in kinds:
        await socket.send(json.dumps({"type": kind} | ({"text": text} if text else {})))


async def until(socket: ClientConnection, kind: str) -> tuple[bytes, dict[str, Any]]:
    """Return the sound before a message of this kind, and the message."""
    audio = b""
    while True:
        message = await socket.recv()
        if isinstance(message, bytes):
            audio += message
        elif (body := json.loads(message))["type"] == kind:
            return audio, body


def words(audio: bytes) -> str:
    listener = ToneListener()
    listener.feed(audio)
    return listener.text.strip()


async def test_the_vendors_client_hears_what_was_flushed() -> None:
    async with deepgram_sandbox() as server:
        with vendors_client_of(server.url) as client:
            audio, kinds = await spoken_to(client)

    assert (words(audio), kinds) == ("hello there.", ["Metadata", "Flushed"])


async def spoken_to(client: AsyncDeepgramClient) -> tuple[bytes, list[str]]:
    audio, kinds = b"", []
    async with client.speak.v1.connect(
        model="aura-2-thalia-en", encoding="mulaw", sample_rate="8000"
    ) as socket:
        await socket.send_text(SpeakV1Text(type="Speak", text="hello "))
        await socket.send_text(SpeakV1Text(type="Speak", text="there."))
        await socket.send_flush()
        async for message in socket:
            if isinstance(message, bytes):
                audio += message
            else:
                kinds.append(message.type)
                if message.type == "Flushed":
                    await socket.send_close()
    return audio, kinds


async def test_messages_have_the_documented_shape() -> None:
    async with speaking() as socket:
        _, metadata = await until(socket, "Metadata")
        await tell(socket, "Speak", text="hi.")
        await tell(socket, "Flush")
        _, flushed = await until(socket, "Flushed")
        await tell(socket, "Clear")
        _, cleared = await until(socket, "Cleared")

    assert metadata.keys() == WIRE["metadata"].keys()
    assert (flushed, cleared) == (WIRE["flushed"], WIRE["cleared"] | {"sequence_id": 1})


async def test_clear_drops_what_waits_and_what_is_being_spoken() -> None:
    async with speaking() as socket:
        await tell(socket, "Speak", text="a very long story " * 100)
        await tell(socket, "Flush")
        while not isinstance(await socket.recv(), bytes):
            pass
        await tell(socket, "Clear", "Speak", text="something else.")
        await tell(socket, "Flush")
        await until(socket, "Cleared")
        audio, flushed = await until(socket, "Flushed")

    assert words(audio).endswith("something else.")
    assert len(words(audio)) < 200
    assert flushed["sequence_id"] == 0


async def test_more_flushes_than_allowed_are_warned_of() -> None:
    async with speaking() as socket:
        await tell(socket, *["Flush"] * 21)
        _, warning = await until(socket, "Warning")

    assert warning.keys() == WIRE["warning"].keys()
    assert warning["code"] == WIRE["warning"]["code"]


async def test_a_text_that_is_too_long_is_warned_of_and_not_spoken() -> None:
    async with speaking() as socket:
        await tell(socket, "Speak", text="x" * 2001)
        _, warning = await until(socket, "Warning")
        await tell(socket, "Flush")
        audio, _ = await until(socket, "Flushed")

    assert (warning["code"], audio) == ("TEXT_LENGTH_LIMIT_EXCEEDED", b"")


@pytest.mark.parametrize("message", ["not json", '{"no": "type"}', '{"type": "Sing"}'])
async def test_what_is_no_message_ends_the_stream(message: str) -> None:
    async with speaking() as socket:
        await socket.send(message)
        with pytest.raises(ConnectionClosed) as caught:
            await until(socket, "Flushed")

    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008


@pytest.mark.parametrize(
    ("options", "key", "status"),
    [
        (OPTIONS, "", 401),
        (OPTIONS.replace("thalia-en", "thalia"), "Token k", 400),
        (OPTIONS.replace("mulaw", "mp3"), "Token k", 400),
        (OPTIONS.replace("mulaw", "alaw"), "Token k", 501),
        (f"{OPTIONS}&speed=3", "Token k", 400),
    ],
)
async def test_a_handshake_that_can_not_be_met_is_refused(
    options: str, key: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with speaking(options, key):
            pass

    assert caught.value.response.status_code == status


@pytest.mark.parametrize("path", ["/v1/speak", "/v1/listen"])
async def test_requests_without_a_socket_are_not_built(path: str) -> None:
    client = create_app(SandboxConfig(script=True)).test_client()

    answer = await client.post(path, json={"text": "hello"})

    assert (answer.status_code, (await answer.get_json())["err_msg"]) == (
        501,
        f"The sandbox has not built POST {path}.",
    )
