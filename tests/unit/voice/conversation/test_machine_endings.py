"""What the conversation does when something fails, runs out or ends."""

from __future__ import annotations

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
from voice.conversation.commands import Announcement, EndReason, Message, Side
from voice.conversation.events import StopReason
from voice.conversation.machine import Phase

ENDINGS = [
    (on.TalkTimeOver(), Announcement.TALK_TIME_OVER, EndReason.TALK_TIME_OVER),
    (on.ServiceEnding(), Announcement.SERVICE_ENDING, EndReason.SERVICE_ENDING),
    (
        on.ServiceEnding(is_short=True),
        Announcement.SERVICE_STOPPING,
        EndReason.SERVICE_ENDING,
    ),
    (on.LeaseRanOut(), Announcement.FAILED_GOODBYE, EndReason.FAILED),
    (on.CallDeleted(), Announcement.ACCOUNT_DELETED, EndReason.ACCOUNT_DELETED),
    (
        on.SpendStopped(StopReason.LONGEST_CALL),
        Announcement.LONGEST_CALL,
        EndReason.LONGEST_CALL,
    ),
    (on.SpendStopped(StopReason.BUDGET), Announcement.BUDGET_OVER, EndReason.BUDGET_OVER),
    (
        on.SpendStopped(StopReason.KILL_SWITCH),
        Announcement.SERVICE_PAUSED,
        EndReason.SERVICE_PAUSED,
    ),
    (on.SpendStopped(StopReason.FAIR_USE), Announcement.FAIR_USE_OVER, EndReason.FAIR_USE_OVER),
]


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


def test_segment_that_cannot_be_spoken_is_apologised_for_before_anything_that_follows() -> None:
    conversation, reply = speaking_conversation()

    commands = conversation.receive(on.SynthesisFailed(reply, 1), 14.5)
    again = conversation.receive(on.SynthesisFailed(reply, 2), 14.6)
    apology = commands[-1]

    assert commands[0] == do.Interrupt(reply)
    assert isinstance(apology, do.Announce)
    assert apology.announcement is Announcement.SYNTHESIS_FAILED
    assert apology.reply != reply
    assert again == []


def test_segment_that_breaks_off_is_kept_as_far_as_it_went() -> None:
    conversation, reply = speaking_conversation()
    conversation.receive(on.SegmentPlayed(reply, 0, share=0.7), 14.4)

    failed = conversation.receive(on.SynthesisFailed(reply, 0, spoken=0.75), 16)

    assert failed[1] == do.WriteEntry(
        Side.BUDDY, "Once upon a", "time. There was a bear who sang.", was_interrupted=True
    )


def test_last_words_that_break_off_end_the_call_all_the_same() -> None:
    conversation, _ = speaking_conversation()
    (*_, goodbye) = conversation.receive(on.TalkTimeOver(), 15)
    assert isinstance(goodbye, do.Announce)

    commands = conversation.receive(on.SynthesisFailed(goodbye.reply, goodbye.segment), 15.5)

    assert commands == [do.HangUp(EndReason.TALK_TIME_OVER)]


def test_lost_marks_cost_seconds_and_not_the_call() -> None:
    conversation, reply = speaking_conversation()

    commands = conversation.tick(14 + RULES.playback_stall)

    assert commands[0] == do.Interrupt(reply)
    assert conversation.phase is Phase.LISTENING


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


def test_caller_whom_nobody_hears_is_asked_for_patience_and_not_for_words() -> None:
    conversation = listening_conversation()
    lost = conversation.receive(on.RecogniserLost(), 11)[-1]
    assert isinstance(lost, do.Announce)
    conversation.receive(on.SegmentPlayed(lost.reply, lost.segment), 13)

    assert conversation.deadline == 18
    (asked,) = conversation.tick(18)
    assert isinstance(asked, do.Announce)
    assert asked.announcement is Announcement.STILL_WORKING


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


@pytest.mark.parametrize("is_speaking", [False, True])
def test_recogniser_that_is_lost_for_good_ends_the_call_at_once(*, is_speaking: bool) -> None:
    if is_speaking:
        conversation, reply = thinking_conversation()
        conversation.receive(on.SegmentGenerated(reply, "Shall I?"), 13.5)
        conversation.receive(on.SegmentStarted(reply, 0), 14)
    else:
        conversation = listening_conversation()

    commands = conversation.receive(on.RecogniserLost(is_for_good=True), 14.5)

    assert [c.announcement for c in commands if isinstance(c, do.Announce)] == [
        Announcement.RECOGNISER_GONE
    ]
    assert conversation.phase is Phase.CLOSING


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


def test_line_that_breaks_is_told_from_a_caller_who_hangs_up() -> None:
    conversation = listening_conversation()

    commands = conversation.receive(on.CallerHungUp(is_lost=True), 11)

    assert commands == [do.HangUp(EndReason.LINE_LOST)]


@pytest.mark.parametrize(("event", "words", "reason"), ENDINGS)
def test_call_that_we_end_is_said_goodbye_to(
    event: on.ClosingEvent, words: Announcement, reason: EndReason
) -> None:
    conversation, reply = speaking_conversation()

    commands = conversation.receive(event, 14.5)
    later = conversation.receive(on.TalkTimeOver(), 14.6)
    announcement = commands[-1]
    assert isinstance(announcement, do.Announce)
    ended = conversation.receive(on.SegmentPlayed(announcement.reply, 0), 18)

    assert commands[0] == do.Interrupt(reply)
    assert announcement.announcement is words
    assert later == []
    assert ended[-1] == do.HangUp(reason)


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
