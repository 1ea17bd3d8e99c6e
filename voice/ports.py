"""What the voice service needs from the outside: six ports, each with adapters at the edge.

Audio is μ-law at 8 kHz everywhere in here: one byte a sample, 160 bytes a 20 ms frame.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from shared.errors import ProviderError
from voice.conversation.events import (
    TranscriptReceived,
    UtteranceEnded,
    UtteranceLikelyEnded,
    UtteranceResumed,
    VoiceDetected,
)
from voice.conversation.prompts import ModelMessage

FRAME_BYTES = 160
BYTES_A_SECOND = 8000

RecogniserEvent = (
    VoiceDetected | TranscriptReceived | UtteranceLikelyEnded | UtteranceResumed | UtteranceEnded
)


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """How the recogniser shall listen."""

    language: str = "en-US"
    endpointing_ms: int = 300  # the recogniser's own, short: it is only a hint
    key_terms: tuple[str, ...] = ()
    is_patient: bool = False  # a short sound that nothing comes back for is taken for noise


class RecogniserStream(Protocol):
    """One open connection to a recogniser. `ended_at` counts from this connection's first audio."""

    def send(self, audio: bytes) -> None:
        """Hand over 20 to 250 ms of audio; raise `ProviderError` when the connection is gone.

        It never waits: a connection that takes nothing any more is one that is gone.
        """

    def events(self) -> AsyncIterator[RecogniserEvent]:
        """Yield what is heard until closed; raise `ProviderError` if the connection breaks."""

    async def finish(self) -> None:
        """Ask for what was said so far as final words; they arrive through `events`."""


class SpeechToText(Protocol):
    """Turns a caller's audio into words."""

    def open(self, options: ListenOptions) -> AbstractAsyncContextManager[RecogniserStream]:
        """Connect; raise `ProviderError` if that can't be done. Keeps itself alive while open."""


class LanguageModel(Protocol):
    """Writes replies."""

    def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        """Yield the reply's text as it is written; raise `ProviderError` when it fails.

        Closing the generator cancels the request.
        """


@dataclass(frozen=True, slots=True)
class Voice:
    """How a persona sounds."""

    name: str
    instructions: str = ""
    speed: float = 1.0


class TextToSpeech(Protocol):
    """Turns text into a voice."""

    def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        """Yield μ-law audio of any chunk size as it is made; raise `ProviderError` on failure.

        Closing the generator cancels the request.
        """


@dataclass(frozen=True, slots=True)
class MediaReceived:
    """20 ms of the caller's audio, as the line sent it."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class MarkReturned:
    """Everything sent before the mark has been played, or cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key on the caller's phone."""

    digit: str


@dataclass(frozen=True, slots=True)
class LegClosed:
    """The stream has ended."""

    is_lost: bool = False  # it broke off: nobody said that the call is over


LegEvent = MediaReceived | MarkReturned | KeyPressed | LegClosed


class CallLeg(Protocol):
    """The caller's line. One writer a leg."""

    def follow(self, take: Callable[[LegEvent], None]) -> None:
        """Hand over what has come, and from now on what comes, at once and in order.

        After `LegClosed` nothing comes.
        """

    async def send_audio(self, audio: bytes) -> None:
        """Queue audio to be played in order."""

    async def send_mark(self, name: str) -> None:
        """Ask to be told when everything sent before has been played."""

    async def clear(self) -> None:
        """Drop what has not been played."""

    async def close(self) -> None:
        """Close the stream; Twilio then goes on with the next verb."""


class CallControl(Protocol):
    """Acts on a call from outside its stream."""

    async def hang_up(self, call_sid: str) -> None:
        """End the call; raise `ProviderError` if the vendor would not."""

    async def is_over(self, call_sid: str) -> bool:
        """Tell whether the call has ended, or never was; raise `ProviderError` if nobody says."""


class RecipientOptedOut(ProviderError):
    """The recipient wrote STOP: nothing may be sent to that number any more."""

    def __init__(self) -> None:
        super().__init__("text messages", "the recipient has opted out", retryable=False)


@dataclass(frozen=True, slots=True)
class SentText:
    """A text that the vendor has taken."""

    message_sid: str
    status: str


class TextMessages(Protocol):
    """Sends short texts."""

    async def send(self, to: str, body: str, *, status_url: str) -> SentText:
        """Send once; what becomes of it is told to `status_url`.

        Raise `RecipientOptedOut`, or `ProviderError`, after which it may or may not be on its way.
        """
