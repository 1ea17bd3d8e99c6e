"""When the buddy covers a wait with a few words, and when it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.voice.conversation.test_machine import (
    RULES,
    listening_conversation,
    thinking_conversation,
)
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Message, Side
from voice.conversation.events import Event, ReplyId
from voice.conversation.machine import Conversation, Phase
from voice.conversation.turn_rules import TurnRules

HM, LET_ME_SEE = "Hm.", "Let me see."


def waiting_conversation(*ready: str) -> tuple[Conversation, ReplyId]:
    """Return a conversation whose caller's turn ended at 12.8."""
    conversation, reply = thinking_conversation()
    conversation.fillers.ready = ready or (HM, LET_ME_SEE)
    return conversation, reply


def filling_conversation() -> tuple[Conversation, ReplyId]:
    """Return one whose filler is heard from 13.5 on."""
    conversation, reply = waiting_conversation()
    conversation.tick(13.5)
    conversation.receive(on.SegmentStarted(reply, 0), 13.5)
    return conversation, reply


def test_a_reply_that_takes_longer_is_covered_once() -> None:
    conversation, reply = waiting_conversation()

    due_at = conversation.deadline
    early = conversation.tick(13.4)
    covered = conversation.tick(13.5)
    conversation.receive(on.SegmentStarted(reply, 0), 13.5)
    conversation.receive(on.SegmentPlayed(reply, 0), 14.5)

    assert due_at == pytest.approx(12.8 + RULES.filler_after)
    assert (early, covered) == ([], [do.Speak(reply, 0, HM, is_cover=True)])
    assert conversation.tick(15.5) == []
    assert conversation.deadline == pytest.approx(14.5 + RULES.cover_after)


def test_real_trouble_is_still_told_later() -> None:
    conversation, reply = filling_conversation()
    conversation.receive(on.SegmentPlayed(reply, 0), 14.5)

    assert conversation.tick(14.5 + RULES.cover_after) == [
        do.Announce(reply, 1, Announcement.STILL_WORKING, is_cover=True)
    ]


def test_the_model_never_learns_of_it_and_the_transcript_does() -> None:
    conversation, reply = filling_conversation()
    conversation.receive(on.SegmentGenerated(reply, "Once upon a time."), 13.6)
    written = conversation.receive(on.SegmentPlayed(reply, 0), 14.5)
    conversation.receive(on.SegmentStarted(reply, 1), 14.5)
    conversation.receive(on.ReplyGenerated(reply), 14.6)
    conversation.receive(on.SegmentPlayed(reply, 1), 16)

    assert do.WriteEntry(Side.BUDDY, HM) in written
    assert conversation.history[-2:] == [
        Message(Side.CALLER, "tell me a story"),
        Message(Side.BUDDY, "Once upon a time."),
    ]


@pytest.mark.parametrize(
    "what",
    [
        lambda reply: on.SegmentGenerated(reply, "Once upon a time."),
        on.ReplyFailed,
        lambda _reply: on.TranscriptReceived("and a bear", is_final=False, ended_at=13),
    ],
    ids=["its words are there", "it failed", "the caller goes on"],
)
def test_none_is_said_where_there_is_nothing_to_cover(what: Callable[[ReplyId], Event]) -> None:
    conversation, reply = waiting_conversation()

    conversation.receive(what(reply), 13.2)

    assert not [c for c in conversation.tick(13.5) if isinstance(c, do.Speak)]


def test_none_is_said_where_none_is_ready_or_wanted() -> None:
    without, _ = thinking_conversation()
    unwanted, _ = waiting_conversation()
    unwanted.rules = TurnRules(filler_after=0)

    assert (without.tick(13.6), unwanted.tick(13.6)) == ([], [])


def test_a_warning_that_is_being_said_covers_the_wait_already() -> None:
    conversation = listening_conversation()
    conversation.fillers.ready = (HM,)
    conversation.receive(on.TranscriptReceived("hello", is_final=True, ended_at=12), 12)
    conversation.receive(on.TalkTimeLow(60), 12.1)
    spoken = conversation.tick(12.8)
    reply = next(c.reply for c in spoken if isinstance(c, do.GenerateReply))
    conversation.receive(on.SegmentStarted(reply, 0), 12.9)
    meanwhile = conversation.tick(13.6)
    conversation.receive(on.SegmentPlayed(reply, 0), 15)

    assert do.Announce(reply, 0, Announcement.TALK_TIME_LOW) in spoken
    assert (meanwhile, conversation.tick(15)) == ([], [do.Speak(reply, 1, HM, is_cover=True)])


def test_a_sound_of_listening_does_not_undo_the_turn_that_is_being_answered() -> None:
    conversation, reply = filling_conversation()

    ignored = conversation.receive(on.TranscriptReceived("okay", is_final=True, ended_at=13.9), 14)
    conversation.receive(on.SegmentGenerated(reply, "Once."), 14.1)

    assert (ignored, conversation.phase) == ([], Phase.THINKING)


def test_words_over_a_filler_continue_the_callers_turn() -> None:
    conversation, reply = filling_conversation()

    commands = conversation.receive(
        on.TranscriptReceived("tomorrow", is_final=True, ended_at=13.9), 14
    )
    answered = conversation.tick(14.8)

    assert commands[0] == do.Interrupt(reply)
    assert conversation.history[-1] == Message(Side.CALLER, "tell me a story tomorrow")
    assert any(isinstance(command, do.GenerateReply) for command in answered)


def test_a_turn_that_goes_on_over_its_filler_gets_no_other() -> None:
    conversation, _ = filling_conversation()
    conversation.receive(on.TranscriptReceived("about bears", is_final=True, ended_at=13.9), 14)
    answered = conversation.tick(14.8)

    assert any(isinstance(command, do.GenerateReply) for command in answered)
    assert conversation.tick(14.8 + RULES.filler_after) == []


def test_the_next_wait_is_covered_with_other_words() -> None:
    conversation = listening_conversation()
    conversation.fillers.ready = (HM, LET_ME_SEE)
    said = []
    for start in (20, 30, 40):
        heard = on.TranscriptReceived(f"what about {start}", is_final=True, ended_at=start)
        conversation.receive(heard, start)
        conversation.tick(start + 0.8)
        (filler,) = conversation.tick(start + 1.5)
        assert isinstance(filler, do.Speak)
        said.append(filler.text)
        conversation.receive(on.SegmentStarted(filler.reply, filler.segment), start + 1.5)
        conversation.receive(on.SegmentPlayed(filler.reply, filler.segment), start + 2)
        conversation.receive(on.SegmentGenerated(filler.reply, "Well."), start + 2)
        conversation.receive(on.ReplyGenerated(filler.reply), start + 2)
        conversation.receive(on.SegmentPlayed(filler.reply, filler.segment + 1), start + 3)

    assert said == [HM, LET_ME_SEE, HM]


def test_a_filler_that_was_cut_off_by_nobody_is_not_gone_on_with() -> None:
    conversation, _ = filling_conversation()
    conversation.receive(on.TranscriptReceived("wait", is_final=False, ended_at=13.9), 14)

    commands = conversation.receive(on.TranscriptReceived("", is_final=True, ended_at=13.9), 14.2)

    assert not [c for c in commands if isinstance(c, do.Speak)]
    assert [type(c) for c in commands] == [do.GenerateReply]


def test_a_reply_that_is_asked_for_anew_gets_the_filler_that_its_turn_has_not_had() -> None:
    conversation, _ = waiting_conversation()
    conversation.receive(on.TranscriptReceived("and then", is_final=False), 13.0)

    conversation.receive(on.TranscriptReceived("", is_final=True), 13.2)

    assert conversation.deadline == pytest.approx(13.2 + RULES.filler_after)
    assert [type(command) for command in conversation.tick(13.9)] == [do.Speak]
