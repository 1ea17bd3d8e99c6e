"""What happened on the line, in the past tense.

Reply events carry the id of the reply they belong to; the machines drop those of any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

ReplyId = NewType("ReplyId", int)


# What the caller does.


@dataclass(frozen=True, slots=True)
class VoiceDetected:
    """There is voice on the line; no words yet."""


@dataclass(frozen=True, slots=True)
class TranscriptReceived:
    """Words were recognised."""

    text: str
    is_final: bool
    # When the last word ended, if known. Ports count in stream time, from the first audio
    # they were given; the shell hands it to the machines on their own clock.
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class UtteranceLikelyEnded:
    """The recogniser believes that the caller is done: a hint, the pause time decides."""


@dataclass(frozen=True, slots=True)
class UtteranceResumed:
    """The caller goes on after all: the hint that they were done is taken back."""


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """The recogniser is sure that the caller is done: the stronger hint."""


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """The caller pressed a key: 0-9, * or #."""

    digit: str


@dataclass(frozen=True, slots=True)
class CallerHungUp:
    """The line is gone."""

    is_lost: bool = False  # it broke: nobody ended the call


# What the model and the line do with a reply.


@dataclass(frozen=True, slots=True)
class SegmentGenerated:
    """The model wrote the next piece worth speaking."""

    reply: ReplyId
    text: str


@dataclass(frozen=True, slots=True)
class ReplyGenerated:
    """The model wrote its last word."""

    reply: ReplyId


@dataclass(frozen=True, slots=True)
class SegmentStarted:
    """The first frame of a segment went out; it is heard once what was sent before is over."""

    reply: ReplyId
    segment: int


@dataclass(frozen=True, slots=True)
class SegmentPlayed:
    """A mark came back: this share of the segment, 0 to 1, has been heard."""

    reply: ReplyId
    segment: int
    share: float = 1.0


# What becomes of a PIN.


class PinResult(StrEnum):
    """Whether it was the account's."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"
    NOT_SET = "not_set"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class PinChecked:
    """The PIN that the caller typed was looked up."""

    result: PinResult
    tries_left: int = 0


# What fails.


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The model gave no (further) words for this reply."""

    reply: ReplyId


@dataclass(frozen=True, slots=True)
class SynthesisFailed:
    """A segment could not be turned into speech by any voice, or not to its end.

    What there is of it is on the line; `SegmentPlayed` tells when it was heard.
    """

    reply: ReplyId
    segment: int
    spoken: float = 0.0  # the share of its words that is on the line


@dataclass(frozen=True, slots=True)
class RecogniserLost:
    """Nobody listens to the caller any more, and reconnecting has failed so far."""

    is_for_good: bool = False  # nobody will: it is given up


@dataclass(frozen=True, slots=True)
class RecogniserRestored:
    """The caller is listened to again."""


@dataclass(frozen=True, slots=True)
class StoreLost:
    """The database does not answer; the call goes on from what it holds."""


# What talk time does.


@dataclass(frozen=True, slots=True)
class TalkTimeLow:
    """So many seconds of talk time are left."""

    seconds_left: int


@dataclass(frozen=True, slots=True)
class TalkTimeOver:
    """No talk time is left."""


# What ends a call from our side.


@dataclass(frozen=True, slots=True)
class LeaseRanOut:
    """Nobody knows what talk time is left: the database has been away for a whole lease."""


class StopReason(StrEnum):
    """Why nothing more may be spent on a call."""

    LONGEST_CALL = "longest_call"
    BUDGET = "budget"
    KILL_SWITCH = "kill_switch"
    FAIR_USE = "fair_use"


@dataclass(frozen=True, slots=True)
class SpendStopped:
    """The spend guard lets this call go on no longer."""

    reason: StopReason


@dataclass(frozen=True, slots=True)
class CallDeleted:
    """The call, or all of its account, is being deleted while it runs."""


@dataclass(frozen=True, slots=True)
class ServiceEnding:
    """The process must end soon and lets the call say goodbye."""

    is_short: bool = False  # in a second or three


Hint = VoiceDetected | UtteranceLikelyEnded | UtteranceResumed | UtteranceEnded
ReplyEvent = (
    SegmentGenerated
    | ReplyGenerated
    | SegmentStarted
    | SegmentPlayed
    | ReplyFailed
    | SynthesisFailed
)
ServiceEvent = PinChecked | TalkTimeLow | RecogniserLost | RecogniserRestored | StoreLost
ClosingEvent = TalkTimeOver | LeaseRanOut | SpendStopped | CallDeleted | ServiceEnding
Event = (
    Hint
    | TranscriptReceived
    | DigitPressed
    | CallerHungUp
    | ReplyEvent
    | ServiceEvent
    | ClosingEvent
)
