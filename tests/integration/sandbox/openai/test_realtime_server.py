"""`/v1/realtime` over real sockets, with the vendor's own client."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.exceptions import InvalidStatus

from sandbox.engines.tones import ToneListener
from tests.contract.openai_sandbox import openai_sandbox

WIRE: dict[str, Any] = json.loads(Path("tests/wire/openai/realtime.json").read_text())
MODEL = "gpt-realtime-2.1-mini"


@asynccontextmanager
async def talking(key: str = "sandbox", model: str = MODEL) -> AsyncIterator[Any]:
    async with (
        openai_sandbox() as server,
        AsyncOpenAI(api_key=key, base_url=server.base_url, max_retries=0) as client,
        asyncio.timeout(10),
        client.realtime.connect(model=model) as connection,
    ):
        yield connection


async def settle(connection: AsyncRealtimeConnection, voice: str = "marin") -> dict[str, Any]:
    """Ask for a voice in μ-law; return what the server makes of it."""
    output: Any = {"format": {"type": "audio/pcmu"}, "voice": voice}
    await connection.session.update(
        session={"type": "realtime", "output_modalities": ["audio"], "audio": {"output": output}}
    )
    return (await connection.recv()).to_dict()


async def order(connection: AsyncRealtimeConnection, text: str) -> None:
    instructions = f"Read this aloud: <text>{text}</text>"
    await connection.response.create(
        response={"conversation": "none", "instructions": instructions, "input": []}
    )


async def until_done(connection: AsyncRealtimeConnection) -> list[dict[str, Any]]:
    events = [(await connection.recv()).to_dict()]
    while events[-1]["type"] != "response.done":
        events.append((await connection.recv()).to_dict())
    return events


def shape(value: Any) -> Any:
    """Return a message's keys and kinds."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    return [shape(part) for part in value] if isinstance(value, list) else type(value).__name__


async def test_every_event_has_the_documented_shape_and_place() -> None:
    async with talking() as connection:
        created = (await connection.recv()).to_dict()
        await settle(connection)
        await order(connection, "hello there.")
        events = [created, *await until_done(connection)]

    once = {event["type"]: event for event in events}
    assert list(once) == [event["type"] for event in WIRE["events"]]
    for wanted in WIRE["events"]:
        got = shape(once[wanted["type"]])
        if wanted["type"] == "session.created":
            got["session"]["audio"]["output"]["speed"] = "int"
        assert got == shape(wanted), wanted["type"]
    audio = b"".join(
        base64.b64decode(event["delta"])
        for event in events
        if event["type"] == "response.output_audio.delta"
    )
    listener = ToneListener()
    listener.feed(audio)
    assert listener.text.strip() == "hello there."


async def test_a_session_that_has_spoken_keeps_its_voice() -> None:
    async with talking() as connection:
        await connection.recv()
        before = await settle(connection, "sage")
        await order(connection, "hi.")
        await until_done(connection)
        after = await settle(connection, "marin")

    assert before["type"] == "session.updated"
    assert (after["type"], after["error"]["code"]) == ("error", "cannot_update_voice")


async def test_a_cancelled_response_says_so_and_the_session_goes_on() -> None:
    async with talking() as connection:
        await connection.recv()
        await order(connection, "a very long story " * 40)
        while (await connection.recv()).type != "response.output_audio.delta":
            pass
        await connection.response.cancel()
        done = (await until_done(connection))[-1]["response"]
        await order(connection, "hi.")
        again = (await until_done(connection))[-1]["response"]
        await connection.response.cancel()
        refused = (await connection.recv()).to_dict()

    assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "client_cancelled")
    assert again["status"] == "completed"
    assert refused["error"]["code"] == "response_cancel_not_active"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "onyx"}}}}, "invalid_value"),
        ({"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"speed": 2}}}}, "invalid_value"),
        ({"type": "response.create", "response": {"instructions": "Say hello."}}, "not_implemented"),
        ({"type": "input_audio_buffer.append", "audio": ""}, "not_implemented"),
        ({"no": "type"}, "invalid_event"),
    ],
)  # fmt: skip
async def test_what_is_wrong_or_not_built_is_an_error_and_the_session_goes_on(
    wrong: dict[str, Any], code: str
) -> None:
    async with talking() as connection:
        await connection.recv()
        await connection.send_raw(json.dumps(wrong))
        error = (await connection.recv()).to_dict()
        updated = await settle(connection)

    assert shape(error) | {"error": None} == shape(WIRE["error"]) | {"error": None}
    assert (error["error"]["code"], updated["type"]) == (code, "session.updated")


@pytest.mark.parametrize(("key", "model", "status"), [(" ", MODEL, 401), ("k", "gpt-4o", 404)])
async def test_a_handshake_without_key_or_voice_model_is_refused(
    key: str, model: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with talking(key, model):
            pass

    assert caught.value.response.status_code == status


async def test_models_that_the_vendor_ends_say_when() -> None:
    async with openai_sandbox() as server, AsyncOpenAI(api_key="k", base_url=server.base_url) as c:
        models = {model.id: model.to_dict() async for model in c.models.list()}

    ends = {name: model["shutdown_date"] for name, model in models.items()}
    assert (ends["gpt-4o-mini-tts"], ends["gpt-realtime"]) == ("2027-01-06", "2027-01-20")
    assert ends[MODEL] is None
