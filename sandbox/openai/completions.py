"""The JSON of chat completions, whole or in pieces, per the API reference."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sandbox.engines.roles import ReplyEnded, TextWritten, ToolCalled, Written

DONE = "data: [DONE]\n\n"
_ARGUMENT_PIECE = 12  # characters of a tool's arguments in one chunk


def sse(message: dict[str, Any]) -> str:
    """Return one server-sent event."""
    return f"data: {json.dumps(message, separators=(',', ':'))}\n\n"


@dataclass(slots=True)
class Completion:
    """One reply's envelope."""

    model: str
    has_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid4().hex[:29]}")
    created: int = field(default_factory=lambda: int(time.time()))
    _tools: int = 0

    def opening(self, first: Written) -> dict[str, Any]:
        """Return the chunk that says who speaks."""
        content = None if isinstance(first, ToolCalled) else ""
        return self._chunk({"role": "assistant", "content": content, "refusal": None})

    def chunks(self, written: Written) -> list[dict[str, Any]]:
        """Return what is sent for a piece."""
        match written:
            case TextWritten(text):
                return [self._chunk({"content": text})]
            case ToolCalled(name, arguments):
                return self._tool_chunks(name, arguments)
            case ReplyEnded() as end:
                last = [self._chunk({}, end.reason)]
                if self.has_usage:
                    last.append(self._envelope([], _usage(end)))
                return last

    async def whole(self, written: AsyncIterable[Written]) -> dict[str, Any]:
        """Return the reply in one object."""
        text, calls = "", list[dict[str, Any]]()
        end = ReplyEnded("stop", 0, 0)
        async for piece in written:
            match piece:
                case TextWritten(more):
                    text += more
                case ToolCalled(name, arguments):
                    function = {"name": name, "arguments": arguments}
                    calls.append({"id": _call_id(), "type": "function", "function": function})
                case ReplyEnded():
                    end = piece
        message: dict[str, Any] = {
            "role": "assistant",
            "content": text or (None if calls else ""),
            "refusal": None,
            "annotations": [],
        }
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": end.reason}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [choice],
            "usage": _usage(end),
            "service_tier": "default",
            "system_fingerprint": None,
        }

    def _tool_chunks(self, name: str, arguments: str) -> list[dict[str, Any]]:
        index, self._tools = self._tools, self._tools + 1
        start = {
            "index": index,
            "id": _call_id(),
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }
        pieces = [
            {"index": index, "function": {"arguments": arguments[at : at + _ARGUMENT_PIECE]}}
            for at in range(0, len(arguments), _ARGUMENT_PIECE)
        ]
        return [self._chunk({"tool_calls": [piece]}) for piece in (start, *pieces)]

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._envelope([choice], None)

    def _envelope(
        self, choices: list[dict[str, Any]], usage: dict[str, Any] | None
    ) -> dict[str, Any]:
        chunk: dict[str, Any] = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": None,
            "choices": choices,
        }
        if self.has_usage:
            chunk["usage"] = usage
        return chunk


def _usage(end: ReplyEnded) -> dict[str, Any]:
    return {
        "prompt_tokens": end.prompt_tokens,
        "completion_tokens": end.completion_tokens,
        "total_tokens": end.prompt_tokens + end.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _call_id() -> str:
    return f"call_{uuid4().hex[:24]}"
