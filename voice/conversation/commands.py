"""What must be done about it, as orders to the shell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voice.conversation.events import ReplyId
from voice.conversation.keypad import Shortcut


class Side(StrEnum):
    """Who said it."""

    CALLER = "caller"
    BUDDY = "buddy"
    LINE = "line"  # announcements: notice, menu, warnings, apologies


class EndReason(StrEnum):
    """Why a call ended, as it is stored and shown."""

    CALLER_HUNG_UP = "caller_hung_up"
    LINE_LOST = "line_lost"
    CONSENT_DECLINED = "consent_declined"
    NO_CHOICE = "no_choice"
    NO_TALK_TIME = "no_talk_time"
    TALK_TIME_OVER = "talk_time_over"
    LINE_IN_USE = "line_in_use"
    ALL_LINES_BUSY = "all_lines_busy"
    SERVICE_PAUSED = "service_paused"
    FAIR_USE_OVER = "fair_use_over"
    LONGEST_CALL = "longest_call"
    BUDGET_OVER = "budget_over"
    ACCOUNT_DELETED = "account_deleted"
    CALLER_SILENT = "caller_silent"
    RECOGNISER_LOST = "recogniser_lost"
    SERVICE_ENDING = "service_ending"
    FAILED = "failed"


class Announcement(StrEnum):
    """Words made ahead as a file, so that they can be said when everything else is gone."""

    NOTICE = "notice"  # AI, transcription, staying is consent, 9 declines
    NOTICE_SHORT = "notice_short"  # for those who consented on the site
    MENU = "menu"
    MENU_AGAIN = "menu_again"
    CONSENT_DECLINED = "consent_declined"
    NO_CHOICE = "no_choice"
    NO_TALK_TIME = "no_talk_time"  # pre-trial used up: how to go on
    NO_TALK_TIME_REGISTERED = "no_talk_time_registered"
    NO_TALK_TIME_TEXTED = "no_talk_time_texted"
    WITHHELD_OVER = "withheld_over"  # 60 seconds of a withheld number are over
    TALK_TIME_LOW = "talk_time_low"  # a minute is left
    TALK_TIME_OVER = "talk_time_over"  # pre-trial used up: how to go on
    TALK_TIME_OVER_REGISTERED = "talk_time_over_registered"
    TALK_TIME_OVER_TEXTED = "talk_time_over_texted"  # a text says how to go on
    LINE_IN_USE = "line_in_use"  # the caller is talking to us on another line already
    ALL_LINES_BUSY = "all_lines_busy"
    SERVICE_PAUSED = "service_paused"  # the operator has stopped all calls
    FAIR_USE_OVER = "fair_use_over"
    LONGEST_CALL = "longest_call"  # as long as one call may be
    BUDGET_OVER = "budget_over"  # today's money is spent
    ACCOUNT_DELETED = "account_deleted"  # or this call was, while it ran
    PIN_RIGHT = "pin_right"
    PIN_FOUR_LEFT = "pin_four_left"  # it was wrong; so many tries are left
    PIN_THREE_LEFT = "pin_three_left"
    PIN_TWO_LEFT = "pin_two_left"
    PIN_ONE_LEFT = "pin_one_left"
    PIN_LOCKED = "pin_locked"  # wrong too often
    PIN_NOT_SET = "pin_not_set"
    PIN_UNCHECKED = "pin_unchecked"  # nobody could look it up just now
    ARE_YOU_THERE = "are_you_there"
    STILL_HERE = "still_here"  # asked again, more gently
    SILENT_GOODBYE = "silent_goodbye"
    STILL_WORKING = "still_working"  # the reply takes long
    REPLY_FAILED = "reply_failed"  # the model failed: ask again
    SYNTHESIS_FAILED = "synthesis_failed"
    RECOGNISER_LOST = "recogniser_lost"
    RECOGNISER_GONE = "recogniser_gone"  # we could not hear you again: goodbye
    SERVICE_ENDING = "service_ending"
    SERVICE_STOPPING = "service_stopping"  # the same where somebody waits for us to stop
    BUDDY_MENU = "buddy_menu"  # who else there is, in mid-call
    MENU_LEFT = "menu_left"  # nobody was chosen: the talk goes on
    SLOWER = "slower"  # buddies speak more slowly from now on
    SLOWEST = "slowest"  # and can't go slower still
    OFF_THE_RECORD = "off_the_record"  # nothing of what follows is kept
    ON_THE_RECORD = "on_the_record"  # it is kept again
    FAILED_GOODBYE = "failed_goodbye"  # it failed again and again: goodbye


# How the call is operated: said by the line, and no part of the conversation.
OPERATING = frozenset(
    {
        Announcement.BUDDY_MENU,
        Announcement.MENU_LEFT,
        Announcement.SLOWER,
        Announcement.SLOWEST,
        Announcement.OFF_THE_RECORD,
        Announcement.ON_THE_RECORD,
    }
)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation as the model gets to see it: what was heard, no more."""

    side: Side
    text: str
    was_interrupted: bool = False
    buddy: int = 0  # who said it, by menu key; 0 where there is only one


@dataclass(frozen=True, slots=True)
class GenerateReply:
    """Ask the model for a reply to the conversation so far."""

    reply: ReplyId
    history: tuple[Message, ...]
    goes_on: bool = False  # the buddy's last message lacks its end
    hands_over: bool = False  # that message is the beginning of an answer to the caller's turn


@dataclass(frozen=True, slots=True)
class PrepareReply:
    """Have a reply written and its first segment made, and hold all of it: nobody may know.

    Events of it come after its commit, but for a `ReplyFailed`. It may be said never, so it may
    do nothing but write: no tool with an effect.
    """

    reply: ReplyId
    history: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class CommitReply:
    """The prepared reply has the floor: release what was held of it."""

    reply: ReplyId


@dataclass(frozen=True, slots=True)
class DiscardReply:
    """The prepared reply is void: cancel its work and forget it."""

    reply: ReplyId


@dataclass(frozen=True, slots=True)
class Speak:
    """Say a segment in the buddy's voice, after what is already queued.

    A filler is a cover: its words are ready, and are said before segments without a sound yet.
    """

    reply: ReplyId
    segment: int
    text: str
    is_cover: bool = False


@dataclass(frozen=True, slots=True)
class Announce:
    """Play words made ahead, after what is already queued.

    A cover plays at once instead: before queued segments that are still without a sound.
    """

    reply: ReplyId
    segment: int
    announcement: Announcement
    is_cover: bool = False


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Retire the reply, drop its playback, cancel its work: in this order."""

    reply: ReplyId


@dataclass(frozen=True, slots=True)
class Listen:
    """Let the recogniser have the caller's audio; before consent it gets none."""


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """The caller heard the notice and stayed."""


@dataclass(frozen=True, slots=True)
class PutThrough:
    """The caller chose a buddy, by its menu key: the conversation takes over."""

    menu_key: int
    pressed: tuple[Shortcut, ...] = ()  # what they asked for before, by key


@dataclass(frozen=True, slots=True)
class HandOver:
    """Another buddy takes over: what comes next is in its voice and from its prompt."""

    menu_key: int


@dataclass(frozen=True, slots=True)
class RecordBuddy:
    """Keep which buddy the caller hears from now on."""

    menu_key: int


@dataclass(frozen=True, slots=True)
class SpeakSlower:
    """Let buddies speak a step more slowly for the rest of the call."""


@dataclass(frozen=True, slots=True)
class GoOffRecord:
    """Keep and show nothing of what follows."""


@dataclass(frozen=True, slots=True)
class GoOnRecord:
    """Keep what follows again."""


@dataclass(frozen=True, slots=True)
class CheckPin:
    """The caller typed a PIN; the answer comes as `PinChecked`."""

    pin: str


@dataclass(frozen=True, slots=True)
class ShowInterim:
    """Show words that may still change on the live page."""

    side: Side
    text: str


@dataclass(frozen=True, slots=True)
class WriteEntry:
    """Write one row of the transcript."""

    side: Side
    text: str  # what was said, or of a buddy's segment what was heard
    unheard: str = ""  # what was generated and not heard
    was_interrupted: bool = False
    buddy: int = 0  # who said it, by menu key; 0: whoever has the call now


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    reason: EndReason


RecordCommand = RecordConsent | RecordBuddy | GoOffRecord | GoOnRecord | ShowInterim | WriteEntry
Command = (
    GenerateReply
    | PrepareReply
    | CommitReply
    | DiscardReply
    | Speak
    | Announce
    | Interrupt
    | Listen
    | RecordConsent
    | PutThrough
    | HandOver
    | RecordBuddy
    | SpeakSlower
    | GoOffRecord
    | GoOnRecord
    | CheckPin
    | ShowInterim
    | WriteEntry
    | HangUp
)
