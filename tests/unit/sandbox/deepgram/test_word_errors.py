"""A word error is what a listener would call one."""

from __future__ import annotations

import pytest

from sandbox.deepgram.word_errors import plain_words, word_errors


def errors(reference: str, heard: str) -> int:
    return word_errors(plain_words(reference), plain_words(heard))


@pytest.mark.parametrize(
    ("reference", "heard"),
    [
        ("go forward ten meters", "Go forward 10 meters."),
        ("the fifteenth century", "The 15th century"),
        ("one zero zero zero one nine oh two", "1,0001 902"),
        ("it is cold hearted and did not", "It's cold-hearted, and didn't!"),
        ("mister john dashwood", "Mr. John Dashwood"),
        ("we are sure that one war", "We're sure that 1 war"),
        ("oh what a day", "Oh, what a day."),
    ],
)
def test_spelling_is_no_error(reference: str, heard: str) -> None:
    assert errors(reference, heard) == 0


@pytest.mark.parametrize(
    ("reference", "heard", "count"),
    [
        ("four of clubs", "four of close", 1),
        ("the the women", "the women", 1),
        ("hello", "hello you", 1),
        ("hello", "", 1),
        ("my fellow americans", "am i fellow americans", 2),
        ("seven", "eleven", 2),
    ],
)
def test_every_other_difference_counts(reference: str, heard: str, count: int) -> None:
    assert errors(reference, heard) == count
