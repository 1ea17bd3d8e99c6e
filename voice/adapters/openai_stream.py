"""Reads the event stream of OpenAI's chat completions; pure.

The SDK makes a validated object of every token, and LangChain a message of each of those: two
thirds of what a reply of sixteen tokens takes of the processor, measured in one run.

https://platform.openai.com/docs/api-reference/chat-streaming/streaming
https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from shared.errors import RemoteProtocolError

DONE: Final = b"[DONE]"


class Function(msgspec.Struct, frozen=True):
    """A piece of a call to a tool: the name comes once, the arguments bit by bit."""

    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct, frozen=True):
    """What a chunk adds to one of the calls to tools."""

    index: int = 0
    id: str | None = None
    function: Function = Function()


class Delta(msgspec.Struct, frozen=True):
    """What a chunk adds to the message."""

    content: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None


class Choice(msgspec.Struct, frozen=True):
    """One of the answers; this service asks for one."""

    delta: Delta | None = None
    finish_reason: str | None = None


class Usage(msgspec.Struct, frozen=True):
    """What a reply is billed by."""

    prompt_tokens: int
    completion_tokens: int


class Failure(msgspec.Struct, frozen=True):
    """Why the stream goes no further; its message may quote what was asked."""

    code: str | None = None
    type: str | None = None


class Chunk(msgspec.Struct, frozen=True):
    """One event of the stream."""

    choices: tuple[Choice, ...] = ()
    usage: Usage | None = None
    error: Failure | None = None

    @property
    def text(self) -> str:
        """The words that it adds."""
        delta = self.choices[0].delta if self.choices else None
        return (delta.content if delta is not None else None) or ""

    @property
    def finish_reason(self) -> str | None:
        """Why the model has stopped, with its last words."""
        return self.choices[0].finish_reason if self.choices else None


_decode: Final = msgspec.json.Decoder(Chunk).decode


class ChunkReader:
    """Makes chunks of a body that arrives in pieces of any length."""

    def __init__(self) -> None:
        self._rest = b""  # of a line
        self._data: list[bytes] = []  # of an event

    def feed(self, piece: bytes) -> Iterator[Chunk]:
        """Yield what is complete; raise `RemoteProtocolError` where it makes no sense."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for ended in lines:
            line = ended.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                data = b"\n".join(self._data)
                self._data.clear()
                if not data.startswith(DONE):
                    yield _chunk(data)


def _chunk(data: bytes) -> Chunk:
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = "an event of the stream makes no sense"
        raise RemoteProtocolError(message) from error
