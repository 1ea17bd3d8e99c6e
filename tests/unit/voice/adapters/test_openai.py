"""OpenAI's adapters on recorded messages, without a socket."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langsmith.utils import tracing_is_enabled
from structlog.testing import capture_logs

from shared.errors import ProviderError
from voice.adapters.openai_chat import OpenAIChat
from voice.adapters.openai_speech import OpenAISpeech
from voice.audio import g711
from voice.audio.resample import Downsampler
from voice.conversation.prompts import ModelMessage
from voice.ports import BYTES_A_SECOND, Voice
from voice.replay.virtual_time import run_in_virtual_time
from voice.waiting import until

WIRE: dict[str, Any] = json.loads(Path("tests/wire/openai/chat_stream.json").read_text())
PIECE = 4800  # bytes: a tenth of a second at 24 kHz
ASKED = [
    ModelMessage("system", "You are Ben."),
    ModelMessage("user", "hi"),
    ModelMessage("assistant", "Hello!"),
    ModelMessage("user", "a story, please"),
]


class Pieces(httpx2.AsyncByteStream):
    """A body that arrives in the pieces given."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class Server:
    """Answers every request with one response and keeps what was asked."""

    def __init__(self, answer: Callable[[], httpx2.Response]) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answer = answer

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._handle))

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append({"path": request.url.path, **json.loads(request.content)})
        return self._answer()


def streamed(*events: object) -> Callable[[], httpx2.Response]:
    lines = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    headers = {"content-type": "text/event-stream"}
    return lambda: httpx2.Response(
        200, headers=headers, stream=Pieces([*lines, b"data: [DONE]\n\n"])
    )


def refused(status: int, body: object) -> Callable[[], httpx2.Response]:
    return lambda: httpx2.Response(status, json=body)


def tokens_from(server: Server) -> list[str]:
    async def play() -> list[str]:
        async with OpenAIChat(api_key="k", base_url="http://h/v1", http=server.client()) as chat:
            return [token async for token in chat.reply(ASKED, model="gpt-6-luna")]

    return run_in_virtual_time(play())


def audio_from(server: Server, voice: Voice, *, model: str = "gpt-4o-mini-tts") -> list[bytes]:
    async def play() -> list[bytes]:
        async with OpenAISpeech(
            api_key="k", model=model, base_url="http://h/v1", http=server.client()
        ) as speech:
            return [chunk async for chunk in speech.synthesise("hello", voice)]

    return run_in_virtual_time(play())


def test_a_streamed_reply_is_read_and_asked_for_as_the_api_wants() -> None:
    server = Server(streamed(*WIRE["events"]))

    assert tokens_from(server) == ["Hello", " there."]
    assert server.asked == [
        {
            "path": "/v1/chat/completions",
            "model": "gpt-6-luna",
            "messages": [
                {"role": "system", "content": "You are Ben."},
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": "Hello!"},
                {"role": "user", "content": "a story, please"},
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


def test_what_a_reply_cost_is_logged_and_what_it_said_is_not() -> None:
    with capture_logs() as logs:
        tokens_from(Server(streamed(*WIRE["events"])))

    assert logs == [
        {
            "event": "reply_written",
            "log_level": "info",
            "model": "gpt-6-luna",
            "finish_reason": "stop",
            "input_tokens": 19,
            "output_tokens": 3,
        }
    ]


def test_an_error_in_mid_stream_is_a_failure_that_may_be_retried() -> None:
    with pytest.raises(ProviderError) as caught:
        tokens_from(Server(streamed(WIRE["events"][1], WIRE["error_event"])))

    assert caught.value.retryable


def test_no_money_left_in_mid_stream_is_a_failure_that_may_not() -> None:
    with pytest.raises(ProviderError, match="error event insufficient_quota") as caught:
        tokens_from(Server(streamed(WIRE["events"][1], WIRE["insufficient_quota"])))

    assert not caught.value.retryable


def test_a_reply_without_its_end_is_a_failure_that_may_be_retried() -> None:
    with pytest.raises(ProviderError, match="broke off") as caught:
        tokens_from(Server(streamed(*WIRE["events"][:3])))

    assert caught.value.retryable


def test_a_chunk_that_makes_no_sense_is_a_failure_that_may_be_retried() -> None:
    with pytest.raises(ProviderError, match="makes no sense") as caught:
        tokens_from(Server(streamed(WIRE["events"][1], {"choices": "Hello"})))

    assert caught.value.retryable


@pytest.mark.parametrize(
    ("status", "body", "retryable"),
    [
        (500, WIRE["error_event"], True),
        (503, WIRE["error_event"], True),
        (429, WIRE["error_event"], True),
        (429, WIRE["insufficient_quota"], False),
        (401, WIRE["error_event"], False),
        (400, WIRE["error_event"], False),
        (404, WIRE["error_event"], False),
        (502, "<html>", True),
    ],
)
def test_both_adapters_read_refusals_alike(status: int, body: object, *, retryable: bool) -> None:
    with pytest.raises(ProviderError) as by_chat:
        tokens_from(Server(refused(status, body)))
    with pytest.raises(ProviderError) as by_speech:
        audio_from(Server(refused(status, body)), Voice("ballad"))

    assert (by_chat.value.retryable, by_speech.value.retryable) == (retryable, retryable)
    assert "message" not in str(by_chat.value)  # a vendor's text may quote what was said


def test_nothing_is_traced_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGCHAIN_TRACING_V2", "true")

    tokens_from(Server(streamed(*WIRE["events"])))

    assert tracing_is_enabled() is False


def spoken(pcm: bytes, *lengths: int) -> Callable[[], httpx2.Response]:
    """Answer with speech in pieces of these lengths, and the rest."""

    def answer() -> httpx2.Response:
        pieces, start = [], 0
        for length in lengths:
            pieces.append(pcm[start : start + length])
            start += length
        return httpx2.Response(200, stream=Pieces([*pieces, pcm[start:]]))

    return answer


def test_speech_is_asked_for_as_the_api_wants() -> None:
    server = Server(spoken(bytes(960)))

    audio_from(server, Voice("ballad", "slow and close"))
    audio_from(server, Voice("marin", speed=1.2))
    audio_from(server, Voice("coral", "cheerful"), model="tts-1")  # takes no instructions

    same = {"path": "/v1/audio/speech", "input": "hello", "response_format": "pcm"}
    mini = same | {"model": "gpt-4o-mini-tts"}
    assert server.asked == [
        mini | {"voice": "ballad", "instructions": "slow and close"},
        mini | {"voice": "marin", "speed": 1.2},
        same | {"model": "tts-1", "voice": "coral"},
    ]


@given(st.lists(st.integers(1, 5000), max_size=10))
@settings(deadline=None, max_examples=30)
def test_speech_survives_any_way_of_arriving(lengths: list[int]) -> None:
    """Odd lengths happen: a sample may be torn apart between two pieces."""
    moments = np.arange(12_000) / 24_000
    pcm = (8000 * np.sin(2 * np.pi * 440 * moments)).astype("<i2").tobytes()
    whole = g711.encode(Downsampler().feed(pcm))

    heard = b"".join(audio_from(Server(spoken(pcm, *lengths)), Voice("ballad")))

    difference = g711.decode(heard).astype(int) - g711.decode(whole).astype(int)
    assert len(heard) == len(whole) == 4000
    assert np.abs(difference).max() <= 512  # one step of the code, where the last bit rounds


def test_the_first_frame_does_not_wait_for_the_rest() -> None:
    sizes = [len(chunk) for chunk in audio_from(Server(spoken(bytes(48_000))), Voice("ballad"))]

    assert sizes[0] == 160
    assert max(sizes) <= 1600


class Arriving(httpx2.AsyncByteStream):
    """Speech of which a tenth of a second arrives at a time, whether or not somebody reads.

    As with the transport: what has arrived is read at once, but no more than 16 kB of it.
    """

    def __init__(self, seconds: float, speed: float) -> None:
        self.readings = 0
        self._pieces = round(seconds * 10)
        self._every = 0.1 / speed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        began, position, whole = clock(), 0, PIECE * self._pieces
        while position < whole:
            arrived = min(whole, PIECE * int((clock() - began) / self._every + 1e-6))
            if arrived == position:
                await until(began + (arrived // PIECE + 1) * self._every)
                continue
            piece = bytes(min(16_384, arrived - position))
            position += len(piece)
            self.readings += 1
            yield piece


@dataclass
class Heard:
    """How ten seconds of speech came: every block with its time, in seconds."""

    readings: int
    blocks: list[tuple[float, float]]

    @property
    def least_ahead(self) -> float:
        """By how much the line was ahead of what it played, at the worst moment."""
        (plays_until, length), *rest = self.blocks
        plays_until += length
        least = length
        for at, length in rest:
            least = min(least, plays_until - at)
            plays_until += length
        return least


def heard(*, speed: float) -> Heard:
    body = Arriving(10, speed)
    server = Server(lambda: httpx2.Response(200, stream=body))

    async def play() -> list[tuple[float, float]]:
        clock = asyncio.get_running_loop().time
        async with OpenAISpeech(
            api_key="k", model="gpt-4o-mini-tts", base_url="http://h/v1", http=server.client()
        ) as speech:
            return [
                (clock(), len(block) / BYTES_A_SECOND)
                async for block in speech.synthesise("hello", Voice("ballad"))
            ]

    blocks = run_in_virtual_time(play())
    return Heard(body.readings, blocks)


def test_speech_far_ahead_of_the_line_is_read_in_fewer_pieces() -> None:
    came = heard(speed=4)

    assert sum(length for _, length in came.blocks) == pytest.approx(10)
    assert came.readings < 40  # of a hundred pieces
    assert came.blocks[-1][0] < 10 / 4 + 0.1  # and the last of it is not late


@pytest.mark.parametrize("speed", [1.01, 1.5, 2, 4, 10, 1000])
def test_no_line_runs_dry_because_speech_was_left_to_gather(speed: float) -> None:
    came = heard(speed=speed)

    assert came.least_ahead >= 0
    assert came.blocks[-1][0] < 10


def test_speech_that_is_there_at_once_is_read_at_once() -> None:
    assert heard(speed=1000).blocks[-1][0] < 0.2  # who makes words ahead has no line to wait for


def test_speech_no_faster_than_it_is_spoken_waits_for_nothing() -> None:
    came = heard(speed=1)

    assert came.readings == 100
    assert came.blocks[-1][0] == pytest.approx(10)


def test_a_voice_opens_a_connection_only_where_none_is_fresh() -> None:
    asked: list[tuple[float, str]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((asyncio.get_running_loop().time(), request.url.path))
        if request.method == "GET":
            return httpx2.Response(200, json={"id": "gpt-4o-mini-tts", "object": "model"})
        return httpx2.Response(200, content=bytes(960))

    async def play() -> None:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        async with OpenAISpeech(
            api_key="k", model="gpt-4o-mini-tts", base_url="http://h/v1", http=http
        ) as speech:
            await speech.warm_up(Voice("ballad"))
            await until(40)
            await speech.warm_up(Voice("ballad"))
            async for _ in speech.synthesise("hello", Voice("ballad")):
                pass
            await until(80)
            await speech.warm_up(Voice("ballad"))
            await until(90)
            await speech.warm_up(Voice("ballad"))

    run_in_virtual_time(play())

    models = "/v1/models/gpt-4o-mini-tts"
    assert asked == [(0, models), (40, "/v1/audio/speech"), (90, models)]


def test_a_connection_that_can_not_be_opened_is_a_failure() -> None:
    def refuse(_request: httpx2.Request) -> httpx2.Response:
        message = "nobody there"
        raise httpx2.ConnectError(message)

    async def play() -> None:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(refuse))
        async with OpenAISpeech(
            api_key="k", model="gpt-4o-mini-tts", base_url="http://h/v1", http=http
        ) as speech:
            await speech.warm_up(Voice("ballad"))

    with pytest.raises(ProviderError) as caught:
        run_in_virtual_time(play())

    assert caught.value.retryable


def test_warming_up_leads_a_reply_through_the_libraries_and_asks_the_vendor_for_none() -> None:
    paths: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.path)
        return httpx2.Response(200, json={"object": "list", "data": []})

    async def warm_up() -> None:
        http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
        async with OpenAIChat(api_key="a-key", base_url="http://openai.test/v1", http=http) as chat:
            await chat.warm_up("gpt-6-luna")

    run_in_virtual_time(warm_up())

    assert paths == ["/v1/models"]


FIRST_REPLY = """
import asyncio, sys
import httpx2
from voice.adapters.openai_chat import OpenAIChat
from voice.conversation.prompts import ModelMessage

DELTA = '{"index":0,"delta":{"role":"assistant","content":"Hi."},"finish_reason":"stop"}'
CHUNK = '{"id":"c","object":"chat.completion.chunk","created":0,"model":"m","choices":[%s]}'

async def body():
    yield f"data: {CHUNK % DELTA}\\n\\ndata: [DONE]\\n\\n".encode()
    yield b"\\n"

def answer(request):
    if request.url.path.endswith("models"):
        return httpx2.Response(200, json={"object": "list", "data": []})
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body())

async def main():
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    async with OpenAIChat(api_key="k", base_url="http://h/v1", http=http) as chat:
        await chat.warm_up("gpt-6-luna")
        known = set(sys.modules)
        said = [token async for token in chat.reply([ModelMessage("user", "hi")], model="gpt-6-luna")]
        print(said, sorted(set(sys.modules) - known))

asyncio.run(main())
"""


def test_the_first_reply_after_warming_up_has_nothing_left_to_import() -> None:
    # In a process of its own: here everything has long been imported.
    ran = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", FIRST_REPLY], check=True, capture_output=True, text=True, timeout=120
    )

    assert ran.stdout.splitlines()[-1] == "['Hi.'] []"
