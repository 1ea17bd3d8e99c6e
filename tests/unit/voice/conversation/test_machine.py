"""The conversation's rules, each as an event at a time and what comes of it."""

from __future__ import annotations

import pytest

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Message, Side
from voice.conversation.events import ReplyId
from voice.conversation.machine import Conversation, Phase
from voice.conversation.turn_rules import TurnRules

RULES = TurnRules(speculations=0)  # test_speculation.py is about those
TEXTS = {announcement: f"<{announcement}>" for announcement in Announcement}
GREETING = "Hi, Lisa here, your AI news desk. What is on your mind?"


def listening_conversation(now: float = 10.0) -> Conversation:
    conversation = Conversation(RULES, TEXTS, now=0, last_reply=ReplyId(3))
    conversation.start(GREETING, 0)
    conversation.receive(on.SegmentStarted(ReplyId(4), 0), 0)
    conversation.receive(on.SegmentPlayed(ReplyId(4), 0), now)
    return conversation


def thinking_conversation(words: str = "tell me a story") -> tuple[Conversation, ReplyId]:
    """Return a conversation whose caller spoke until 12 and was answered to at 12.8."""
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived(words, is_final=True, ended_at=12), 12.2)
    (reply,) = [c.reply for c in conversation.tick(12.8) if isinstance(c, do.GenerateReply)]
    return conversation, reply


def speaking_conversation() -> tuple[Conversation, ReplyId]:
    """Return a conversation whose buddy started 'Once upon a time.' at 14, with more to come."""
    conversation, reply = thinking_conversation()
    conversation.receive(on.SegmentGenerated(reply, "Once upon a time."), 13.5)
    conversation.receive(on.SegmentGenerated(reply, "There was a bear who sang."), 13.6)
    conversation.receive(on.SegmentStarted(reply, 0), 14)
    return conversation, reply


def test_greeting_is_spoken_and_then_the_caller_has_the_floor() -> None:
    conversation = Conversation(RULES, TEXTS, now=0, last_reply=ReplyId(3))

    spoken = conversation.start(GREETING, 0)
    shown = conversation.receive(on.SegmentStarted(ReplyId(4), 0), 0.1)
    written = conversation.receive(on.SegmentPlayed(ReplyId(4), 0), 4)

    assert spoken == [do.Speak(ReplyId(4), 0, GREETING)]
    assert shown == [do.ShowInterim(Side.BUDDY, GREETING)]
    assert written == [do.WriteEntry(Side.BUDDY, GREETING)]
    assert conversation.phase is Phase.LISTENING
    assert conversation.history == [Message(Side.BUDDY, GREETING)]


def test_pause_is_counted_from_the_last_words_end_and_not_from_its_arrival() -> None:
    conversation = listening_conversation()

    conversation.receive(on.TranscriptReceived("hello lisa", is_final=True, ended_at=11.0), 11.5)

    assert conversation.deadline == pytest.approx(11.0 + RULES.pause)
    assert conversation.tick(11.7) == []
    assert [type(c) for c in conversation.tick(11.8)] == [do.WriteEntry, do.GenerateReply]


def test_words_that_come_after_the_pause_is_over_end_the_turn_at_once() -> None:
    conversation = listening_conversation()

    conversation.receive(on.TranscriptReceived("hello lisa", is_final=True, ended_at=11.0), 12.5)

    assert conversation.tick(12.5)[0] == do.WriteEntry(Side.CALLER, "hello lisa")


def test_interim_words_hold_the_turn_open_until_their_final() -> None:
    conversation = listening_conversation()

    conversation.receive(on.TranscriptReceived("hello", is_final=False, ended_at=11.0), 11.2)
    early = conversation.tick(11.9)
    conversation.receive(on.TranscriptReceived("hello there", is_final=True, ended_at=11.1), 12.0)

    assert early == []
    assert conversation.tick(12.0)[0] == do.WriteEntry(Side.CALLER, "hello there")


def taken_interim(words: str) -> tuple[Conversation, ReplyId]:
    """Return a conversation that took interim words at 14.2, because no final came."""
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived(words, is_final=False, ended_at=11.1), 11.2)
    (request,) = conversation.tick(11.2 + RULES.final_wait)
    assert isinstance(request, do.GenerateReply)
    assert request.history[-1] == Message(Side.CALLER, words)
    return conversation, request.reply


def test_interim_words_without_a_final_count_as_speech_and_are_written_once_answered() -> None:
    conversation, reply = taken_interim("tell me a story")

    conversation.receive(on.SegmentGenerated(reply, "Once."), 15)
    commands = conversation.receive(on.SegmentStarted(reply, 0), 15.5)

    assert commands[0] == do.WriteEntry(Side.CALLER, "tell me a story")


@pytest.mark.parametrize("final", ["tell me a story", "Tell me a story.", "tell me the story"])
@pytest.mark.parametrize("ended_at", [None, 11.3, 11.6])
def test_late_final_that_says_the_same_changes_nothing(final: str, ended_at: float | None) -> None:
    conversation, _ = taken_interim("tell me a story")

    late = conversation.receive(
        on.TranscriptReceived(final, is_final=True, ended_at=ended_at), 14.5
    )

    assert late == []
    assert conversation.phase is Phase.THINKING


def test_late_final_that_says_more_corrects_the_turn_and_is_written_alone() -> None:
    conversation, reply = taken_interim("please tell me anything about")

    late = conversation.receive(
        on.TranscriptReceived("Tell me one thing about the moon.", is_final=True, ended_at=12), 14.5
    )
    written, request = conversation.tick(14.5)

    assert late[0] == do.Interrupt(reply)
    assert written == do.WriteEntry(Side.CALLER, "Tell me one thing about the moon.")
    assert isinstance(request, do.GenerateReply)
    assert request.history == (
        Message(Side.BUDDY, GREETING),
        Message(Side.CALLER, "Tell me one thing about the moon."),
    )


def test_late_final_while_the_buddy_speaks_does_not_interrupt() -> None:
    conversation, reply = taken_interim("tell me a story")
    conversation.receive(on.SegmentGenerated(reply, "Once."), 15)
    conversation.receive(on.SegmentStarted(reply, 0), 15.5)

    late = conversation.receive(on.TranscriptReceived("Tell me a story.", is_final=True), 15.6)

    assert late == []
    assert conversation.phase is Phase.SPEAKING


def test_words_that_are_taken_back_leave_nothing_to_answer() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived("hm", is_final=False, ended_at=11), 11.2)

    conversation.receive(on.TranscriptReceived("", is_final=True), 11.5)

    assert conversation.tick(16) == []


def test_words_while_the_buddy_thinks_continue_the_callers_turn() -> None:
    conversation, reply = thinking_conversation("tell me a story")

    commands = conversation.receive(
        on.TranscriptReceived("about a bear", is_final=True, ended_at=13.5), 13.6
    )
    answered = conversation.tick(13.5 + RULES.pause)

    assert commands[0] == do.Interrupt(reply)
    assert answered[0] == do.WriteEntry(Side.CALLER, "about a bear")
    request = answered[-1]
    assert isinstance(request, do.GenerateReply)
    assert request.reply != reply
    assert request.history[-1] == Message(Side.CALLER, "tell me a story about a bear")


def test_interruption_keeps_only_what_the_caller_heard() -> None:
    conversation, reply = speaking_conversation()
    conversation.receive(on.SegmentPlayed(reply, 0), 15)
    conversation.receive(on.SegmentStarted(reply, 1), 15)
    conversation.receive(on.SegmentPlayed(reply, 1, share=0.5), 16)

    commands = conversation.receive(on.TranscriptReceived("no wait", is_final=False), 16.2)

    assert commands == [
        do.Interrupt(reply),
        do.WriteEntry(Side.BUDDY, "There was a", "bear who sang.", was_interrupted=True),
        do.ShowInterim(Side.CALLER, "no wait"),
    ]
    assert conversation.history[-1] == Message(
        Side.BUDDY, "Once upon a time. There was a", was_interrupted=True
    )
    assert conversation.receive(on.SegmentPlayed(reply, 1), 16.3) == []  # the echo of `clear`


def test_segment_sent_ahead_is_shown_and_struck_out_only_when_its_turn_comes() -> None:
    conversation, reply = speaking_conversation()
    sent_ahead = conversation.receive(on.SegmentStarted(reply, 1), 14.1)

    shown = conversation.receive(on.SegmentPlayed(reply, 0), 15)
    cut = conversation.receive(on.TranscriptReceived("stop", is_final=False), 15.1)

    assert sent_ahead == []
    assert shown == [
        do.WriteEntry(Side.BUDDY, "Once upon a time."),
        do.ShowInterim(Side.BUDDY, "There was a bear who sang."),
    ]
    assert cut[1] == do.WriteEntry(
        Side.BUDDY, "", "There was a bear who sang.", was_interrupted=True
    )


def test_segments_never_heard_are_written_as_unheard() -> None:
    conversation, reply = speaking_conversation()
    conversation.receive(on.SegmentPlayed(reply, 0, share=0.55), 14.5)

    commands = conversation.receive(on.TranscriptReceived("stop", is_final=False), 14.5)

    assert commands[1] == do.WriteEntry(
        Side.BUDDY, "Once upon", "a time. There was a bear who sang.", was_interrupted=True
    )


@pytest.mark.parametrize("sound", ["yeah", "mm-hm", "Uh huh.", "okay right", "bear"])
def test_short_sounds_do_not_interrupt(sound: str) -> None:
    conversation, _ = speaking_conversation()

    assert conversation.receive(on.TranscriptReceived(sound, is_final=True), 14.5) == []
    assert conversation.phase is Phase.SPEAKING


@pytest.mark.parametrize("words", ["stop", "Wait.", "hold on", "that is enough", "what bear"])
def test_stop_words_and_real_words_interrupt(words: str) -> None:
    conversation, reply = speaking_conversation()

    commands = conversation.receive(on.TranscriptReceived(words, is_final=False), 14.5)

    assert commands[0] == do.Interrupt(reply)


def test_short_word_close_to_the_end_of_the_reply_becomes_the_callers_turn() -> None:
    conversation, reply = thinking_conversation()
    conversation.receive(on.SegmentGenerated(reply, "Shall I?"), 13.5)
    conversation.receive(on.ReplyGenerated(reply), 13.6)
    conversation.receive(on.SegmentStarted(reply, 0), 14)
    conversation.receive(on.TranscriptReceived("yes", is_final=True, ended_at=14.7), 14.8)

    conversation.receive(on.SegmentPlayed(reply, 0), 15)

    assert conversation.tick(15.5)[0] == do.WriteEntry(Side.CALLER, "yes")


def test_short_word_long_before_the_end_of_the_reply_is_dropped() -> None:
    conversation, reply = thinking_conversation()
    conversation.receive(on.SegmentGenerated(reply, "Shall I?"), 13.5)
    conversation.receive(on.ReplyGenerated(reply), 13.6)
    conversation.receive(on.SegmentStarted(reply, 0), 14)
    conversation.receive(on.TranscriptReceived("yes", is_final=False, ended_at=14.1), 14.2)
    conversation.receive(on.SegmentPlayed(reply, 0), 18)

    late_final = conversation.receive(
        on.TranscriptReceived("yes", is_final=True, ended_at=14.1), 18.1
    )

    assert late_final == []
    assert conversation.deadline == pytest.approx(18 + RULES.silence)


def test_speaking_ends_when_the_last_segment_was_heard_and_not_when_the_model_is_done() -> None:
    conversation, reply = speaking_conversation()

    conversation.receive(on.ReplyGenerated(reply), 14.1)
    conversation.receive(on.SegmentPlayed(reply, 0), 16)
    between = conversation.phase
    conversation.receive(on.SegmentPlayed(reply, 1), 18)

    assert (between, conversation.phase) == (Phase.SPEAKING, Phase.LISTENING)


def test_events_of_another_reply_are_dropped() -> None:
    conversation, reply = thinking_conversation()
    stale = ReplyId(reply - 1)

    assert conversation.receive(on.SegmentGenerated(stale, "Too late."), 13) == []
    assert conversation.receive(on.ReplyFailed(stale), 13) == []


def test_noise_holds_a_turn_open_no_longer_than_a_voice_may() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived("hello there", True, 12), 12.2)

    now = 12.3
    while now < 12 + RULES.voice_hold_most:
        conversation.receive(on.VoiceDetected(), now)
        assert conversation.tick(now) == []
        now += 0.5

    assert conversation.deadline == pytest.approx(12 + RULES.voice_hold_most)
    assert conversation.tick(12 + RULES.voice_hold_most) != []


def test_short_word_that_is_taken_back_does_not_become_the_turn() -> None:
    conversation, reply = thinking_conversation()
    conversation.receive(on.SegmentGenerated(reply, "Once upon a time."), 13.5)
    conversation.receive(on.ReplyGenerated(reply), 13.6)
    conversation.receive(on.SegmentStarted(reply, 0), 14)
    conversation.receive(on.TranscriptReceived("mm hm", is_final=False), 14.5)
    conversation.receive(on.TranscriptReceived("", is_final=True), 14.8)

    conversation.receive(on.SegmentPlayed(reply, 0), 15)

    assert conversation.phase is Phase.LISTENING
    assert conversation.tick(19) == []


def test_short_word_that_is_final_is_kept_whatever_is_taken_back_after_it() -> None:
    conversation, reply = thinking_conversation()
    conversation.receive(on.SegmentGenerated(reply, "Once upon a time?"), 13.5)
    conversation.receive(on.ReplyGenerated(reply), 13.6)
    conversation.receive(on.SegmentStarted(reply, 0), 14)
    conversation.receive(on.TranscriptReceived("bear", is_final=True), 14.5)
    conversation.receive(on.TranscriptReceived("", is_final=True), 14.8)

    conversation.receive(on.SegmentPlayed(reply, 0), 15)

    commands = conversation.tick(19)
    assert [c.text for c in commands if isinstance(c, do.WriteEntry)] == ["bear"]
