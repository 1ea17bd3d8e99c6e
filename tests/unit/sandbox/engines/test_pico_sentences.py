"""Texts are cut where a reader would breathe."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engines.pico import LONGEST_SENTENCE, REGISTERS, register_of, sentences
from sandbox.openai.catalogue import VOICES


def test_sentences_end_where_they_end() -> None:
    text = 'Hello there! How are you?  "Well," she said. It costs 5.50 dollars...'

    assert list(sentences(text)) == [
        "Hello there!",
        "How are you?",
        '"Well," she said.',
        "It costs 5.50 dollars...",
    ]


def test_a_long_sentence_is_cut_at_a_comma_or_else_at_a_space() -> None:
    with_comma = "word " * 40 + "here, " + "word " * 40
    without = "word " * 100

    assert next(sentences(with_comma)).endswith("here,")
    assert all(piece == piece.strip() for piece in sentences(without))


def test_marks_alone_are_not_read() -> None:
    assert list(sentences("... ! <b>")) == ["b"]
    assert list(sentences("?!")) == []


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=2000))
def test_nothing_is_too_long_and_no_word_is_lost(text: str) -> None:
    pieces = list(sentences(text))

    assert all(len(piece) <= LONGEST_SENTENCE for piece in pieces)
    letters = [c for c in text if c.isalnum()]
    assert [c for piece in pieces for c in piece if c.isalnum()] == letters


def test_every_voice_of_the_vendor_has_a_register() -> None:
    assert {register_of(voice) for voice in VOICES} == set(REGISTERS)
