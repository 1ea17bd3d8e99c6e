"""Callers ask for another buddy: in words, by the menu, from anywhere in a talk."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.talk import TEXTS, Talk, listening, telling, thinking, told, written
from voice.conversation import bridges
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Command, Message, Side
from voice.conversation.turn_rules import TurnRules

MENU = TEXTS[Announcement.BUDDY_MENU]
MENU_LEFT = TEXTS[Announcement.MENU_LEFT]
BEN_HERE = bridges.taking_up("Ben")


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
