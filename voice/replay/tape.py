"""What a recording holds: everything that came to one call from outside, with its moment.

A tape holds words and times and no sound: of audio only the sizes are kept. All moments are
seconds since the stream's start, to the microsecond.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec

from shared.configuration import PersonaView
from shared.errors import BuddyError
from shared.services.caller_profiles import CallerProfile
from voice.conversation.events import Event
from voice.conversation.prompts import ModelMessage
from voice.conversation.reception import ReceptionRules, Visitor
from voice.conversation.recovery import Recovered, Redial
from voice.conversation.turn_rules import TurnRules
from voice.ports import Voice

VERSION: Final = 1
DIGITS: Final = 6  # of a moment: microseconds

EVENTS: Final[dict[str, type]] = {kind.__name__: kind for kind in get_args(Event)}


class UnreadableTape(BuddyError):
    """These bytes are no recording, or one of a version that this program can't run."""


class Happened(msgspec.Struct, frozen=True, array_like=True):
    """An event that somebody outside posted."""

    at: float
    name: str
    fields: dict[str, Any]


class Key(msgspec.Struct, frozen=True, array_like=True, tag="key"):
    """The caller pressed a key; those of a PIN are kept as zeros."""

    at: float
    digit: str


class Heard(msgspec.Struct, frozen=True, array_like=True, tag="heard"):
    """The recogniser said something; `ended_at` in its fields is in stream time."""

    at: float
    name: str
    fields: dict[str, Any]


class Hooked(msgspec.Struct, frozen=True, array_like=True, tag="hooked"):
    """The recogniser was lost for longer than a moment, or is back."""

    at: float
    is_lost: bool


class GivenUp(msgspec.Struct, frozen=True, array_like=True, tag="given_up"):
    """The recogniser is lost for good."""

    at: float


class Closed(msgspec.Struct, frozen=True, array_like=True, tag="closed"):
    """The line is gone."""

    at: float
    is_lost: bool


CallerItem = Key | Heard | Hooked | GivenUp | Closed


class Written(msgspec.Struct, array_like=True):
    """A reply of the model: its tokens, each with the seconds since it was asked for."""

    key: str
    tokens: list[tuple[float, str]] = msgspec.field(default_factory=list)
    ended_after: float = 0.0
    failure: bool | None = None  # it failed: whether asking again could have helped
    is_cut: bool = False  # nobody wanted the rest


class Spoken(msgspec.Struct, array_like=True):
    """A segment's speech: its chunks in bytes, each with the seconds since it was asked for."""

    key: str
    characters: int
    chunks: list[tuple[float, int]] = msgspec.field(default_factory=list)
    ended_after: float = 0.0
    failure: bool | None = None
    is_cut: bool = False


class Proved(msgspec.Struct, frozen=True, array_like=True):
    """A PIN was looked up, and how long that took."""

    seconds: float
    fields: dict[str, Any]


class Ruled(msgspec.Struct, frozen=True, array_like=True):
    """From this moment on these rules held with a buddy."""

    at: float
    menu_key: int
    rules: TurnRules


class Profiled(msgspec.Struct, frozen=True, array_like=True):
    """From this moment on this was known of the caller."""

    at: float
    profile: CallerProfile


class Sound(msgspec.Struct, frozen=True, array_like=True):
    """What went to the line: so many bytes of audio; none is a `clear`."""

    at: float
    size: int


class Tape(msgspec.Struct):
    """One call's recording."""

    began_at: str  # ISO 8601
    profile: CallerProfile
    visitor: Visitor
    redial: Redial | None
    personas: dict[int, PersonaView]
    reception_rules: ReceptionRules
    default_model: str
    announcements: dict[str, tuple[str, int]]  # words, and bytes of their sound
    version: int = VERSION
    resumed: Recovered | None = None  # what earlier streams of the call had come to
    sequence: int = 0  # its entries are counted on from here
    slower: int = 0  # times that slower speech had been asked for
    made_ahead: dict[str, int] = msgspec.field(default_factory=dict)  # bytes, by key
    ready: list[tuple[str, list[str]]] = msgspec.field(default_factory=list)  # of words, by key
    media_at: list[float] = msgspec.field(default_factory=list)  # frames of the caller's audio
    caller: list[CallerItem] = msgspec.field(default_factory=list)
    marks_late: list[float] = msgspec.field(default_factory=list)  # seconds after they were due
    late: dict[str, float] = msgspec.field(default_factory=dict)  # the same by the marks' names
    written: list[Written] = msgspec.field(default_factory=list)
    spoken: list[Spoken] = msgspec.field(default_factory=list)
    profiles: list[Profiled] = msgspec.field(default_factory=list)
    rules: list[Ruled] = msgspec.field(default_factory=list)
    pins: list[Proved] = msgspec.field(default_factory=list)
    metered: list[Happened] = msgspec.field(default_factory=list)  # since the meter's start
    outside: list[Happened] = msgspec.field(default_factory=list)
    sent: list[Sound] = msgspec.field(default_factory=list)

    def encode(self) -> bytes:
        """Return the tape as JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> Tape:
        """Read a tape; raise `UnreadableTape` where these bytes are none of this version."""
        try:
            tape = msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, UnicodeError) as error:
            message = "this is no recording that can be read"
            raise UnreadableTape(message) from error
        if tape.version != VERSION:
            message = f"the recording is of version {tape.version}; this program runs {VERSION}"
            raise UnreadableTape(message)
        return tape


def moment(seconds: float) -> float:
    """Return an instant as tapes keep them."""
    return round(seconds, DIGITS)


def fields_of(event: Event) -> tuple[str, dict[str, Any]]:
    """Return an event's name and plain fields."""
    return type(event).__name__, msgspec.to_builtins(event)


def event_of(name: str, fields: dict[str, Any]) -> Event:
    """Return the event that `fields_of` took apart; raise `UnreadableTape` for an unknown one."""
    try:
        event: Event = msgspec.convert(fields, EVENTS[name])
    except (KeyError, msgspec.ValidationError) as error:
        message = f"the recording holds an event {name!r} that nobody knows"
        raise UnreadableTape(message) from error
    return event


def model_key(messages: Sequence[ModelMessage], model: str) -> str:
    """Return by what a recorded reply is found: who was asked what."""
    return _hash(model, *(part for message in messages for part in (message.role, message.text)))


def voice_key(text: str, voice: Voice) -> str:
    """Return by what recorded speech is found: who says what, and how."""
    return _hash(text, voice.name, voice.instructions, str(voice.speed))


def _hash(*parts: str) -> str:
    return hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:24]
