"""The conversation's rules, each as an event at a time and what comes of it."""

from __future__ import annotations

import pytest

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, EndReason, Message, Side
from voice.conversation.events import ReplyId
from voice.conversation.machine import Conversation, Phase
from voice.conversation.turn_rules import TurnRules

RULES = TurnRules()
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

    commands = conversation.receive(on.TranscriptReceived("stop", is_final=False), 14.6)

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


def test_something_is_said_when_the_reply_takes_long() -> None:
    conversation, reply = thinking_conversation()

    at = conversation.deadline
    commands = conversation.tick(12 + RULES.cover_after)

    assert at == pytest.approx(12 + RULES.cover_after)
    assert commands == [do.Announce(reply, 0, Announcement.STILL_WORKING, is_cover=True)]


def test_reply_that_never_comes_is_given_up_with_an_apology() -> None:
    conversation, _ = thinking_conversation()
    now = 12.8
    said: list[Announcement] = []
    while Announcement.REPLY_FAILED not in said:
        assert conversation.deadline is not None
        now = max(now, conversation.deadline)
        for command in conversation.tick(now):
            if isinstance(command, do.Announce):
                said.append(command.announcement)
                conversation.receive(on.SegmentStarted(command.reply, command.segment), now)
                now += 1
                conversation.receive(on.SegmentPlayed(command.reply, command.segment), now)

    assert now <= 12.8 + RULES.reply_timeout + 2
    assert set(said) == {Announcement.STILL_WORKING, Announcement.REPLY_FAILED}
    assert conversation.phase is Phase.LISTENING


def test_failed_reply_is_apologised_for_and_the_third_in_a_row_ends_the_call() -> None:
    conversation = listening_conversation()
    said: list[Announcement] = []
    now = 11.0
    for _ in range(RULES.failures):
        conversation.receive(on.TranscriptReceived("hello there", is_final=True), now)
        (request,) = [c for c in conversation.tick(now + 1) if isinstance(c, do.GenerateReply)]
        for command in conversation.receive(on.ReplyFailed(request.reply), now + 1.5):
            if isinstance(command, do.Announce):
                said.append(command.announcement)
                ended = conversation.receive(
                    on.SegmentPlayed(command.reply, command.segment), now + 4
                )
        now += 5

    assert said == [
        Announcement.REPLY_FAILED,
        Announcement.REPLY_FAILED,
        Announcement.FAILED_GOODBYE,
    ]
    assert ended[-1] == do.HangUp(EndReason.FAILED)


def test_model_is_told_the_apology_and_that_the_turn_before_is_over() -> None:
    conversation, reply = thinking_conversation("tell me more")
    (apology,) = conversation.receive(on.ReplyFailed(reply), 13)
    assert isinstance(apology, do.Announce)
    conversation.receive(on.SegmentPlayed(apology.reply, apology.segment), 15)
    conversation.receive(on.TranscriptReceived("tell me more", is_final=True, ended_at=16), 16)

    request = conversation.tick(16.8)[-1]

    assert isinstance(request, do.GenerateReply)
    assert request.history[-3:] == (
        Message(Side.CALLER, "tell me more"),
        Message(Side.BUDDY, TEXTS[Announcement.REPLY_FAILED]),
        Message(Side.CALLER, "tell me more"),
    )


def test_segment_that_cannot_be_spoken_is_apologised_for_after_what_plays() -> None:
    conversation, reply = speaking_conversation()

    commands = conversation.receive(on.SynthesisFailed(reply, 1), 14.5)
    again = conversation.receive(on.SynthesisFailed(reply, 2), 14.6)

    assert commands == [do.Announce(reply, 2, Announcement.SYNTHESIS_FAILED)]
    assert again == []


def test_lost_marks_cost_seconds_and_not_the_call() -> None:
    conversation, reply = speaking_conversation()

    commands = conversation.tick(14 + RULES.playback_stall)

    assert commands[0] == do.Interrupt(reply)
    assert conversation.phase is Phase.LISTENING


def test_silent_caller_is_asked_twice_and_then_said_goodbye_to() -> None:
    conversation = listening_conversation()
    said: list[Announcement] = []
    ended: list[do.Command] = []
    while conversation.deadline is not None:
        now = conversation.deadline
        ended = conversation.tick(now)
        for command in ended:
            if isinstance(command, do.Announce):
                said.append(command.announcement)
                conversation.receive(on.SegmentStarted(command.reply, command.segment), now)
                ended = conversation.receive(
                    on.SegmentPlayed(command.reply, command.segment), now + 2
                )

    assert said == [
        Announcement.ARE_YOU_THERE,
        Announcement.ARE_YOU_THERE,
        Announcement.SILENT_GOODBYE,
    ]
    assert ended[-1] == do.HangUp(EndReason.CALLER_SILENT)


def test_voice_without_words_holds_a_begun_turn_open_a_little() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived("well", is_final=True, ended_at=11), 11.2)

    conversation.receive(on.VoiceDetected(), 11.7)

    assert conversation.deadline == pytest.approx(11.7 + RULES.voice_hold)


def test_warning_is_said_at_once_when_nobody_speaks() -> None:
    conversation = listening_conversation()

    commands = conversation.receive(on.TalkTimeLow(60), 11)

    assert [c.announcement for c in commands if isinstance(c, do.Announce)] == [
        Announcement.TALK_TIME_LOW
    ]


def test_warning_waits_for_the_callers_turn_to_end_and_comes_before_the_reply() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived("so I was thinking", is_final=True, ended_at=11), 11)

    at_once = conversation.receive(on.TalkTimeLow(60), 11.2)
    commands = conversation.tick(11.8)

    assert at_once == []
    assert [type(c) for c in commands] == [do.WriteEntry, do.Announce, do.GenerateReply]


def test_warning_that_was_talked_over_is_said_again() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TalkTimeLow(60), 11)
    conversation.receive(on.TranscriptReceived("wait a moment", is_final=True, ended_at=12), 12)

    commands = conversation.tick(12.8)

    assert any(isinstance(c, do.Announce) for c in commands)


def test_end_of_talk_time_closes_warmly_and_nothing_interrupts_it() -> None:
    conversation, reply = speaking_conversation()

    closing = conversation.receive(on.TalkTimeOver(), 14.5)
    shouted = conversation.receive(on.TranscriptReceived("no wait stop", is_final=True), 15)
    announcement = closing[-1]
    assert isinstance(announcement, do.Announce)
    ended = conversation.receive(on.SegmentPlayed(announcement.reply, announcement.segment), 18)

    assert closing[0] == do.Interrupt(reply)
    assert announcement.announcement is Announcement.TALK_TIME_OVER
    assert shouted == []
    assert ended[-1] == do.HangUp(EndReason.TALK_TIME_OVER)


def test_lost_recogniser_is_said_and_its_return_goes_on_in_silence() -> None:
    conversation = listening_conversation()

    said = conversation.receive(on.RecogniserLost(), 11)
    again = conversation.receive(on.RecogniserLost(), 11.5)
    back = conversation.receive(on.RecogniserRestored(), 12)

    assert [c.announcement for c in said if isinstance(c, do.Announce)] == [
        Announcement.RECOGNISER_LOST
    ]
    assert (again, back) == ([], [])


def test_recogniser_lost_while_the_buddy_speaks_is_said_when_the_floor_returns() -> None:
    conversation, reply = thinking_conversation()
    conversation.receive(on.SegmentGenerated(reply, "Shall I?"), 13.5)
    conversation.receive(on.ReplyGenerated(reply), 13.6)
    conversation.receive(on.SegmentStarted(reply, 0), 14)

    at_once = conversation.receive(on.RecogniserLost(), 14.5)
    later = conversation.receive(on.SegmentPlayed(reply, 0), 15)

    assert at_once == []
    assert [c.announcement for c in later if isinstance(c, do.Announce)] == [
        Announcement.RECOGNISER_LOST
    ]


def test_recogniser_that_does_not_return_ends_the_call_with_a_goodbye() -> None:
    conversation = listening_conversation()
    (announce,) = conversation.receive(on.RecogniserLost(), 11)
    assert isinstance(announce, do.Announce)
    conversation.receive(on.SegmentPlayed(announce.reply, announce.segment), 13)

    commands = conversation.tick(11 + RULES.recogniser_wait)

    assert [c.announcement for c in commands if isinstance(c, do.Announce)] == [
        Announcement.RECOGNISER_GONE
    ]


def test_hang_up_in_mid_turn_keeps_the_callers_words() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived("good bye lisa", is_final=False), 11)

    commands = conversation.receive(on.CallerHungUp(), 11.2)

    assert commands == [
        do.WriteEntry(Side.CALLER, "good bye lisa"),
        do.HangUp(EndReason.CALLER_HUNG_UP),
    ]


def test_drain_says_goodbye() -> None:
    conversation = listening_conversation()

    commands = conversation.receive(on.ServiceEnding(), 11)

    assert [c.announcement for c in commands if isinstance(c, do.Announce)] == [
        Announcement.SERVICE_ENDING
    ]


def test_marks_of_segments_that_never_were_or_are_over_change_nothing() -> None:
    conversation, reply = speaking_conversation()
    conversation.receive(on.SegmentPlayed(reply, 0), 15)

    assert conversation.receive(on.SegmentStarted(reply, 9), 15.1) == []
    assert conversation.receive(on.SegmentStarted(reply, 0), 15.1) == []
    assert conversation.receive(on.SegmentPlayed(reply, 0), 15.2) == []
    assert conversation.receive(on.TranscriptReceived("", is_final=True), 15.3) == []


def test_mark_close_to_the_end_keeps_the_last_word_for_later() -> None:
    conversation, reply = speaking_conversation()
    conversation.receive(on.SegmentPlayed(reply, 0, share=0.99), 15)

    cut = conversation.receive(on.TranscriptReceived("stop", is_final=False), 15.1)

    assert cut[1] == do.WriteEntry(
        Side.BUDDY, "Once upon a", "time. There was a bear who sang.", was_interrupted=True
    )


def test_keys_and_store_trouble_leave_the_conversation_alone() -> None:
    conversation = listening_conversation()

    assert conversation.receive(on.DigitPressed("4"), 11) == []
    assert conversation.receive(on.StoreLost(), 11) == []
    assert conversation.receive(on.UtteranceLikelyEnded(), 11) == []
    assert conversation.phase is Phase.LISTENING
