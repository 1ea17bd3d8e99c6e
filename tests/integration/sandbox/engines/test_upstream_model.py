"""Any OpenAI-compatible server can be the sandbox's model: here, the sandbox's own script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from quart import Quart

from sandbox.config import SandboxConfig
from sandbox.engines.local_model import WARMING_STEP, LocalModel
from sandbox.engines.process import EngineProcess
from sandbox.engines.roles import (
    ChatRequest,
    Engines,
    EngineUnavailable,
    ReplyEnded,
    TextWritten,
    ToolCalled,
    Written,
)
from sandbox.engines.script_ear import ScriptRecogniser
from sandbox.engines.script_voices import ScriptVoices
from sandbox.engines.upstream_model import UpstreamModel
from sandbox.openai.app import create_app
from sandbox.serving import serving

LISA = {"role": "system", "content": "You are Lisa. " * 100}
ASKED = ChatRequest("gpt-6-luna", (LISA, {"role": "user", "content": "hello"}))


@asynccontextmanager
async def upstream(engines: Engines | None = None) -> AsyncIterator[tuple[str, Quart]]:
    app = create_app(SandboxConfig(script=True), engines)
    async with serving(app) as base:
        yield f"{base}/v1", app


async def control(app: Quart, path: str, body: dict[str, Any]) -> None:
    response = await app.test_client().post(f"/_control/{path}", json=body)
    assert response.status_code == 200


async def everything(reply: Any) -> list[Written]:
    return [piece async for piece in reply]


async def test_text_and_usage_come_through() -> None:
    async with upstream() as (url, _):
        pieces = await everything(UpstreamModel(url, "key").reply(ASKED))

    text = "".join(piece.text for piece in pieces if isinstance(piece, TextWritten))
    end = pieces[-1]
    assert text == "You said hello."
    assert isinstance(end, ReplyEnded)
    assert (end.reason, end.completion_tokens) == ("stop", 4)
    assert end.prompt_tokens > 0


async def test_tool_calls_are_put_together() -> None:
    arguments = {"query": "a rather long query, in several pieces"}
    async with upstream() as (url, app):
        calls = [{"name": "search", "arguments": arguments}, {"name": "hang_up"}]
        await control(app, "script", {"replies": [{"tool_calls": calls}]})
        pieces = await everything(UpstreamModel(url, "key").reply(ASKED))

    assert pieces[:2] == [ToolCalled("search", json.dumps(arguments)), ToolCalled("hang_up", "{}")]


@pytest.mark.parametrize("failure", [{"status": 500}, {"disconnect": True}])
async def test_a_failing_server_is_an_engine_that_is_not_there(failure: dict[str, Any]) -> None:
    async with upstream() as (url, app):
        await control(app, "fail_next", {"route": "chat", **failure})

        with pytest.raises(EngineUnavailable):
            await everything(UpstreamModel(url, "key").reply(ASKED))


class EndlessModel:
    """Waits until nobody wants it any more."""

    def __init__(self) -> None:
        self.was_stopped = asyncio.Event()

    async def reply(self, request: ChatRequest) -> Any:
        try:
            yield TextWritten("and ")
            await asyncio.Event().wait()
        finally:
            self.was_stopped.set()


async def test_leaving_a_reply_stops_the_server() -> None:
    model = EndlessModel()
    engines = Engines(ScriptRecogniser(), model, ScriptVoices())
    async with upstream(engines) as (url, _), asyncio.timeout(5):
        async with aclosing(UpstreamModel(url, "key").reply(ASKED)) as reply:
            await anext(reply)

        await model.was_stopped.wait()


class ReadyProcess(EngineProcess):
    """Stands for the engine's process; its server is somewhere else."""

    def __init__(self, url: str) -> None:
        super().__init__("nothing")
        self.restart(url)

    def restart(self, url: str) -> None:
        self.ready = {"url": url, "key": "key"}


class RecordingModel:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self._asked: asyncio.Queue[ChatRequest] = asyncio.Queue()

    async def reply(self, request: ChatRequest) -> Any:
        self._asked.put_nowait(request)
        yield ReplyEnded("stop", 1, 1)

    async def asked(self) -> ChatRequest:
        async with asyncio.timeout(5):
            return await self._asked.get()


async def test_a_prefix_is_read_step_by_step_and_again_after_a_restart() -> None:
    recording = RecordingModel()
    prefix = str(LISA["content"])
    steps = [prefix[:end] for end in range(WARMING_STEP, len(prefix), WARMING_STEP)]
    async with upstream(Engines(ScriptRecogniser(), recording, ScriptVoices())) as (url, _):
        process = ReadyProcess(url)
        model = LocalModel(process)
        model.start()

        model.warm([prefix])
        first = [(await recording.asked()).messages[0]["content"] for _ in (*steps, prefix)]
        process.restart(url)
        again = [(await recording.asked()).messages[0]["content"] for _ in (*steps, prefix)]
        await model.stop()

    assert first == again == [*steps, prefix]


async def test_what_a_caller_had_read_is_not_read_ahead_any_more() -> None:
    recording = RecordingModel()
    prefix = str(LISA["content"])
    named = {"role": "system", "content": f"{prefix}The caller's name is Sam."}
    async with upstream(Engines(ScriptRecogniser(), recording, ScriptVoices())) as (url, _):
        model = LocalModel(ReadyProcess(url))
        model.warm([prefix])

        await everything(model.reply(ChatRequest("gpt-6-luna", (named, ASKED.messages[1]))))

    assert model.is_warm


async def test_a_local_reply_asks_for_little_and_coolly() -> None:
    recording = RecordingModel()
    async with upstream(Engines(ScriptRecogniser(), recording, ScriptVoices())) as (url, _):
        pieces = await everything(LocalModel(ReadyProcess(url)).reply(ASKED))
        asked = await recording.asked()

    assert isinstance(pieces[-1], ReplyEnded)
    assert asked.options["temperature"] == 0.3
    assert asked.options["max_tokens"] <= 90
    assert asked.tools == ()
