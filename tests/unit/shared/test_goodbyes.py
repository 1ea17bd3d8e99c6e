"""Who parted, and who was cut off."""

from __future__ import annotations

import pytest

from shared.domain.goodbyes import says_goodbye


@pytest.mark.parametrize(
    "words", ["okay bye", "Good night, Ben.", "I'll talk to you later", "take care!", "goodbye"]
)
def test_parting_words(words: str) -> None:
    assert says_goodbye(words)


@pytest.mark.parametrize("words", ["", "tell me more", "what is a byte", "the day was nice"])
def test_words_that_part_nobody(words: str) -> None:
    assert not says_goodbye(words)
