"""The calls that end from our side: with which words, and what is kept as the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from voice.conversation import events as on
from voice.conversation.commands import Announcement, EndReason
from voice.conversation.events import ClosingEvent, StopReason


@dataclass(frozen=True, slots=True)
class Ending:
    """The last words of a call, and why it ends."""

    words: Announcement
    reason: EndReason


RECOGNISER_GONE: Final = Ending(Announcement.RECOGNISER_GONE, EndReason.RECOGNISER_LOST)
CALLER_SILENT: Final = Ending(Announcement.SILENT_GOODBYE, EndReason.CALLER_SILENT)
FAILED: Final = Ending(Announcement.FAILED_GOODBYE, EndReason.FAILED)
_STOPPED: Final[Mapping[StopReason, Ending]] = MappingProxyType(
    {
        StopReason.LONGEST_CALL: Ending(Announcement.LONGEST_CALL, EndReason.LONGEST_CALL),
        StopReason.BUDGET: Ending(Announcement.BUDGET_OVER, EndReason.BUDGET_OVER),
        StopReason.KILL_SWITCH: Ending(Announcement.SERVICE_PAUSED, EndReason.SERVICE_PAUSED),
        StopReason.FAIR_USE: Ending(Announcement.FAIR_USE_OVER, EndReason.FAIR_USE_OVER),
    }
)
_REFUSED: Final[Mapping[Announcement, EndReason]] = MappingProxyType(
    {
        Announcement.LINE_IN_USE: EndReason.LINE_IN_USE,
        Announcement.ALL_LINES_BUSY: EndReason.ALL_LINES_BUSY,
        Announcement.SERVICE_PAUSED: EndReason.SERVICE_PAUSED,
        Announcement.FAIR_USE_OVER: EndReason.FAIR_USE_OVER,
        Announcement.BUDGET_OVER: EndReason.BUDGET_OVER,
    }
)


def ending_of(event: ClosingEvent, farewell: Announcement) -> Ending:
    """Return how a call ends on which this has happened; how to go on is the caller's own."""
    match event:
        case on.TalkTimeOver():
            return Ending(farewell, EndReason.TALK_TIME_OVER)
        case on.LeaseRanOut():
            return FAILED
        case on.SpendStopped(reason):
            return _STOPPED[reason]
        case on.CallDeleted():
            return Ending(Announcement.ACCOUNT_DELETED, EndReason.ACCOUNT_DELETED)
        case on.ServiceEnding(is_short):
            words = Announcement.SERVICE_STOPPING if is_short else Announcement.SERVICE_ENDING
            return Ending(words, EndReason.SERVICE_ENDING)


def refusal_of(words: Announcement) -> Ending:
    """Return how a call ends whose caller can't be put through to anybody."""
    return Ending(words, _REFUSED.get(words, EndReason.NO_TALK_TIME))


def line_ending(event: on.CallerHungUp) -> EndReason:
    """Return why a call ended whose line is gone."""
    return EndReason.LINE_LOST if event.is_lost else EndReason.CALLER_HUNG_UP
