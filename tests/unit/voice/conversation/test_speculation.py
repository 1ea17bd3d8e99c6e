"""Replies prepared on a likely end: for which words, how often, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.voice.conversation.test_machine import GREETING, TEXTS
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation import honesty
from voice.conversation.commands import Announcement, Command, Message, Side
from voice.conversation.events import Event, ReplyId
from voice.conversation.machine import Conversation, Phase
from voice.conversation.turn_rules import TurnRules

RULES = TurnRules()
ASKED = (Message(Side.BUDDY, GREETING), Message(Side.CALLER, "tell me a story"))


def conversation_at_ten(rules: TurnRules = RULES) -> Conversation:
    """Return a conversation whose caller has had the floor since second 10."""
    conversation = Conversation(rules, TEXTS, now=0, last_reply=ReplyId(3))
    conversation.start(GREETING, 0)
    conversation.receive(on.SegmentStarted(ReplyId(4), 0), 0)
    conversation.receive(on.SegmentPlayed(ReplyId(4), 0), 10)
    return conversation


def hear(
    conversation: Conversation, words: str, at: float, *, is_final: bool = True
) -> list[Command]:
    """Let words arrive that ended 0.2 seconds before."""
    return conversation.receive(on.TranscriptReceived(words, is_final, at - 0.2), at)


def prepared(rules: TurnRules = RULES) -> tuple[Conversation, ReplyId]:
    """Return a conversation that prepared a reply at 12.2; the turn ends at 12.8."""
    conversation = conversation_at_ten(rules)
    hear(conversation, "tell me a story", 12.2)
    (order,) = conversation.receive(on.UtteranceLikelyEnded(), 12.2)
    assert isinstance(order, do.PrepareReply)
    return conversation, order.reply


@pytest.mark.parametrize("hint", [on.UtteranceLikelyEnded(), on.UtteranceEnded()])
def test_hint_has_a_reply_prepared_and_the_pause_time_commits_it(hint: Event) -> None:
    conversation = conversation_at_ten()
    hear(conversation, "tell me a story", 12.2)

    order = conversation.receive(hint, 12.2)
    early = conversation.tick(12.79)
    committed = conversation.tick(12.8)

    assert order == [do.PrepareReply(ReplyId(5), ASKED)]
    assert early == []
    assert committed == [
        do.WriteEntry(Side.CALLER, "tell me a story"),
        do.CommitReply(ReplyId(5)),
    ]
    assert conversation.phase is Phase.THINKING


def test_committed_reply_is_spoken_like_any_other() -> None:
    conversation, reply = prepared()
    conversation.tick(12.8)

    spoken = conversation.receive(on.SegmentGenerated(reply, "Once."), 12.8)
    conversation.receive(on.ReplyGenerated(reply), 12.8)
    shown = conversation.receive(on.SegmentStarted(reply, 0), 12.8)
    conversation.receive(on.SegmentPlayed(reply, 0), 13.4)

    assert spoken == [do.Speak(reply, 0, "Once.")]
    assert shown == [do.ShowInterim(Side.BUDDY, "Once.")]
    assert conversation.history == [*ASKED, Message(Side.BUDDY, "Once.")]


def test_final_that_says_the_same_with_other_marks_keeps_the_reply() -> None:
    conversation = conversation_at_ten()
    hear(conversation, "tell me a story", 12.2, is_final=False)
    conversation.receive(on.UtteranceLikelyEnded(), 12.2)

    late = conversation.receive(on.TranscriptReceived("Tell me a story.", True, 12.0), 12.5)
    committed = conversation.tick(12.8)

    assert late == [do.ShowInterim(Side.CALLER, "Tell me a story.")]
    assert committed[-1] == do.CommitReply(ReplyId(5))


@pytest.mark.parametrize("is_final", [True, False])
def test_more_words_discard_the_reply_at_once(is_final: bool) -> None:  # noqa: FBT001
    conversation, reply = prepared()

    commands = hear(conversation, "about a bear", 12.6, is_final=is_final)

    assert commands == [
        do.DiscardReply(reply),
        do.ShowInterim(Side.CALLER, "tell me a story about a bear"),
    ]


def test_new_words_are_answered_anew() -> None:
    conversation, reply = prepared()
    hear(conversation, "about a bear", 12.6)

    (again,) = conversation.receive(on.UtteranceLikelyEnded(), 12.9)
    commands = conversation.tick(13.3)

    assert isinstance(again, do.PrepareReply)
    assert again.reply != reply
    assert again.history[-1] == Message(Side.CALLER, "tell me a story about a bear")
    assert commands[-1] == do.CommitReply(again.reply)


def test_hint_taken_back_discards_and_the_turn_is_generated_when_it_ends() -> None:
    conversation, reply = prepared()

    resumed = conversation.receive(on.UtteranceResumed(), 12.5)
    unchanged = conversation.tick(12.6)
    commands = conversation.tick(12.8)

    assert resumed == [do.DiscardReply(reply)]
    assert unchanged == []
    assert commands[-1] == do.GenerateReply(ReplyId(6), ASKED)


def test_without_a_hint_settled_words_are_answered_after_a_short_silence() -> None:
    conversation = conversation_at_ten()
    hear(conversation, "tell me a story", 12.2)

    at = conversation.deadline
    orders = conversation.tick(12.25)

    assert at == pytest.approx(12.0 + RULES.speculate_after)
    assert orders == [do.PrepareReply(ReplyId(5), ASKED)]
    assert conversation.deadline == pytest.approx(12.0 + RULES.pause)


def test_words_that_may_change_or_a_voice_after_them_prepare_nothing_without_a_hint() -> None:
    unsettled = conversation_at_ten()
    hear(unsettled, "tell me a story", 12.2, is_final=False)
    voiced = conversation_at_ten()
    hear(voiced, "tell me a story", 12.2)
    voiced.receive(on.VoiceDetected(), 12.21)

    assert unsettled.tick(12.5) == []
    assert voiced.tick(12.5) == []


def test_so_many_replies_are_prepared_in_a_turn_and_the_next_turn_counts_anew() -> None:
    conversation = conversation_at_ten()
    orders: list[Command] = []
    for number in range(4):
        orders += hear(conversation, f"and then {number}", 12.2 + number / 2)
        orders += conversation.receive(on.UtteranceLikelyEnded(), 12.2 + number / 2)
    (reply,) = [c.reply for c in conversation.tick(15) if isinstance(c, do.GenerateReply)]
    conversation.receive(on.SegmentGenerated(reply, "So."), 15)
    conversation.receive(on.ReplyGenerated(reply), 15)
    conversation.receive(on.SegmentPlayed(reply, 0), 16)
    hear(conversation, "go on", 17)

    later = conversation.receive(on.UtteranceLikelyEnded(), 17)

    assert [type(c) for c in orders].count(do.PrepareReply) == RULES.speculations
    assert [type(c) for c in later] == [do.PrepareReply]


def test_none_are_prepared_where_none_are_allowed() -> None:
    conversation = conversation_at_ten(replace(RULES, speculations=0))
    hear(conversation, "tell me a story", 12.2)

    assert conversation.receive(on.UtteranceLikelyEnded(), 12.2) == []
    assert conversation.deadline == pytest.approx(12.0 + RULES.pause)


def test_hint_without_words_or_out_of_turn_prepares_nothing() -> None:
    conversation = conversation_at_ten()
    silent = conversation.receive(on.UtteranceLikelyEnded(), 11)
    hear(conversation, "tell me a story", 12.2)
    conversation.tick(13)

    assert silent == []
    assert conversation.receive(on.UtteranceLikelyEnded(), 13.1) == []


def test_question_whether_it_is_human_is_not_prepared_by_the_model() -> None:
    conversation = conversation_at_ten()
    hear(conversation, "are you a real person", 12.2)

    hinted = conversation.receive(on.UtteranceLikelyEnded(), 12.2)
    commands = conversation.tick(12.8)

    assert hinted == []
    assert commands[-1] == do.Speak(ReplyId(5), 0, honesty.ANSWER)


def test_preparation_that_fails_is_never_known_and_the_turn_is_generated() -> None:
    conversation, reply = prepared()

    failed = conversation.receive(on.ReplyFailed(reply), 12.5)
    commands = conversation.tick(12.8)

    assert failed == [do.DiscardReply(reply)]
    assert commands[-1] == do.GenerateReply(ReplyId(6), ASKED)


def test_surer_hint_does_not_ask_again_what_has_just_failed() -> None:
    conversation, reply = prepared()
    conversation.receive(on.ReplyFailed(reply), 12.3)

    again = conversation.receive(on.UtteranceEnded(), 12.4)
    hear(conversation, "about a bear", 12.6)
    anew = conversation.receive(on.UtteranceEnded(), 12.6)

    assert again == []
    assert [type(command) for command in anew] == [do.PrepareReply]


def test_what_must_be_told_comes_before_a_committed_reply() -> None:
    conversation, reply = prepared()
    conversation.receive(on.TalkTimeLow(60), 12.5)

    commands = conversation.tick(12.8)

    assert commands[1:] == [
        do.Announce(reply, 0, Announcement.TALK_TIME_LOW),
        do.CommitReply(reply),
    ]


@pytest.mark.parametrize("event", [on.CallerHungUp(), on.TalkTimeOver(), on.CallDeleted()])
def test_end_of_the_call_discards_what_is_prepared(event: Event) -> None:
    conversation, reply = prepared()

    commands = conversation.receive(event, 12.5)

    assert commands[0] == do.DiscardReply(reply)
    assert do.CommitReply(reply) not in conversation.tick(60)


def test_words_while_a_committed_reply_is_still_silent_retire_it() -> None:
    conversation, reply = prepared()
    conversation.tick(12.8)

    commands = hear(conversation, "about a bear", 13.2)

    assert commands[0] == do.Interrupt(reply)


def test_who_dictates_has_nothing_prepared_by_a_hint_and_a_reply_after_the_usual_pause() -> None:
    conversation = conversation_at_ten()
    hear(conversation, "my number is five five five", 12.2)

    hinted = conversation.receive(on.UtteranceLikelyEnded(), 12.3)
    early = conversation.tick(12.7)
    prepared_then = conversation.tick(12 + RULES.pause)
    committed = conversation.tick(12 + RULES.dictation_pause)

    assert (hinted, early) == ([], [])
    assert [type(c) for c in prepared_then] == [do.PrepareReply]
    assert isinstance(committed[-1], do.CommitReply)
