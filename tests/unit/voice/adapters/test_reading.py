from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.adapters.reading import Reading

TEXT = "The lighthouse keeper had one rule: never answer the sea."


def read(text: str, said: str) -> Reading:
    reading = Reading(text)
    for word in said.split(" "):
        reading.hear(f"{word} ")
    reading.is_all(said)
    return reading


@pytest.mark.parametrize(
    "said",
    [
        TEXT,
        "the lighthouse keeper had 1 rule, never answer the sea",
        "The lighthouse keeper had one rule — never answer the sea!",
    ],
)
def test_punctuation_case_and_digits_are_no_rewording(said: str) -> None:
    assert read(TEXT, said).is_faithful


@pytest.mark.parametrize(
    "said",
    [
        "The keeper of the lighthouse only had one rule: don't ever answer the sea.",
        "The lighthouse keeper had one rule.",
        "Sure! The lighthouse keeper had one rule: never answer the sea. Shall I go on?",
        "",
    ],
)
def test_changed_missing_and_added_words_are(said: str) -> None:
    assert not read(TEXT, said).is_faithful


def test_an_answer_instead_of_a_reading_shows_in_its_first_words() -> None:
    reading = Reading("How are you today?")
    reading.hear("I'm doing")
    before = reading.strays
    reading.hear(" very well, thank")

    assert (before, reading.strays) == (False, True)


def test_a_word_that_is_not_complete_yet_counts_for_nothing() -> None:
    reading = Reading(TEXT)
    reading.hear("The lighthouse kee")

    assert not reading.strays


@given(st.lists(st.text("abcdefgh'", min_size=1, max_size=8), min_size=1).map(" ".join))
def test_what_is_read_as_it_stands_never_strays(text: str) -> None:
    reading = Reading(text)
    strayed = False
    for letter in text:
        reading.hear(letter)
        strayed |= reading.strays

    assert (strayed, reading.likeness) == (False, 1.0)
