"""OpenAI's endpoints over real sockets, with the vendor's own client and LangChain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
import pytest
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr
from quart import Quart

from sandbox.config import SandboxConfig
from sandbox.engines.roles import Engines, EngineUnavailable, ReplyEnded, TextWritten
from sandbox.engines.script_ear import ScriptRecogniser
from sandbox.engines.script_voices import ScriptVoices
from sandbox.engines.tones import pcm_from_text
from sandbox.openai.app import create_app
from sandbox.serving import serving

MODEL = "gpt-6-luna"


@dataclass
class Server:
    """A served sandbox and its control."""

    base: str
    app: Quart
    client: AsyncOpenAI

    async def control(self, path: str, body: dict[str, Any]) -> None:
        response = await self.app.test_client().post(f"/_control/{path}", json=body)
        assert response.status_code == 200, await response.get_data(as_text=True)


@asynccontextmanager
async def server(engines: Engines | None = None) -> AsyncIterator[Server]:
    app = create_app(SandboxConfig(script=True), engines)
    async with (
        serving(app) as base,
        AsyncOpenAI(api_key="sandbox", base_url=f"{base}/v1", max_retries=0) as client,
    ):
        yield Server(base, app, client)


def asking(text: str) -> Any:
    return [{"role": "system", "content": "You are Lisa."}, {"role": "user", "content": text}]


async def test_a_reply_in_one_piece_has_its_usage() -> None:
    async with server() as s:
        reply = await s.client.chat.completions.create(model=MODEL, messages=asking("hello"))

    assert reply.choices[0].message.content == "You said hello."
    assert reply.choices[0].finish_reason == "stop"
    assert reply.id.startswith("chatcmpl-")
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.completion_tokens == 4


async def test_a_streamed_reply_comes_token_by_token_with_usage_last() -> None:
    async with server() as s:
        stream = await s.client.chat.completions.create(
            model=MODEL,
            messages=asking("hello"),
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]

    deltas = [c.choices[0].delta for c in chunks if c.choices]
    assert (deltas[0].role, deltas[0].content) == ("assistant", "")
    assert [d.content for d in deltas[1:-1]] == ["You", " said", " hello", "."]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 4
    assert all(chunk.usage is None for chunk in chunks[:-1])


async def test_the_wire_ends_with_done_and_has_no_usage_unasked() -> None:
    async with server() as s, httpx2.AsyncClient() as http:
        response = await http.post(
            f"{s.base}/v1/chat/completions",
            json={"model": MODEL, "messages": asking("hi"), "stream": True},
            headers={"Authorization": "Bearer sandbox"},
        )

    events = response.text.strip().split("\n\n")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert events[-1] == "data: [DONE]"
    assert all("usage" not in json.loads(event[6:]) for event in events[:-1])


async def test_tools_are_called_in_the_wire_format() -> None:
    arguments = {"query": "news of the day", "recency": "day"}
    async with server() as s:
        await s.control(
            "script",
            {"replies": [{"tool_calls": [{"name": "search", "arguments": arguments}]}]},
        )
        async with s.client.chat.completions.stream(
            model=MODEL,
            messages=asking("what's new?"),
            tools=[{"type": "function", "function": {"name": "search", "parameters": {}}}],
        ) as stream:
            final = await stream.get_final_completion()

    assert final.choices[0].finish_reason == "tool_calls"
    assert final.choices[0].message.content is None
    call = final.choices[0].message.tool_calls
    assert call is not None
    assert (call[0].function.name, json.loads(call[0].function.arguments)) == ("search", arguments)
    assert call[0].id.startswith("call_")


async def test_langchain_streams_it() -> None:
    async with server() as s:
        llm = ChatOpenAI(
            model=MODEL,
            base_url=f"{s.base}/v1",
            api_key=SecretStr("sandbox"),
            stream_usage=True,
            max_retries=0,
        )
        chunks = [chunk async for chunk in llm.astream([HumanMessage("good morning")])]

    assert "".join(chunk.text for chunk in chunks) == "You said good morning."
    assert any(chunk.usage_metadata for chunk in chunks)


async def test_a_script_sets_words_and_pace() -> None:
    async with server() as s:
        await s.control(
            "script",
            {"replies": [{"match": "story", "text": "Once upon a time.", "first_token_ms": 80}]},
        )
        began = asyncio.get_running_loop().time()
        reply = await s.client.chat.completions.create(model=MODEL, messages=asking("A story!"))
        took = asyncio.get_running_loop().time() - began

    assert reply.choices[0].message.content == "Once upon a time."
    assert took >= 0.08


@pytest.mark.parametrize("response_format", ["pcm", "wav"])
async def test_speech_is_24_khz_pcm(response_format: Any) -> None:
    async with (
        server() as s,
        s.client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts",
            voice="marin",
            input="Hello there.",
            instructions="calm",
            response_format=response_format,
        ) as response,
    ):
        audio = b"".join([block async for block in response.iter_bytes(960)])
        kind = response.headers["content-type"]

    header = 44 if response_format == "wav" else 0
    assert kind == f"audio/{response_format}"
    assert audio[header:] == pcm_from_text("Hello there.")
    assert audio[:header][:4] == (b"RIFF" if header else b"")


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"input": "x" * 4097}, 400, "input"),
        ({"input": ""}, 400, "input"),
        ({"voice": "lisa"}, 400, "voice"),
        ({"speed": 4.1}, 400, "speed"),
        ({"response_format": "ogg"}, 400, "response_format"),
        ({"response_format": "mp3"}, 501, "response_format"),
        ({"model": "tts-9"}, 404, None),
    ],
)
async def test_speech_that_can_not_be_is_refused(
    body: dict[str, Any], status: int, param: str | None
) -> None:
    good = {"model": "tts-1", "voice": "coral", "input": "hi", "response_format": "pcm"}
    async with server() as s:
        with pytest.raises(openai.APIStatusError) as refused:
            await s.client.audio.speech.create(**{**good, **body})

    assert refused.value.status_code == status
    assert refused.value.body["param"] == param  # type: ignore[index]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"messages": []}, 400, "empty_array"),
        ({"messages": None}, 400, "missing_required_parameter"),
        ({"messages": [{"role": "boss", "content": "hi"}]}, 400, "invalid_value"),
        ({"messages": [{"role": "user"}]}, 400, "missing_required_parameter"),
        ({"model": "claude"}, 404, "model_not_found"),
        ({"model": None}, 400, None),
        ({"stream_options": {"include_usage": True}}, 400, None),
        ({"n": 2}, 501, None),
    ],
)
async def test_chats_that_can_not_be_are_refused(
    body: dict[str, Any], status: int, code: str | None
) -> None:
    async with server() as s:
        with pytest.raises(openai.APIStatusError) as refused:
            await s.client.chat.completions.create(
                **{"model": MODEL, "messages": asking("hi"), **body}
            )

    assert (refused.value.status_code, refused.value.code) == (status, code)
    assert refused.value.request_id


async def test_a_client_without_a_key_gets_401() -> None:
    async with server() as s, httpx2.AsyncClient() as http:
        response = await http.get(f"{s.base}/v1/models")

    assert response.status_code == 401
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_models_say_when_they_end() -> None:
    async with server() as s:
        models = {model.id: model.shutdown_date async for model in s.client.models.list()}
        one = await s.client.models.retrieve("gpt-6-luna")
        with pytest.raises(openai.NotFoundError):
            await s.client.models.retrieve("gpt-0")

    assert one.id == "gpt-6-luna"
    assert models["gpt-6-luna"] is None
    assert models["gpt-4o-mini-tts"] == "2027-01-06"


async def test_what_is_not_built_says_so() -> None:
    async with server() as s:
        with pytest.raises(openai.APIStatusError) as refused:
            await s.client.responses.create(model=MODEL, input="hi")

    assert refused.value.status_code == 501


async def test_failures_come_when_asked_for() -> None:
    async with server() as s:
        await s.control("fail_next", {"route": "chat", "status": 429})
        with pytest.raises(openai.RateLimitError) as limited:
            await s.client.chat.completions.create(model=MODEL, messages=asking("hi"))
        assert limited.value.code == "rate_limit_exceeded"

        await s.control("fail_next", {"route": "chat:chunk", "after": 1, "disconnect": True})
        stream = await s.client.chat.completions.create(
            model=MODEL, messages=asking("one two three"), stream=True
        )
        with pytest.raises(openai.APIConnectionError):
            async for _ in stream:
                pass

        await s.control("fail_next", {"route": "chat:chunk", "after": 1, "status": 500})
        stream = await s.client.chat.completions.create(
            model=MODEL, messages=asking("one two three"), stream=True
        )
        with pytest.raises(openai.APIError):
            async for _ in stream:
                pass

        await s.control("fail_next", {"route": "speech:chunk", "after": 1, "disconnect": True})
        with pytest.raises((openai.APIConnectionError, httpx2.HTTPError)):
            await s.client.audio.speech.create(
                model="tts-1", voice="ash", input="a long enough sentence", response_format="pcm"
            )


async def test_a_slow_model_keeps_the_stream_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.openai.app.PATIENCE", 0.05)
    async with server() as s, httpx2.AsyncClient() as http:
        await s.control("script", {"replies": [{"text": "At last.", "first_token_ms": 300}]})
        response = await http.post(
            f"{s.base}/v1/chat/completions",
            json={"model": MODEL, "messages": asking("hi"), "stream": True},
            headers={"Authorization": "Bearer sandbox"},
        )
        stream = await s.client.chat.completions.create(
            model=MODEL, messages=asking("hi"), stream=True
        )
        texts = [chunk.choices[0].delta.content or "" async for chunk in stream]

    assert response.text.startswith(": ")
    assert response.text.rstrip().endswith("[DONE]")
    assert "".join(texts) == "At last."


class FailingModel:
    """Is never there."""

    async def reply(self, request: Any) -> Any:
        if request.messages:
            message = "it has died"
            raise EngineUnavailable(message)
        yield ReplyEnded("stop", 0, 0)


async def test_a_missing_engine_is_a_server_error() -> None:
    engines = Engines(ScriptRecogniser(), FailingModel(), ScriptVoices(), is_ready=lambda: False)
    async with server(engines) as s, httpx2.AsyncClient() as http:
        with pytest.raises(openai.InternalServerError) as failed:
            await s.client.chat.completions.create(model=MODEL, messages=asking("hi"), stream=True)
        ready = await http.get(f"{s.base}/readyz")

    assert failed.value.status_code == 503
    assert ready.status_code == 503


class PatientModel:
    """Writes one word, then waits until nobody wants it any more."""

    def __init__(self) -> None:
        self.was_stopped = asyncio.Event()

    async def reply(self, request: Any) -> Any:
        try:
            yield TextWritten("Well")
            await asyncio.Event().wait()
            yield ReplyEnded("stop", 1, 1)
        finally:
            self.was_stopped.set()


async def test_a_client_that_leaves_stops_the_model() -> None:
    model = PatientModel()
    engines = Engines(ScriptRecogniser(), model, ScriptVoices())
    async with server(engines) as s:
        stream = await s.client.chat.completions.create(
            model=MODEL, messages=asking("hi"), stream=True
        )
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()

        async with asyncio.timeout(5):
            await model.was_stopped.wait()
