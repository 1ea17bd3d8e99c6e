"""What callers ask of the call itself: by key, in words, and how the talk goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.talk import TEXTS, Talk, told, written
from voice.conversation import bridges
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Command, Message, Side
from voice.conversation.events import PinResult
from voice.conversation.keypad import Shortcut
from voice.conversation.machine import Phase
from voice.conversation.turn_rules import TurnRules

MENU = TEXTS[Announcement.BUDDY_MENU]
MENU_LEFT = TEXTS[Announcement.MENU_LEFT]
SLOWER = TEXTS[Announcement.SLOWER]
SLOWEST = TEXTS[Announcement.SLOWEST]
OFF = TEXTS[Announcement.OFF_THE_RECORD]
ON = TEXTS[Announcement.ON_THE_RECORD]
BEN_HERE = bridges.taking_up("Ben")


def listening() -> Talk:
    talk = Talk()
    talk.play()
    return talk


def thinking() -> Talk:
    talk = listening()
    talk.say("tell me a story")
    return talk


def telling() -> Talk:
    """Return a talk in which Lisa is in the middle of the second sentence of three or more."""
    talk = thinking()
    talk.write("One.", "Two two.", "Three.", is_over=False)
    talk.play(2, share=0.5)
    return talk


# Another buddy.


def test_old_buddy_hands_over_and_the_new_one_takes_up_with_the_whole_talk() -> None:
    talk = thinking()
    talk.write("Once upon a time.")
    talk.play()

    commands = talk.say("let me talk to Ben")

    assert told(commands) == [bridges.HANDING_OVER, BEN_HERE]
    kinds = [type(c) for c in commands if isinstance(c, do.Speak | do.HandOver | do.GenerateReply)]
    assert kinds == [do.Speak, do.HandOver, do.Speak, do.GenerateReply]
    assert talk.asked[-1].goes_on
    assert talk.asked[-1].history == (
        Message(Side.BUDDY, "Hi, Lisa here.", buddy=1),
        Message(Side.CALLER, "tell me a story"),
        Message(Side.BUDDY, "Once upon a time.", buddy=1),
        Message(Side.CALLER, "let me talk to Ben"),
        Message(Side.BUDDY, BEN_HERE, buddy=2),
    )


def test_each_sentence_is_kept_as_the_one_buddys_who_said_it() -> None:
    talk = listening()
    talk.say("can I speak to Ben?")

    talk.write("So, the news.")
    commands = talk.play()

    rows = [(c.text, c.buddy) for c in commands if isinstance(c, do.WriteEntry)]
    assert rows == [(bridges.HANDING_OVER, 1), (BEN_HERE, 2), ("So, the news.", 2)]
    heard = [c for c in commands if isinstance(c, do.RecordBuddy | do.WriteEntry)]
    assert heard[:2] == [
        do.WriteEntry(Side.BUDDY, bridges.HANDING_OVER, buddy=1),
        do.RecordBuddy(2),
    ]
    assert talk.conversation.history[-2:] == [
        Message(Side.BUDDY, bridges.HANDING_OVER, buddy=1),
        Message(Side.BUDDY, f"{BEN_HERE} So, the news.", buddy=2),
    ]


def test_hand_over_that_is_interrupted_leaves_the_call_with_the_new_buddy() -> None:
    talk = listening()
    talk.say("switch to Ben")
    talk.play(1, share=0.4)

    talk.say("wait, what's the time")
    talk.write("Late.")
    commands = talk.play()

    assert [c for c in commands if isinstance(c, do.RecordBuddy)] == [do.RecordBuddy(2)]
    assert written(commands)[-1] == (Side.BUDDY, "Late.")


def test_who_asks_for_the_buddy_they_talk_to_is_answered_by_it() -> None:
    talk = listening()

    commands = talk.say("let me talk to Lisa")

    assert [type(c) for c in commands if isinstance(c, do.Speak | do.GenerateReply)] == [
        do.GenerateReply
    ]


@pytest.mark.parametrize("state", [listening, thinking, telling])
@pytest.mark.parametrize("choice", ["2", "Ben", "number two please"])
def test_menu_by_key_leads_to_another_buddy_from_anywhere(
    state: Callable[[], Talk], choice: str
) -> None:
    talk = state()

    menu = talk.press("*0")
    commands = talk.press(choice) if choice == "2" else talk.say(choice)

    assert told(menu) == [MENU]
    assert told(commands) == [bridges.HANDING_OVER, BEN_HERE]
    assert talk.asked[-1].history[-2].side is Side.CALLER


@pytest.mark.parametrize(
    "leave",
    [
        lambda talk: [*talk.play(), *talk.wait()],  # nothing is chosen
        lambda talk: talk.say("no, never mind"),
        lambda talk: talk.press("##"),  # the menu's words, then the menu
        lambda talk: talk.press("1"),
        lambda talk: talk.say("stay with Lisa"),
    ],
)
def test_who_leaves_the_menu_is_told_on_from_the_sentence_it_cut(
    leave: Callable[[Talk], list[Command]],
) -> None:
    talk = telling()
    talk.press("*0")

    commands = leave(talk)

    assert told(commands)[-3:] == [MENU_LEFT, "Two two.", "Three."]
    again = talk.asked[-1]
    assert again.goes_on
    assert [m.text for m in again.history[-2:]] == ["One. Two", "Two two. Three."]
    assert not any(m.was_interrupted for m in again.history)


def test_menu_waits_its_time_and_no_longer() -> None:
    talk = listening()
    talk.press("*0")
    talk.play()

    assert talk.conversation.deadline == pytest.approx(talk.now + TurnRules().menu_wait)


def test_other_words_than_a_choice_are_a_turn_and_close_the_menu() -> None:
    talk = listening()
    talk.press("*0")

    talk.say("so what do you think about the number two in all these stories")

    assert talk.press("2") == []
    assert len(talk.asked) == 1


@pytest.mark.parametrize(
    ("leave", "first"),
    [("2", [bridges.HANDING_OVER, BEN_HERE]), ("1", [MENU_LEFT])],
)
def test_menu_in_the_callers_own_turn_waits_for_a_choice_and_then_the_turn_is_answered(
    leave: str, first: list[str]
) -> None:
    talk = listening()
    talk.hear("tell me about whales")

    menu = [*talk.press("*0"), *talk.play()]
    commands = talk.press(leave)

    assert told(menu) == [MENU]
    assert told(commands) == first
    (asked,) = talk.asked
    assert Message(Side.CALLER, "tell me about whales") in asked.history
    assert written(talk.commands).count((Side.CALLER, "tell me about whales")) == 1


def test_words_said_before_the_menus_key_do_not_close_the_menu_when_they_come() -> None:
    talk = listening()
    talk.hear("tell me", is_final=False)
    said_at, talk.now = talk.now + 0.5, talk.now + 0.6
    talk.press("*0")
    talk.play(1, share=0.1)

    late = [
        command
        for is_final in (False, True)
        for command in talk.receive(on.TranscriptReceived("tell me a story", is_final, said_at))
    ]
    talk.play()
    commands = talk.press("1")

    assert not [c for c in late if isinstance(c, do.Interrupt)]
    assert told(commands) == [MENU_LEFT]
    assert talk.asked[-1].history[-1] == Message(Side.CALLER, "tell me a story")


def test_words_that_come_only_after_the_menus_key_are_answered_when_the_menu_is_left() -> None:
    talk = listening()
    talk.now += 1
    said_at, talk.now = talk.now, talk.now + 0.2
    talk.press("*0")
    talk.receive(on.TranscriptReceived("tell me a story", True, said_at))

    talk.play()
    commands = talk.wait()

    assert told(commands) == [MENU_LEFT]
    assert talk.asked[-1].history[-1] == Message(Side.CALLER, "tell me a story")


def test_menu_can_be_asked_for_in_words() -> None:
    talk = listening()

    assert told(talk.say("Menu, please.")) == [MENU]
    assert talk.conversation.history == [Message(Side.BUDDY, "Hi, Lisa here.", buddy=1)]


@pytest.mark.parametrize("digit", "0123456789")
def test_digits_outside_the_menu_mean_nothing(digit: str) -> None:
    assert telling().press(digit) == []


def test_digit_that_is_nobodys_leaves_the_menu_open() -> None:
    talk = listening()
    talk.press("*0")

    assert talk.press("5") == []
    assert told(talk.press("2")) == [bridges.HANDING_OVER, BEN_HERE]


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


# The record.


def test_off_the_record_is_at_once_told_and_the_story_goes_on_unwritten() -> None:
    talk = telling()

    commands = talk.press("*9")
    talk.write("Four.")
    later = [*talk.play(), *talk.say("my secret is a bear"), *talk.write("Oh."), *talk.play()]

    assert written(commands) == [(Side.BUDDY, "Two")]
    assert commands.index(do.GoOffRecord()) > commands.index(
        do.WriteEntry(Side.BUDDY, "Two", "two. Three.", was_interrupted=True, buddy=1)
    )
    assert told(commands) == [OFF, "Two two.", "Three."]
    assert talk.asked[-1].history[-1].text == "my secret is a bear"
    assert not [c for c in later if isinstance(c, do.WriteEntry | do.ShowInterim)]


def test_words_that_ask_for_it_and_what_follows_them_are_never_shown() -> None:
    talk = listening()

    commands = [
        *talk.hear("off the record", is_final=False),
        *talk.hear("off the record my secret is a bear"),
        *talk.wait(),
    ]

    assert do.GoOffRecord() in commands
    assert not [c for c in commands if isinstance(c, do.WriteEntry | do.ShowInterim)]
    assert told(commands) == [OFF]
    assert talk.asked[-1].history[-1].text == "off the record my secret is a bear"


def test_nothing_but_the_wish_needs_no_answer() -> None:
    talk = listening()

    commands = talk.say("can we go off the record please")

    assert told(commands) == [OFF]
    assert talk.asked == []


@pytest.mark.parametrize("way", ["*9", "back on the record"])
def test_back_on_the_record_the_model_knows_nothing_of_what_was_said(way: str) -> None:
    talk = listening()
    talk.press("*9")
    talk.play()
    talk.say("my secret is a bear")
    talk.write("A bear.", "Really.", is_over=False)
    talk.play(1, share=0.5)

    commands = talk.press(way) if way == "*9" else talk.say(way)
    talk.play()
    talk.say("tell me a story")

    assert told(commands) == [ON]
    assert written(commands) == []
    assert [m.text for m in talk.asked[-1].history] == ["Hi, Lisa here.", "tell me a story"]
    assert written(talk.commands)[-1] == (Side.CALLER, "tell me a story")


def test_what_follows_the_words_that_begin_the_record_is_on_it() -> None:
    talk = listening()
    talk.say("off the record")
    talk.play()

    commands = talk.say("so that was it. back on the record: tell me about whales")

    assert written(commands) == [(Side.CALLER, "tell me about whales")]
    assert talk.asked[-1].history[-1].text == "tell me about whales"


@pytest.mark.parametrize("pieces", [("back on", "back on the record"), ("Back", "on the record")])
def test_words_that_begin_the_record_may_come_in_pieces(pieces: tuple[str, str]) -> None:
    talk = listening()
    talk.say("off the record")
    talk.play()

    talk.hear(pieces[0], is_final=False)
    talk.wait()
    commands = talk.say(pieces[1])

    assert do.GoOnRecord() in commands
    assert told(commands)[-1:] == [ON]


def test_words_that_end_the_record_may_come_in_pieces() -> None:
    talk = listening()

    talk.hear("off the", is_final=False)
    talk.wait()
    commands = talk.hear("off the record my secret is a bear")

    assert do.GoOffRecord() in commands
    assert "bear" not in str(written(commands))


def test_rest_of_a_sentence_begun_off_the_record_is_dropped() -> None:
    talk = listening()
    talk.press("*9")
    talk.play()
    talk.hear("my secret is", is_final=False)
    talk.press("*9")

    commands = [*talk.hear("my secret is a bear"), *talk.hear("and now a story"), *talk.wait()]

    assert written(commands) == [(Side.CALLER, "and now a story")]
    assert talk.asked[-1].history[-1].text == "and now a story"


def test_nothing_said_off_the_record_can_be_repeated_on_it() -> None:
    talk = listening()
    talk.press("*9")
    talk.play()
    talk.say("my secret is a bear")
    talk.write("A bear.")
    talk.play()
    talk.press("*9")
    talk.play()

    assert "A bear." not in told(talk.press("*1"))


def test_a_call_that_ends_off_the_record_leaves_nothing_of_it() -> None:
    talk = telling()
    talk.press("*9")
    talk.hear("my secret")

    commands = talk.receive(on.CallerHungUp())

    assert written(commands) == []


def test_what_was_pressed_before_the_greeting_counts_from_its_first_word() -> None:
    talk = Talk(pressed=(Shortcut.OFF_THE_RECORD, Shortcut.SLOWER))

    commands = talk.play()

    assert talk.commands[:2] == [do.GoOffRecord(), do.SpeakSlower()]
    assert written(talk.commands) == []
    assert told(commands) == [OFF, SLOWER]


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


def test_next_words_are_heard_where_all_was_said_before_the_record_began_again() -> None:
    talk = listening()
    talk.press("*9")
    talk.play()
    talk.receive(on.VoiceDetected())
    talk.hear("my secret is a bear")

    talk.press("*9")
    talk.play()
    talk.say("tell me a story")

    assert [m.text for m in talk.asked[-1].history] == ["Hi, Lisa here.", "tell me a story"]
