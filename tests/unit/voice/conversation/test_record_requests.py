"""Callers go off the record and come back: what is kept, and what never is."""

from __future__ import annotations

import pytest

from tests.support.talk import TEXTS, Talk, listening, telling, told, written
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Announcement, Side
from voice.conversation.keypad import Shortcut

SLOWER = TEXTS[Announcement.SLOWER]
OFF = TEXTS[Announcement.OFF_THE_RECORD]
ON = TEXTS[Announcement.ON_THE_RECORD]


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
