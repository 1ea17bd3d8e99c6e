"""Interruptions that nobody meant: the buddy goes on from where it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.voice.conversation.test_machine import (
    RULES,
    TEXTS,
    listening_conversation,
    speaking_conversation,
    thinking_conversation,
)
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Message, Side
from voice.conversation.events import ReplyId
from voice.conversation.machine import Conversation, Phase

REST = ("There was a bear who sang.", "It sang all day.")


def cut_story(*, is_generated: bool = True) -> tuple[Conversation, ReplyId]:
    """Return a conversation whose second of three segments was cut off at 16.2 by "no wait"."""
    conversation, reply = speaking_conversation()
    conversation.receive(on.SegmentGenerated(reply, REST[1]), 13.7)
    if is_generated:
        conversation.receive(on.ReplyGenerated(reply), 13.8)
    conversation.receive(on.SegmentPlayed(reply, 0), 15)
    conversation.receive(on.SegmentStarted(reply, 1), 15)
    conversation.receive(on.SegmentPlayed(reply, 1, share=0.5), 16.2)
    (interrupt, *_) = conversation.receive(on.TranscriptReceived("no wait", False), 16.2)
    assert interrupt == do.Interrupt(reply)
    return conversation, reply


def take_back(conversation: Conversation, at: float) -> list[do.Command]:
    return conversation.receive(on.TranscriptReceived("", is_final=True), at)


def test_words_taken_back_let_the_buddy_go_on_from_the_sentence_that_was_cut() -> None:
    conversation, reply = cut_story()

    commands = take_back(conversation, 16.5)

    again = ReplyId(reply + 2)
    assert commands == [do.Speak(again, 0, REST[0]), do.Speak(again, 1, REST[1])]
    assert not conversation.history[-1].was_interrupted


def test_what_went_on_is_heard_and_ends_like_any_reply() -> None:
    conversation, reply = cut_story()
    take_back(conversation, 16.5)

    for number in range(2):
        conversation.receive(on.SegmentStarted(ReplyId(reply + 2), number), 17 + number)
        conversation.receive(on.SegmentPlayed(ReplyId(reply + 2), number), 17.9 + number)

    assert conversation.phase is Phase.LISTENING
    assert conversation.history[-1] == Message(Side.BUDDY, " ".join(REST))


@pytest.mark.parametrize("sound", ["mm-hm", "Yeah, right.", "oh wow"])
def test_sounds_of_listening_let_the_buddy_go_on_once_the_pause_is_over(sound: str) -> None:
    conversation, _ = cut_story()
    conversation.receive(on.TranscriptReceived(sound, True, 16.4), 16.6)

    commands = conversation.tick(16.4 + RULES.pause)

    assert commands[0] == do.WriteEntry(Side.CALLER, sound)
    assert [c.text for c in commands if isinstance(c, do.Speak)] == list(REST)
    assert not any(isinstance(c, do.GenerateReply) for c in commands)


def test_real_words_are_answered_and_the_rest_is_forgotten() -> None:
    conversation, _ = cut_story()
    conversation.receive(on.TranscriptReceived("no wait tell me another", True, 16.8), 17)

    commands = conversation.tick(16.8 + RULES.pause)
    (reply,) = [c.reply for c in commands if isinstance(c, do.GenerateReply)]
    conversation.receive(on.SegmentGenerated(reply, "Well."), 18)
    conversation.receive(on.ReplyGenerated(reply), 18)
    conversation.receive(on.SegmentPlayed(reply, 0), 19)
    conversation.receive(on.TranscriptReceived("mm", False, 19.1), 19.2)

    assert take_back(conversation, 19.5) == []


def test_model_that_was_not_done_goes_on_after_what_it_had_written() -> None:
    conversation, _ = cut_story(is_generated=False)

    commands = take_back(conversation, 16.5)
    (request,) = [c for c in commands if isinstance(c, do.GenerateReply)]
    more = conversation.receive(on.SegmentGenerated(request.reply, "And all night."), 17)

    assert request.goes_on
    assert request.history[-1] == Message(Side.BUDDY, " ".join(REST))
    assert request.history[-2] == Message(Side.BUDDY, "Once upon a time. There was a")
    assert more == [do.Speak(request.reply, 2, "And all night.")]


def test_model_that_was_not_done_goes_on_where_all_it_had_written_was_heard() -> None:
    conversation, reply = speaking_conversation()
    for number in range(2):
        conversation.receive(on.SegmentStarted(reply, number), 14 + number)
        conversation.receive(on.SegmentPlayed(reply, number), 14.9 + number)
    conversation.receive(on.TranscriptReceived("no wait", False), 16)

    (request,) = take_back(conversation, 16.5)

    assert isinstance(request, do.GenerateReply)
    assert request.goes_on
    assert request.history[-1].side is Side.BUDDY


def test_turn_that_was_not_answered_yet_is_answered_when_more_words_are_taken_back() -> None:
    conversation, reply = thinking_conversation("tell me a story")
    conversation.receive(on.TranscriptReceived("uh", False), 13.2)

    commands = take_back(conversation, 13.5)

    assert commands == [do.GenerateReply(ReplyId(reply + 2), tuple(conversation.history))]
    assert conversation.history[-1] == Message(Side.CALLER, "tell me a story")
    assert conversation.phase is Phase.THINKING


def test_question_of_the_lines_own_is_not_said_again() -> None:
    conversation = listening_conversation()
    (asked,) = conversation.tick(10 + RULES.silence)
    assert isinstance(asked, do.Announce)
    conversation.receive(on.SegmentStarted(asked.reply, 0), 20.1)
    conversation.receive(on.TranscriptReceived("no wait", False), 20.5)

    assert take_back(conversation, 21) == []
    assert conversation.phase is Phase.LISTENING
    assert conversation.deadline is not None


def test_reply_whose_marks_got_lost_is_not_gone_on_with() -> None:
    conversation, _ = speaking_conversation()
    conversation.tick(14 + RULES.playback_stall)
    conversation.receive(on.TranscriptReceived("mm", False), 21)

    assert take_back(conversation, 21.5) == []


def test_prepared_reply_to_a_sound_of_listening_is_discarded() -> None:
    conversation, _ = cut_story()
    conversation.rules = replace(RULES, speculations=2)
    conversation.receive(on.TranscriptReceived("mm-hm", True, 16.4), 16.6)
    (order,) = conversation.receive(on.UtteranceLikelyEnded(), 16.6)
    assert isinstance(order, do.PrepareReply)

    commands = conversation.tick(16.4 + RULES.pause)

    assert do.DiscardReply(order.reply) in commands


def test_what_must_be_told_is_told_before_the_buddy_goes_on() -> None:
    conversation, reply = cut_story()
    conversation.receive(on.TalkTimeLow(60), 16.3)

    commands = take_back(conversation, 16.5)

    assert commands[0] == do.Announce(ReplyId(reply + 2), 0, Announcement.TALK_TIME_LOW)
    assert TEXTS[Announcement.TALK_TIME_LOW]
    assert isinstance(commands[1], do.Speak)
