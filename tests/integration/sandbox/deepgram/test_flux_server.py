"""`/v2/listen` over real sockets: with the vendor's own client, and with a bare one for the edges."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app
from sandbox.engines.tones import tones_from_text
from sandbox.serving import serving
from tests.integration.sandbox.deepgram.listening import (
    deepgram,
    failing,
    silence,
    vendors_client,
)
from tests.integration.sandbox.deepgram.listening import listening as listening_at
from tests.integration.sandbox.deepgram.listening import say as say_in_chunks

pytestmark = pytest.mark.filterwarnings(
    "ignore:websockets.legacy is deprecated:DeprecationWarning",  # deepgram-sdk imports it
    "ignore:websockets.*is deprecated:DeprecationWarning",
)
OPTIONS = "model=flux-general-en&encoding=mulaw&sample_rate=8000&eager_eot_threshold=0.4"
CHUNK = 640


@asynccontextmanager
async def listening(options: str = OPTIONS, **kwargs: Any) -> AsyncIterator[ClientConnection]:
    async with listening_at(f"/v2/listen?{options}", **kwargs) as socket, asyncio.timeout(5):
        yield socket


async def say(socket: ClientConnection, audio: bytes) -> None:
    await say_in_chunks(socket, audio, CHUNK)


async def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Return the messages up to one of this type or event."""
    messages: list[dict[str, Any]] = []
    while not messages or kind not in (messages[-1]["type"], messages[-1].get("event")):
        messages.append(json.loads(await socket.recv()))
    return messages


async def test_the_vendors_client_hears_turns() -> None:
    async with (
        vendors_client() as client,
        client.listen.v2.connect(
            model="flux-general-en",
            encoding="mulaw",
            sample_rate=8000,
            eager_eot_threshold=0.4,
            eot_threshold=0.7,
            eot_timeout_ms=5000,
            keyterm=["Lisa", "Ben"],
            mip_opt_out=True,
        ) as socket,
    ):
        audio = silence(0.5) + tones_from_text("hello lisa, how are you?") + silence(0.6)
        for at in range(0, len(audio), CHUNK):
            await socket.send_media(audio[at : at + CHUNK])
        await socket.send_close_stream()
        messages: list[Any] = [message async for message in socket]

    events = [m.event for m in messages if m.type == "TurnInfo" and m.event != "Update"]
    ended = next(m for m in messages if m.type == "TurnInfo" and m.event == "EndOfTurn")
    said_until = 0.5 + 0.04 * (1 + len("hello lisa, how are you?"))
    assert messages[0].type == "Connected"
    assert events == ["StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]
    assert (ended.transcript, ended.trigger) == ("hello lisa, how are you?", "model")
    assert ended.words[-1].end == pytest.approx(said_until, abs=0.005)
    assert [m.sequence_id for m in messages] == list(range(len(messages)))


async def test_a_configure_holds_for_the_audio_after_it() -> None:
    async with listening() as socket:
        await say(socket, tones_from_text("one") + silence(1))
        await socket.send(
            '{"type":"Configure","keyterms":["Maya"],"thresholds":{"eot_threshold":1.0}}'
        )
        await say(socket, tones_from_text("two") + silence(1))
        await socket.send('{"type":"CloseStream"}')
        messages = [json.loads(message) async for message in socket]

    kinds = [m.get("event", m["type"]) for m in messages if m.get("event") != "Update"]
    after = kinds[kinds.index("ConfigureSuccess") :]
    assert "EndOfTurn" in kinds[: kinds.index("ConfigureSuccess")]
    assert after == ["ConfigureSuccess", "StartOfTurn", "EagerEndOfTurn"]


async def test_a_configure_that_is_refused_changes_nothing() -> None:
    async with listening() as socket:
        await socket.send('{"type":"Configure","thresholds":{"eager_eot_threshold":0.9}}')
        failure = (await until(socket, "ConfigureFailure"))[-1]
        await say(socket, tones_from_text("hello") + silence(0.4))

        assert failure["code"] == "INVALID_THRESHOLD"
        assert (await until(socket, "EagerEndOfTurn"))[-1]["transcript"] == "hello"


async def test_a_turn_is_ended_by_hand_once() -> None:
    async with listening() as socket:
        await say(socket, tones_from_text("seven eight nine"))
        await until(socket, "StartOfTurn")
        await socket.send('{"type":"ForceEndTurn"}')
        ended = (await until(socket, "EndOfTurn"))[-1]
        await socket.send('{"type":"ForceEndTurn"}')
        warning = (await until(socket, "Warning"))[-1]
        await say(socket, silence(0.1) + tones_from_text("ten") + silence(0.5))
        later = (await until(socket, "EndOfTurn"))[-1]

    assert (ended["trigger"], "seven eight nine".startswith(ended["transcript"])) == (
        "manual",
        True,
    )
    assert warning["code"] == "FORCE_END_TURN_NO_ACTIVE_TURN"
    assert (later["transcript"], later["turn_index"]) == ("ten", 1)


async def test_a_closed_stream_gives_its_last_words_and_ends_no_turn() -> None:
    async with listening() as socket:
        await say(socket, tones_from_text("what was I saying"))
        await socket.send('{"type":"CloseStream"}')
        messages = [json.loads(message) async for message in socket]

    assert (messages[-1]["event"], messages[-1]["transcript"]) == ("Update", "what was i saying")
    assert all(message.get("event") != "EndOfTurn" for message in messages)


@pytest.mark.parametrize("message", ["KeepAlive", "Finalize"])
async def test_what_only_nova_knows_ends_the_stream(message: str) -> None:
    async with listening() as socket:
        await socket.send(json.dumps({"type": message}))
        error = (await until(socket, "Error"))[-1]
        await socket.wait_closed()

        assert error["code"] == "UNPARSABLE_CLIENT_MESSAGE"
        assert socket.close_code == 1008


async def test_who_sends_nothing_is_cut_off() -> None:
    async with listening(idle_seconds=0.2) as socket:
        await socket.send(silence(0.08))
        await socket.wait_closed()

        assert socket.close_code == 1011


@pytest.mark.parametrize(
    ("options", "headers", "status"),
    [
        (OPTIONS, {}, 401),
        (OPTIONS + "&interim_results=true", {"Authorization": "Token x"}, 400),
        (OPTIONS.replace("flux-general-en", "nova-3"), {"Authorization": "Token x"}, 400),
    ],
)
async def test_handshakes_are_refused(options: str, headers: dict[str, str], status: int) -> None:
    async with deepgram() as base:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{base}/v2/listen?{options}", additional_headers=headers)

    assert refused.value.response.status_code == status
    assert refused.value.response.headers["dg-error"]


async def test_one_of_the_two_endpoints_can_be_made_to_fail() -> None:
    app = create_app(SandboxConfig(script=True))
    async with serving(app) as base:
        client = app.test_client()
        await client.post("/_control/fail_next", json={"route": "listen:v2", "status": 503})
        v1, v2 = (f"{base.replace('http', 'ws')}/{version}/listen" for version in ("v1", "v2"))
        key = {"Authorization": "Token x"}
        line = "encoding=mulaw&sample_rate=8000"
        async with connect(f"{v1}?model=nova-3&{line}", additional_headers=key):
            with pytest.raises(InvalidStatus):
                await connect(f"{v2}?{OPTIONS}", additional_headers=key)


async def test_a_stream_can_be_made_to_break_off() -> None:
    async with failing(f"/v2/listen?{OPTIONS}", {"disconnect": True}) as socket:
        await say(socket, silence(0.08 * 4))
        with pytest.raises(ConnectionClosed):
            await until(socket, "EndOfTurn")
