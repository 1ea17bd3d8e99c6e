"""Somebody who dictates gets time to breathe, and nobody else waits for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.voice.conversation.test_machine import listening_conversation
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.dictation import sounds_dictated
from voice.conversation.turn_rules import TurnRules

RULES = TurnRules()


@pytest.mark.parametrize(
    "text",
    [
        "my number is",
        "My phone number is five five five",
        "it's five five five oh one",
        "my number is 555",
        "my number is 555-12",
        "415 555 01",
        "five five five double",
        "my name is spelled",
        "Kowalski, that's k o w",
        "k, o, double u",
        "S M I T",
        "double l",
        "my email is sam",
        "my email is sam at",
        "my email is sam at example",
        "my email is sam at example dot",
        "the e-mail is sam@example",
        "the code is 4 2",
        "the zip code is nine four",
    ],
)
def test_pieces_of_what_is_dictated_are_known(text: str) -> None:
    assert sounds_dictated(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "tell me a story",
        "I'm twenty five",
        "the year was 2026",
        "it was nineteen eighty four",
        "I need two",
        "vitamin c",
        "this is plan b",
        "so what should I",
        "let's meet at the station",
        "look at that",
        "what a day it was",
        "my number is 415 555 0123",
        "my number is four one five five five five oh one two three",
        "my email is sam at example dot com",
        "what is your number",
        "I like my address",
        "give me the number of days in a year",
    ],
)
def test_whole_sentences_and_whole_numbers_are_not(text: str) -> None:
    assert not sounds_dictated(text)


@given(st.lists(st.sampled_from("zero one two three four five six seven eight nine".split())))
def test_a_number_is_open_from_its_third_digit_to_its_ninth(digits: list[str]) -> None:
    assert sounds_dictated(" ".join(digits)) == (3 <= len(digits) <= 9)


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(text: str) -> None:
    assert sounds_dictated(text) in (True, False)


def test_a_pause_between_digits_does_not_end_the_turn_and_a_longer_one_does() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived("my number is five five five", True, 12), 12.2)

    early = conversation.tick(12 + RULES.pause + 0.5)
    conversation.receive(on.TranscriptReceived("oh one two three four five six", True, 15), 15.2)
    commands = conversation.tick(15 + RULES.pause)

    assert early == []
    assert commands[0] == do.WriteEntry(
        do.Side.CALLER, "my number is five five five oh one two three four five six"
    )


def test_who_dictates_and_stops_is_answered_after_the_longer_pause() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived("it is spelled k o w", True, 12), 12.2)

    assert conversation.deadline == pytest.approx(12 + RULES.dictation_pause)
    assert isinstance(conversation.tick(12 + RULES.dictation_pause)[0], do.WriteEntry)


def test_a_number_that_goes_on_after_its_turn_was_taken_is_judged_as_a_whole() -> None:
    conversation = listening_conversation()
    conversation.receive(on.TranscriptReceived("my number is the following", True, 12), 12.2)
    conversation.tick(12 + RULES.pause)

    conversation.receive(on.TranscriptReceived("four one", True, 14), 14.2)

    assert conversation.deadline == pytest.approx(14 + RULES.dictation_pause)
