"""What callers ask of the call itself, by key and in words: again, slower, no more of this."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.talk import TEXTS, Talk, listening, telling, thinking, told, written
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Side
from voice.conversation.events import PinResult
from voice.conversation.machine import Phase
from voice.conversation.turn_rules import TurnRules

SLOWER = TEXTS[Announcement.SLOWER]
SLOWEST = TEXTS[Announcement.SLOWEST]
OFF = TEXTS[Announcement.OFF_THE_RECORD]


# Again.


def test_what_was_said_last_is_said_again() -> None:
    talk = thinking()
    talk.write("One.", "Two.")
    talk.play()

    commands = talk.press("*1")

    assert told(commands) == ["One.", "Two."]
    assert len(talk.asked) == 1
    talk.play()
    assert talk.conversation.phase is Phase.LISTENING


def test_of_a_long_answer_the_last_sentences_are_said_again() -> None:
    talk = thinking()
    talk.write("One.", "Two.", "Three.", "Four.", "Five.")
    talk.play()

    assert told(talk.say("could you say that again, please")) == [
        "Two.",
        "Three.",
        "Four.",
        "Five.",
    ]


def test_in_mid_story_the_sentence_before_is_said_again_and_the_story_goes_on() -> None:
    talk = telling()

    commands = talk.press("*1")

    assert told(commands) == ["One.", "Two two.", "Three."]
    assert talk.asked[-1].history[-1].text == "Two two. Three."


def test_while_the_buddy_thinks_the_last_words_are_repeated_and_then_the_answer_comes() -> None:
    talk = thinking()

    commands = talk.press("*1")

    assert told(commands) == ["Hi, Lisa here."]
    assert [c.history for c in talk.asked] == [talk.asked[0].history] * 2


# Slower.


def test_slower_is_said_and_the_story_goes_on_from_the_cut_sentence() -> None:
    talk = telling()

    commands = talk.press("*2")

    assert told(commands) == [SLOWER, "Two two.", "Three."]
    order = [type(c) for c in commands if isinstance(c, do.SpeakSlower | do.Interrupt | do.Speak)]
    assert order == [do.Interrupt, do.SpeakSlower, do.Speak, do.Speak]
    assert written(commands) == [(Side.BUDDY, "Two")]
    talk.write("Four.")
    talk.play()
    assert [m.text for m in talk.conversation.history[-2:]] == ["One. Two", "Two two. Three. Four."]
    assert not any(m.was_interrupted for m in talk.conversation.history)


def test_slower_in_words_cuts_a_story_no_more_than_the_key_does() -> None:
    talk = telling()

    assert told(talk.say("can you speak slower please")) == [SLOWER, "Two two.", "Three."]


def test_slower_while_the_buddy_thinks_keeps_the_question() -> None:
    talk = thinking()

    commands = talk.press("*2")

    assert told(commands) == [SLOWER]
    assert talk.asked[-1] == do.GenerateReply(talk.asked[-1].reply, talk.asked[0].history)


def test_slower_in_the_callers_own_turn_waits_for_its_end() -> None:
    talk = listening()
    talk.hear("tell me about whales")

    at_once = talk.press("*2")
    commands = talk.wait()

    assert at_once == [do.SpeakSlower()]
    assert told(commands) == [SLOWER]
    assert talk.asked[-1].history[-1].text == "tell me about whales"


def test_there_is_an_end_to_slower() -> None:
    talk = listening()

    said = []
    for _ in range(4):
        said += told(talk.press("*2"))
        talk.play()

    assert said == [SLOWER, SLOWER, SLOWEST, SLOWEST]
    assert sum(isinstance(c, do.SpeakSlower) for c in talk.commands) == TurnRules().slower_steps


@pytest.mark.parametrize("state", [listening, thinking, telling])
def test_slower_pressed_again_and_again_is_confirmed_once_and_in_order(
    state: Callable[[], Talk],
) -> None:
    talk = state()

    first, second, third = (talk.press("*2") for _ in range(3))

    assert told(first)[:1] == told(second)[:1] == [SLOWER]
    assert told(second).count(SLOWER) == 1
    assert told(third)[:2] == [SLOWER, SLOWEST]
    assert told(third).count(SLOWER) == 1


@pytest.mark.parametrize(("keys", "words"), [("*2", SLOWER), ("*9", OFF)])
def test_what_a_key_did_is_told_even_if_the_caller_talks_over_it(keys: str, words: str) -> None:
    talk = thinking()
    talk.press(keys)
    talk.play(1, share=0.3)

    commands = talk.say("and make it a long one")

    assert told(commands) == [words]
    assert talk.asked[-1].history[-1].text == "tell me a story and make it a long one"


# Skipping.


def test_what_is_being_said_can_be_skipped() -> None:
    talk = telling()

    commands = talk.press("#")

    assert commands[0] == do.Interrupt(talk.asked[0].reply)
    assert told(commands) == []
    assert talk.conversation.phase is Phase.LISTENING
    assert written(commands) == [(Side.BUDDY, "Two")]


def test_skipping_where_nothing_is_said_changes_nothing() -> None:
    assert thinking().press("#") == []
    assert listening().press("#") == []


def test_warning_that_was_skipped_is_said_at_the_next_gap() -> None:
    talk = listening()
    talk.receive(on.TalkTimeLow(60))
    talk.play(1, share=0.3)

    skipped = talk.press("#")
    later = talk.say("tell me more")

    assert told(skipped) == []
    assert told(later) == [TEXTS[Announcement.TALK_TIME_LOW]]


# Whatever else.


def test_keys_in_the_last_words_change_nothing() -> None:
    talk = telling()
    talk.receive(on.TalkTimeOver())

    assert talk.press("*0*1*2*9#2") == []


def test_pin_is_still_a_pin() -> None:
    talk = telling()

    assert talk.press("**8305") == [do.CheckPin("8305")]
    talk.receive(on.PinChecked(PinResult.RIGHT))


def test_requests_are_never_answered_ahead() -> None:
    talk = Talk(TurnRules())
    talk.play()

    for words in ("let me talk to Ben", "menu", "say that again", "slower please"):
        commands = [*talk.hear(words), *talk.receive(on.UtteranceLikelyEnded())]
        assert not [c for c in commands if isinstance(c, do.PrepareReply)]
        talk.wait()
        talk.wait()
        talk.play()
