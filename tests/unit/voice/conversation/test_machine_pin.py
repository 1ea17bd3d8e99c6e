"""Keys while a buddy has the floor: a PIN, and what the caller is told of it."""

from __future__ import annotations

import pytest

from tests.unit.voice.conversation.test_machine import (
    RULES,
    listening_conversation,
    speaking_conversation,
    thinking_conversation,
)
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement
from voice.conversation.events import PinResult
from voice.conversation.machine import Conversation

ANSWERS = [
    (on.PinChecked(PinResult.RIGHT, 5), Announcement.PIN_RIGHT),
    (on.PinChecked(PinResult.WRONG, 4), Announcement.PIN_FOUR_LEFT),
    (on.PinChecked(PinResult.WRONG, 3), Announcement.PIN_THREE_LEFT),
    (on.PinChecked(PinResult.WRONG, 2), Announcement.PIN_TWO_LEFT),
    (on.PinChecked(PinResult.WRONG, 1), Announcement.PIN_ONE_LEFT),
    (on.PinChecked(PinResult.LOCKED), Announcement.PIN_LOCKED),
    (on.PinChecked(PinResult.NOT_SET), Announcement.PIN_NOT_SET),
    (on.PinChecked(PinResult.UNCHECKED), Announcement.PIN_UNCHECKED),
]


def press(conversation: Conversation, keys: str, *, at: float) -> list[do.Command]:
    return [c for key in keys for c in conversation.receive(on.DigitPressed(key), at)]


def announced(commands: list[do.Command]) -> list[Announcement]:
    return [c.announcement for c in commands if isinstance(c, do.Announce)]


def test_pin_is_looked_up_once_it_is_whole_and_interrupts_nobody() -> None:
    conversation, _ = speaking_conversation()

    assert press(conversation, "**830", at=14.2) == []
    assert press(conversation, "5", at=14.4) == [do.CheckPin("8305")]


@pytest.mark.parametrize(("answer", "words"), ANSWERS)
def test_caller_is_told_at_once_when_nobody_speaks(
    answer: on.PinChecked, words: Announcement
) -> None:
    conversation = listening_conversation()

    assert announced(conversation.receive(answer, 11)) == [words]


def test_caller_is_told_after_the_buddys_last_word() -> None:
    conversation, reply = thinking_conversation()
    conversation.receive(on.SegmentGenerated(reply, "Shall I?"), 13.5)
    conversation.receive(on.ReplyGenerated(reply), 13.6)
    conversation.receive(on.SegmentStarted(reply, 0), 14)

    at_once = conversation.receive(on.PinChecked(PinResult.RIGHT, 5), 14.5)
    later = conversation.receive(on.SegmentPlayed(reply, 0), 15)

    assert at_once == []
    assert announced(later) == [Announcement.PIN_RIGHT]


def test_what_is_due_together_is_said_together_and_before_the_reply() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived("so I was thinking", is_final=True, ended_at=11), 11)
    conversation.receive(on.PinChecked(PinResult.RIGHT, 5), 11.1)
    conversation.receive(on.TalkTimeLow(60), 11.2)

    commands = conversation.tick(11.8)

    assert announced(commands) == [Announcement.PIN_RIGHT, Announcement.TALK_TIME_LOW]
    assert isinstance(commands[-1], do.GenerateReply)


def test_answer_that_was_talked_over_is_said_again() -> None:
    conversation = listening_conversation()
    conversation.receive(on.PinChecked(PinResult.WRONG, 4), 11)
    conversation.receive(on.TranscriptReceived("wait a moment", is_final=True, ended_at=12), 12)

    assert announced(conversation.tick(12.8)) == [Announcement.PIN_FOUR_LEFT]


def test_who_presses_keys_is_there_and_not_asked_for() -> None:
    conversation = listening_conversation(now=10)

    press(conversation, "**8", at=10 + RULES.silence - 0.1)

    assert conversation.tick(10 + RULES.silence) == []
    assert conversation.deadline == pytest.approx(10 + 2 * RULES.silence - 0.1)


def test_keys_in_the_last_words_change_nothing() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TalkTimeOver(), 11)

    assert press(conversation, "**8305", at=11.5) == []
    assert conversation.receive(on.PinChecked(PinResult.RIGHT, 5), 11.6) == []
