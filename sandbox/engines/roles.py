"""What the vendors' servers need from an engine or a script: ears, a model, voices."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

SPEECH_RATE = 24_000  # what voices give: 16-bit little-endian mono at this rate
LINE_RATE = 8000  # what ears take: μ-law at this rate, one byte a sample


class EngineUnavailable(Exception):
    """The engine is not there just now: starting, restarting, or gone for good."""


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word as written, with the samples it took since the stream's first."""

    text: str
    started_at: int
    ended_at: int
    confidence: float = 0.99


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a stream's audio that wants words."""

    audio: bytes
    started_at: int
    ended_at: int
    is_final: bool
    is_utterance_end: bool = False
    is_late: bool = False  # more work waits behind it
    key_terms: tuple[str, ...] = ()


class Ear(Protocol):
    """Listens to one stream."""

    chunk_bytes: int  # how much `notices` takes at a time; the stream's last may be shorter
    onset_chunks: int  # so many in a row with voice begin an utterance
    first_interim: int  # samples of voice after which the first interim result is worth it
    interim_every: int  # and after which another one is

    def notices(self, chunk: bytes) -> bool:
        """Tell whether there is voice in the stream's next chunk."""

    async def words(self, span: Span) -> Sequence[HeardWord] | None:
        """Return the words of a span; None where an interim result has to be skipped.

        A final span that does not end an utterance may leave its last words for the next one.
        """


class Recogniser(Protocol):
    """Gives every stream an ear of its own."""

    def listen(self) -> Ear:
        """Begin with a new stream."""


@dataclass(frozen=True, slots=True)
class TextWritten:
    """The model wrote so much."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The model calls a tool; arguments are JSON."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """Why the model stopped, and what it read and wrote, in tokens."""

    reason: str
    prompt_tokens: int
    completion_tokens: int


Written = TextWritten | ToolCalled | ReplyEnded


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A checked request for a reply: messages and tools as on the wire."""

    model: str
    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)  # temperature, max_tokens and the like


class ChatModel(Protocol):
    """Writes replies."""

    def reply(self, request: ChatRequest) -> AsyncGenerator[Written]:
        """Yield what is written, a `ReplyEnded` last; closing the generator stops the work."""


class Voices(Protocol):
    """Reads text aloud."""

    def speak(self, text: str, *, voice: str, speed: float) -> AsyncGenerator[bytes]:
        """Yield PCM as it is made; closing the generator stops the work."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One of each, script or real."""

    recogniser: Recogniser
    model: ChatModel
    voices: Voices
    is_ready: Callable[[], bool] = lambda: True
    warm: Callable[[Sequence[str]], None] | None = None  # have system prompts read beforehand
