"""Callers who say nothing: a question, a gentler one, a goodbye; and who is not silent."""

from __future__ import annotations

from tests.unit.voice.conversation.test_machine import (
    RULES,
    listening_conversation,
    speaking_conversation,
)
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, EndReason
from voice.conversation.machine import Conversation, Phase

QUESTIONS = {Announcement.ARE_YOU_THERE, Announcement.STILL_HERE}


def let_pass(conversation: Conversation, *, until: float = 600) -> list[do.Command]:
    """Let time pass with nothing but announcements that play for two seconds each."""
    commands: list[do.Command] = []
    now = 0.0
    while conversation.deadline is not None and (now := conversation.deadline) < until:
        due = conversation.tick(now)
        for command in due:
            if isinstance(command, do.Announce):
                conversation.receive(on.SegmentStarted(command.reply, command.segment), now)
                due = [
                    *due,
                    *conversation.receive(
                        on.SegmentPlayed(command.reply, command.segment), now + 2
                    ),
                ]
        commands += due
    return commands


def announced(commands: list[do.Command]) -> list[Announcement]:
    return [command.announcement for command in commands if isinstance(command, do.Announce)]


def test_silent_caller_is_asked_gently_twice_and_then_said_goodbye_to() -> None:
    conversation = listening_conversation()

    commands = let_pass(conversation)

    assert announced(commands) == [
        Announcement.ARE_YOU_THERE,
        Announcement.STILL_HERE,
        Announcement.SILENT_GOODBYE,
    ]
    assert commands[-1] == do.HangUp(EndReason.CALLER_SILENT)


def test_nobody_is_asked_in_the_middle_of_a_story_however_slowly_it_is_told() -> None:
    conversation, reply = speaking_conversation()
    now = 15.0
    said: list[Announcement] = []
    for number in range(2):
        conversation.receive(on.SegmentStarted(reply, number), now)
        conversation.receive(on.SegmentPlayed(reply, number), now + 3)
        now += 3

    for number in range(2, 12):  # each sentence takes longer than a caller may be silent
        said += announced(let_pass(conversation, until=now + RULES.silence + 1))
        now += RULES.silence + 1
        (spoken,) = conversation.receive(on.SegmentGenerated(reply, f"And {number}."), now)
        assert isinstance(spoken, do.Speak)
        conversation.receive(on.SegmentStarted(reply, spoken.segment), now)
        conversation.receive(on.SegmentPlayed(reply, spoken.segment), now + 1)
        now += 1

    assert conversation.phase is Phase.SPEAKING
    assert not QUESTIONS & set(said)


def test_caller_who_was_asked_and_then_only_listens_counts_as_there() -> None:
    conversation = listening_conversation()
    for expected in (Announcement.ARE_YOU_THERE, Announcement.ARE_YOU_THERE):
        assert conversation.deadline is not None
        now = conversation.deadline
        assert announced(conversation.tick(now)) == [expected]
        conversation.receive(on.TranscriptReceived("go on", True, now + 1), now + 1)
        (reply,) = [c.reply for c in conversation.tick(now + 3) if isinstance(c, do.GenerateReply)]
        conversation.receive(on.SegmentGenerated(reply, "So there was a bear."), now + 3)
        conversation.receive(on.ReplyGenerated(reply), now + 3)
        conversation.receive(on.SegmentStarted(reply, 0), now + 3)
        conversation.receive(on.TranscriptReceived("mm-hm", True, now + 3.2), now + 3.3)
        conversation.receive(on.SegmentPlayed(reply, 0), now + 9)


def test_sound_of_listening_while_the_buddy_speaks_begins_the_questions_anew() -> None:
    conversation, reply = speaking_conversation()
    conversation._questions = RULES.silence_questions  # as after two questions
    conversation.receive(on.ReplyGenerated(reply), 14)
    conversation.receive(on.SegmentPlayed(reply, 0), 15)

    conversation.receive(on.TranscriptReceived("mm-hm", True, 15.2), 15.3)
    conversation.receive(on.SegmentPlayed(reply, 1), 18)

    assert announced(conversation.tick(18 + RULES.silence)) == [Announcement.ARE_YOU_THERE]


def test_voice_without_words_does_not_put_off_the_question() -> None:
    conversation = listening_conversation()
    now = 10.0
    while now < 10 + RULES.silence:
        conversation.receive(on.VoiceDetected(), now)
        now += 0.5

    assert announced(conversation.tick(now)) == [Announcement.ARE_YOU_THERE]
