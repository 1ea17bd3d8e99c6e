"""What Deepgram's sockets say, as far as it is understood here; pure.

The SDK builds every kind of message out of every message until one fits: measured in one run, the
words of a short sentence take it twenty times as long.

Per developers.deepgram.com/reference: speech-to-text/listen-streaming,
speech-to-text/listen-flux, text-to-speech/speak-streaming.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from shared.errors import RemoteProtocolError


class Word(msgspec.Struct, frozen=True):
    """A word, and where in the stream it was heard; not every message says that."""

    text: str = msgspec.field(name="word")
    start: float | None = None  # seconds
    end: float | None = None


class Reading(msgspec.Struct, frozen=True):
    """One way to understand a stretch of the stream."""

    transcript: str
    words: tuple[Word, ...] = ()


class Channel(msgspec.Struct, frozen=True):
    """The readings of the one channel there is, the best first."""

    alternatives: tuple[Reading, ...]


class Results(msgspec.Struct, frozen=True):
    """What `/v1/listen` has understood of a stretch."""

    channel: Channel
    start: float  # seconds
    duration: float
    is_final: bool
    speech_final: bool = False


class TurnInfo(msgspec.Struct, frozen=True):
    """What `/v2/listen` makes of the turn so far."""

    event: str
    transcript: str
    audio_window_end: float  # seconds
    words: tuple[Word, ...] = ()


class Complaint(msgspec.Struct, frozen=True):
    """An error or a warning; its description may quote what was sent."""

    code: str | None = None
    variant: str | None = None  # what `/v1/listen` calls it

    @property
    def name(self) -> str:
        return self.code or self.variant or "without a name"


class _Message(msgspec.Struct, frozen=True):
    type: str = ""


T = TypeVar("T")
_message: Final = msgspec.json.Decoder(_Message).decode


def kind_of(text: str | bytes) -> str:
    """Return a message's type; raise `RemoteProtocolError` if it is none."""
    try:
        return _message(text).type
    except (msgspec.DecodeError, UnicodeError) as error:
        message = "what came is no message"
        raise RemoteProtocolError(message) from error


def decoded(text: str | bytes, kind: type[T]) -> T:
    """Return a message of this kind; raise `RemoteProtocolError` if it makes no sense."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        message = f"a {kind.__name__} message makes no sense"
        raise RemoteProtocolError(message) from error
