"""Any OpenAI-compatible model server, as the sandbox's language model."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp

from sandbox.engines.roles import (
    ChatRequest,
    EngineUnavailable,
    ReplyEnded,
    TextWritten,
    ToolCalled,
    Written,
)

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 120.0  # a cold prompt on a busy machine takes a while


class UpstreamModel:
    """Passes requests on; closing a reply cuts the connection, which stops the server's work."""

    def __init__(self, url: str, key: str, model: str | None = None) -> None:
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._key = key
        self._model = model

    async def reply(self, request: ChatRequest) -> AsyncGenerator[Written]:
        body: dict[str, Any] = {
            **request.options,
            "model": self._model or request.model,
            "messages": list(request.messages),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.tools:
            body["tools"] = list(request.tools)
        timeout = aiohttp.ClientTimeout(
            total=None, connect=CONNECT_SECONDS, sock_read=SILENT_SECONDS
        )
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.post(self._url, json=body, headers=headers) as answer,
            ):
                if answer.status != 200:  # noqa: PLR2004 - HTTP's own
                    reason = f"the model server answered {answer.status}: {await answer.text()}"
                    raise EngineUnavailable(reason)
                reading = _Reading()
                async for line in answer.content:
                    for piece in reading.take(line):
                        yield piece
                for piece in reading.end():
                    yield piece
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = f"the model server failed: {error!r}"
            raise EngineUnavailable(reason) from error


class _Reading:
    """Makes sense of the event stream."""

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, str]] = {}
        self._reason = "stop"
        self._usage: dict[str, Any] = {}

    def take(self, line: bytes) -> list[Written]:
        """Read one line."""
        text = line.strip()
        if not text.startswith(b"data:") or text.endswith(b"[DONE]"):
            return []
        chunk = json.loads(text[5:])
        if "error" in chunk:
            raise EngineUnavailable(str(chunk["error"]))
        self._usage = chunk.get("usage") or self._usage
        written: list[Written] = []
        for choice in chunk.get("choices", ()):
            self._reason = choice.get("finish_reason") or self._reason
            delta = choice.get("delta") or {}
            if delta.get("content"):
                written.append(TextWritten(delta["content"]))
            for call in delta.get("tool_calls") or ():
                self._gather(call)
        return written

    def end(self) -> list[Written]:
        """Return what is known only now."""
        calls = [ToolCalled(call["name"], call["arguments"]) for call in self._calls.values()]
        prompt = self._usage.get("prompt_tokens", 0)
        return [*calls, ReplyEnded(self._reason, prompt, self._usage.get("completion_tokens", 0))]

    def _gather(self, delta: dict[str, Any]) -> None:
        call = self._calls.setdefault(delta.get("index", 0), {"name": "", "arguments": ""})
        function = delta.get("function") or {}
        call["name"] += function.get("name") or ""
        call["arguments"] += function.get("arguments") or ""
