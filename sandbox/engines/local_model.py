"""The local language model, made to talk on a telephone.

A small model on two cores writes about nine words a second at best and rambles when it is let.
So it is cool (temperature 0.3 whatever is asked for: warmer, it forgets who it is), ends at a
sentence once enough has been said, and reads no more history than fits. It can't call tools, so
it is not told of them. Usage is estimated where it was stopped. System prompts it has met are read
again after a restart, before anybody asks; `warm` teaches it new ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from sandbox.engines.process import EngineProcess
from sandbox.engines.roles import (
    ChatModel,
    ChatRequest,
    EngineUnavailable,
    ReplyEnded,
    TextWritten,
    Written,
)
from sandbox.engines.script_model import text_of
from sandbox.engines.upstream_model import UpstreamModel

TEMPERATURE = 0.3
MOST_TOKENS = 90  # of a reply that finds no end
ENOUGH_WORDS = 24  # then the sentence is the last
ENOUGH_SENTENCES, FEW_WORDS = 2, 12  # or this many sentences with at least so many words
LONGEST_HISTORY = 9000  # characters; with the system prompt well below the model's context
REMEMBERED_PREFIXES = 8
RESTART_PATIENCE = 15.0  # seconds that a request waits for an engine that has died
WARMING_STEP = 450  # characters read at a time: a caller who comes in between waits for one step
CHARACTERS_A_TOKEN = 4.3  # of English, about
_SENTENCE_END = re.compile(r"[.!?]['\")]*$")


class LocalModel:
    """Replies from the engine's own server."""

    def __init__(self, process: EngineProcess) -> None:
        self._process = process
        self._prefixes: OrderedDict[str, None] = OrderedDict()  # newest last
        self._cold: list[str] = []
        self._replies = 0  # being written now
        self._idle = asyncio.Event()
        self._idle.set()
        self._woken = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Keep system prompts warm from now on."""
        self._keeping = asyncio.create_task(self._keep_warm())

    async def stop(self) -> None:
        """Warm no more."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping

    def warm(self, prefixes: Sequence[str]) -> None:
        """Read these system prompts when there is nothing else to do."""
        for prefix in prefixes:
            self._remember(prefix)
        self._cold += [prefix for prefix in prefixes if prefix not in self._cold]
        self._woken.set()

    @property
    def is_warm(self) -> bool:
        """Tell whether all that was asked for has been read."""
        return not self._cold

    async def reply(self, request: ChatRequest) -> AsyncGenerator[Written]:
        self._replies += 1
        self._idle.clear()
        try:
            system = _system_text(request.messages)
            if not any(system.startswith(prefix) for prefix in self._prefixes):
                self._remember(system)
            await self._process.until_ready(RESTART_PATIENCE)
            asked = _for_the_telephone(request)
            is_speech = "response_format" not in request.options
            async with aclosing(self._server().reply(asked)) as written:
                async for piece in _until_enough(written, asked) if is_speech else written:
                    yield piece
            self._cold = [prefix for prefix in self._cold if not system.startswith(prefix)]
        finally:
            self._replies -= 1
            if not self._replies:
                self._idle.set()

    def _server(self) -> ChatModel:
        ready = self._process.ready
        if ready is None:
            raise EngineUnavailable(self._process.failure or "the language model is starting")
        return UpstreamModel(ready["url"], ready["key"])

    def _remember(self, prefix: str) -> None:
        if not prefix:
            return
        self._prefixes[prefix] = None
        self._prefixes.move_to_end(prefix)
        while len(self._prefixes) > REMEMBERED_PREFIXES:
            self._prefixes.popitem(last=False)

    async def _keep_warm(self) -> None:
        met: Any = None  # the server whose memory we know
        while True:
            await self._process.until_ready()
            if met is not self._process.ready:
                met = self._process.ready
                self._cold = list(dict.fromkeys([*self._cold, *self._prefixes]))
            await self._idle.wait()
            if self._cold:
                await self._warm_one(self._cold[0])
                continue
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):  # a restarted engine does not call
                    await self._woken.wait()

    async def _warm_one(self, prefix: str) -> None:
        """Have one prompt read, step by step: each goes on where the last one stopped."""
        for end in range(WARMING_STEP, len(prefix) + WARMING_STEP, WARMING_STEP):
            await self._idle.wait()
            try:
                await self._read(prefix[:end])
            except EngineUnavailable:  # it has died: its owner starts it again
                await asyncio.sleep(1.0)
                return
        self._cold = [other for other in self._cold if other != prefix]

    async def _read(self, system: str) -> None:
        messages = ({"role": "system", "content": system}, {"role": "user", "content": "Hello."})
        options = {"max_tokens": 1, "cache_prompt": True}
        request = ChatRequest("gpt-local", messages, options=options)
        async with aclosing(self._server().reply(request)) as written:
            async for _ in written:
                pass


def _for_the_telephone(request: ChatRequest) -> ChatRequest:
    options = {
        **request.options,
        "temperature": TEMPERATURE,
        "cache_prompt": True,
        "max_tokens": min(
            MOST_TOKENS,
            request.options.get("max_completion_tokens")
            or request.options.get("max_tokens")
            or MOST_TOKENS,
        ),
    }
    options.pop("max_completion_tokens", None)
    options.pop("tool_choice", None)
    return replace(request, tools=(), options=options, messages=_that_fit(request.messages))


def _system_text(messages: Sequence[dict[str, Any]]) -> str:
    first = messages[0]
    return text_of(first) if first.get("role") in ("system", "developer") else ""


def _that_fit(messages: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Drop the oldest of the conversation where it is too long; the system prompt stays."""
    first = [m for m in messages[:1] if m.get("role") in ("system", "developer")]
    kept: list[dict[str, Any]] = []
    length = sum(len(text_of(m)) for m in first)
    for message in reversed(messages[len(first) :]):
        length += len(text_of(message))
        if kept and length > LONGEST_HISTORY:
            break
        kept.append(message)
    return (*first, *reversed(kept))


async def _until_enough(
    written: AsyncGenerator[Written], request: ChatRequest
) -> AsyncGenerator[Written]:
    """End at the end of a sentence once enough has been said."""
    text, tokens = "", 0
    async for piece in written:
        if isinstance(piece, TextWritten):
            if piece.text[:1].isspace() and _is_enough(text):
                read = sum(len(text_of(message)) for message in request.messages)
                yield ReplyEnded("stop", round(read / CHARACTERS_A_TOKEN), tokens)
                return
            text += piece.text
            tokens += 1
        yield piece


def _is_enough(text: str) -> bool:
    if not _SENTENCE_END.search(text):
        return False
    words = len(text.split())
    sentences = len(re.findall(r"[.!?]+['\")]*(?=\s|$)", text))
    return words >= ENOUGH_WORDS or (sentences >= ENOUGH_SENTENCES and words >= FEW_WORDS)
