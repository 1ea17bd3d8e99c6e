"""The script model: canned replies, at a pace of their own.

    {"replies": [{"match": "weather", "text": "Sunny.", "first_token_ms": 50, "token_ms": 10},
                 {"match": "news", "tool_calls": [{"name": "search", "arguments": {"q": "news"}}]}]}

`match` is a regular expression on the last user message, the first reply that matches is given;
without `match` it always does, with `times` only so often. Who has no reply repeats what was said.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.engines.roles import ChatRequest, ReplyEnded, TextWritten, ToolCalled, Written

_TOKEN = re.compile(r"\s*[\w']+|\s*[^\w\s]|\s+$")


@dataclass(slots=True)
class ScriptedReply:
    """What to say to whom, and how fast."""

    match: str = ""
    text: str = ""
    tool_calls: Sequence[dict[str, Any]] = ()
    first_token_ms: float = 0.0
    token_ms: float = 0.0
    times: int | None = None


class ScriptModel:
    """Replies by script."""

    def __init__(self) -> None:
        self._replies: list[ScriptedReply] = []

    def take(self, script: dict[str, Any]) -> None:
        """Use these replies from now on."""
        replies = [ScriptedReply(**reply) for reply in script["replies"]]
        for reply in replies:
            re.compile(reply.match)
        self._replies = replies

    def forget(self) -> None:
        """Have no replies any more."""
        self._replies = []

    async def reply(self, request: ChatRequest) -> AsyncGenerator[Written]:
        said = last_user_text(request.messages)
        reply = self._choose(said)
        await asyncio.sleep(reply.first_token_ms / 1000)
        prompt_tokens = sum(len(tokens_of(text_of(m))) + 4 for m in request.messages)
        most = request.options.get("max_completion_tokens") or request.options.get("max_tokens")
        tokens = tokens_of(reply.text)
        for place, token in enumerate(tokens[:most]):
            if place:
                await asyncio.sleep(reply.token_ms / 1000)
            yield TextWritten(token)
        for call in reply.tool_calls:
            yield ToolCalled(call["name"], json.dumps(call.get("arguments", {})))
        reason = "tool_calls" if reply.tool_calls else "stop"
        if most is not None and len(tokens) > most:
            reason = "length"
        yield ReplyEnded(reason, prompt_tokens, len(tokens[:most]) + 8 * len(reply.tool_calls))

    def _choose(self, said: str) -> ScriptedReply:
        for reply in self._replies:
            if reply.times != 0 and re.search(reply.match, said, re.IGNORECASE):
                if reply.times is not None:
                    reply.times -= 1
                return reply
        return ScriptedReply(
            text=f"You said {said}" + ("" if said.endswith((".", "?", "!")) else ".")
        )


def tokens_of(text: str) -> list[str]:
    """Split as a model would, roughly: words and marks with the space before them."""
    return _TOKEN.findall(text)


def text_of(message: dict[str, Any]) -> str:
    """Return a message's text, whichever way it is written."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def last_user_text(messages: Sequence[dict[str, Any]]) -> str:
    """Return what the user said last."""
    return next((text_of(m) for m in reversed(messages) if m.get("role") == "user"), "").strip()
