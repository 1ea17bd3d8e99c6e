"""`/v1/listen` over real sockets: with the vendor's own client, and with a bare one for the edges."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from deepgram.core.api_error import ApiError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sandbox.engines.tones import CHARACTER_SAMPLES, tones_from_text
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
OPTIONS = (
    "encoding=mulaw&sample_rate=8000&model=nova-3&interim_results=true&endpointing=300"
    "&utterance_end_ms=1000&vad_events=true&smart_format=true"
)
FRAME = 160


@asynccontextmanager
async def listening(options: str = OPTIONS, **kwargs: Any) -> AsyncIterator[ClientConnection]:
    async with listening_at(f"/v1/listen?{options}", **kwargs) as socket:
        yield socket


async def say(socket: ClientConnection, audio: bytes) -> None:
    await say_in_chunks(socket, audio, FRAME)


async def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    async with asyncio.timeout(5):
        while not messages or messages[-1]["type"] != kind:
            messages.append(json.loads(await socket.recv()))
    return messages


def transcripts(messages: list[dict[str, Any]], *, is_final: bool) -> list[str]:
    return [
        m["channel"]["alternatives"][0]["transcript"]
        for m in messages
        if m["type"] == "Results" and m["is_final"] is is_final
    ]


async def closing(socket: ClientConnection) -> tuple[int, str]:
    async with asyncio.timeout(5):
        await socket.wait_closed()
    return socket.close_code or 0, socket.close_reason or ""


async def test_the_vendors_client_hears_an_utterance() -> None:
    async with (
        vendors_client() as client,
        client.listen.v1.connect(
            model="nova-3",
            encoding="mulaw",
            sample_rate=8000,
            interim_results=True,
            endpointing=300,
            utterance_end_ms=1000,
            vad_events=True,
            smart_format=True,
            keyterm=["Lisa", "Ben"],
        ) as socket,
    ):
        audio = silence(0.5) + tones_from_text("hello lisa, how are you?") + silence(1.2)
        for at in range(0, len(audio), FRAME):
            await socket.send_media(audio[at : at + FRAME])
        await socket.send_keep_alive()
        await socket.send_close_stream()
        messages: list[Any] = [message async for message in socket]

    kinds = [message.type for message in messages]
    finals = [m for m in messages if m.type == "Results" and m.is_final]
    assert kinds[0] == "SpeechStarted"
    assert kinds[-2:] == ["UtteranceEnd", "Metadata"]
    assert [(f.channel.alternatives[0].transcript, f.speech_final) for f in finals] == [
        ("hello lisa, how are you?", True)
    ]
    last = finals[0].channel.alternatives[0].words[-1]
    said_until = 0.5 + 0.04 * (1 + len("hello lisa, how are you?"))
    assert (last.word, last.punctuated_word) == ("you", "you?")
    assert last.end == pytest.approx(said_until, abs=0.005)
    assert messages[kinds.index("UtteranceEnd")].last_word_end == last.end


async def test_interim_results_grow_while_somebody_speaks() -> None:
    async with listening() as socket:
        await say(socket, tones_from_text("tell me a story about the sea") + silence(0.4))
        await socket.send('{"type":"CloseStream"}')
        messages = await until(socket, "Metadata")

    interims = transcripts(messages, is_final=False)
    assert len(interims) >= 2
    assert all("tell me a story about the sea".startswith(text) for text in interims)
    assert interims == sorted(interims, key=len)
    assert transcripts(messages, is_final=True) == ["tell me a story about the sea"]


async def test_options_that_were_not_asked_for_stay_silent() -> None:
    async with listening("encoding=mulaw&sample_rate=8000&endpointing=300") as socket:
        await say(socket, tones_from_text("Well, isn't it?") + silence(1.5))
        await socket.send('{"type":"CloseStream"}')
        messages = await until(socket, "Metadata")

    assert [m["type"] for m in messages] == ["Results", "Metadata"]
    assert transcripts(messages, is_final=True) == ["well isn't it"]
    assert "punctuated_word" not in messages[0]["channel"]["alternatives"][0]["words"][0]


async def test_finalize_gives_the_words_at_once() -> None:
    async with listening() as socket:
        await say(socket, tones_from_text("stop there"))
        await socket.send('{"type":"Finalize"}')
        messages = await until(socket, "Results")
        while not messages[-1]["from_finalize"]:
            messages += await until(socket, "Results")

        assert messages[-1]["is_final"]
        assert transcripts(messages[-1:], is_final=True) == ["stop there"]


async def test_a_cut_off_word_is_heard_as_far_as_it_was_said() -> None:
    audio = tones_from_text("wonderful")[: CHARACTER_SAMPLES * 6]

    async with listening() as socket:
        await say(socket, audio)
        await socket.send('{"type":"CloseStream"}')
        messages = await until(socket, "Metadata")
        code, _ = await closing(socket)

    assert transcripts(messages, is_final=True) == ["wonde"]
    assert messages[-1]["duration"] == pytest.approx(len(audio) / 8000, abs=0.001)
    assert code == 1000


async def test_an_empty_message_ends_the_stream() -> None:
    async with listening() as socket:
        await say(socket, silence(0.1))
        await socket.send(b"")
        assert (await until(socket, "Metadata"))[-1]["duration"] == 0.1
        assert (await closing(socket))[0] == 1000


async def test_more_than_250_ms_in_one_message_closes_the_socket() -> None:
    async with listening() as socket:
        await socket.send(silence(0.25))
        await socket.send(silence(0.26))

        assert (await closing(socket))[0] == 1008


async def test_nonsense_closes_the_socket() -> None:
    async with listening() as socket:
        await socket.send("hello?")

        assert (await until(socket, "Error"))[-1]["variant"] == "UnparsableClientMessage"
        assert (await closing(socket))[0] == 1008


@pytest.mark.parametrize("has_audio", [False, True])
async def test_silence_on_the_wire_ends_with_net_0001(*, has_audio: bool) -> None:
    async with listening(idle_seconds=0.2) as socket:
        if has_audio:
            await socket.send(silence(0.02))

        code, reason = await closing(socket)

        assert (code, "net0001" in reason) == (1011, True)


async def test_keep_alive_keeps_alive_but_only_after_audio() -> None:
    async with listening(idle_seconds=0.4) as alive, listening(idle_seconds=0.4) as unheard:
        await alive.send(silence(0.02))
        closed = asyncio.create_task(closing(unheard))
        while not closed.done():
            for socket in (alive, unheard):
                try:
                    await socket.send('{"type":"KeepAlive"}')
                except ConnectionClosed:
                    assert socket is unheard
            await asyncio.wait([closed], timeout=0.1)
        await alive.send('{"type":"CloseStream"}')

        assert (await closed)[0] == 1011
        assert (await until(alive, "Metadata"))[-1]["duration"] == 0.02


async def test_key_terms_can_be_changed_in_mid_stream() -> None:
    async with listening() as socket:
        await socket.send('{"type":"Configure","keyterms":["Maya"]}')

        answer = (await until(socket, "ConfigureSuccess"))[-1]

    assert answer["keyterms"] == ["Maya"]


async def test_a_client_without_a_key_is_refused() -> None:
    async with deepgram() as base:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{base}/v1/listen?{OPTIONS}")

    response = refused.value.response
    assert response.status_code == 401
    assert response.headers["dg-error"] == "Invalid credentials."
    assert response.headers["dg-request-id"] == json.loads(response.body or b"")["request_id"]


async def test_wrong_options_reach_the_vendors_client_as_an_error() -> None:
    async with vendors_client() as client:
        with pytest.raises(ApiError) as refused:
            async with client.listen.v1.connect(
                model="nova-3", encoding="mulaw", sample_rate=8000, utterance_end_ms=500
            ):
                pass

    assert refused.value.status_code == 400


@pytest.mark.parametrize("failure", [{"disconnect": True}, {"status": 500}])
async def test_a_stream_can_be_made_to_fail(failure: dict[str, Any]) -> None:
    async with failing(f"/v1/listen?{OPTIONS}", failure) as socket:
        await say(socket, silence(0.08))
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

    code = closed.value.rcvd.code if closed.value.rcvd else None
    assert code == (1011 if "status" in failure else None)
