"""Segments: short first, whole sentences, nothing split inside a number or a title."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.conversation.segments import Segmenter, spoken_text


def segments_of(*tokens: str) -> list[str]:
    segmenter = Segmenter()
    found = [segment for token in tokens for segment in segmenter.feed(token)]
    rest = segmenter.flush()
    return found + ([rest] if rest else [])


def test_sentence_is_ready_with_its_last_token() -> None:
    segmenter = Segmenter()

    assert segmenter.feed("Good evening") == []
    assert segmenter.feed(", Sam.") == ["Good evening, Sam."]


def test_first_segment_ends_at_a_comma_once_it_is_worth_a_request() -> None:
    assert segments_of("Well, that is a long story about bears, and it begins in spring.") == [
        "Well, that is a long story about bears,",
        "and it begins in spring.",
    ]


def test_titles_numbers_and_initials_stay_whole() -> None:
    text = "I met Dr. Smith at 3.5 miles. He ran with J. Doe, e.g. on Sunday."

    assert segments_of(*text.replace(" ", " \0").split("\0")) == [
        "I met Dr. Smith at 3.5 miles.",
        "He ran with J. Doe, e.g. on Sunday.",
    ]


def test_number_that_may_go_on_waits_for_the_next_token() -> None:
    segmenter = Segmenter()

    assert segmenter.feed("The score was 3.") == []
    assert segmenter.feed("5 points") == []
    assert segmenter.feed(" each. ") == ["The score was 3.5 points each."]


def test_tiny_sentence_is_said_with_the_next() -> None:
    assert segments_of("Oh. I see.") == ["Oh. I see."]


def test_line_break_ends_a_segment() -> None:
    assert segments_of("First the onions\nthen the rice") == ["First the onions", "then the rice"]


def test_endless_sentence_is_cut_at_a_space() -> None:
    first, *rest = segments_of("word " * 100)

    assert 200 < len(first) <= 280
    assert rest


def test_markup_is_not_read_out() -> None:
    assert spoken_text("**Really** `good`\n# news_") == "Really good news"


@given(st.text(st.characters(codec="ascii", exclude_characters="*_#`~>|"), max_size=400), st.data())
def test_no_word_is_lost_whatever_the_tokens(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    tokens = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    said = " ".join(segments_of(*tokens))

    assert "".join(said.split()) == "".join(text.split())
