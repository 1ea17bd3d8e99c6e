"""Segments: short first, whole sentences, nothing split inside a number or a title."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voice.conversation.segments import LONGEST, LONGEST_FIRST, LONGEST_WORD, Segmenter
from voice.conversation.spoken_text import spoken_text

PIECES = st.sampled_from(
    [
        *"I you we told said about bears honey river mountains and then because really".split(),
        *["Oh.", "No.", "Yes!", "Why?", "Really?!", "Well...", "well,", "so;", "thus:", "—", "–"],
        *["Dr.", "Mr.", "e.g.", "etc.", "U.S.", "J.", "p.m.", "St.", "No. 5", "1.", "Jan."],
        *["3.5", "3.", "1,234", "$3.50", "$5 million", "5 km", "7%", "10:30 pm", "March 3, 2027"],
        *["4 - 5", "555-0100", "(415) 555-0100", "example.org", "end.Then", "node.js", "4.x"],
        *["*laughs*", "(laughs softly)", "[sighs]", "**bold**", '"quoted."', "it's", "(aside)"],
        *["honey.\n", "\n- bread", "\n2. butter", "😀", "café"],
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map(" ".join)


def segments_of(*tokens: str) -> list[str]:
    segmenter = Segmenter()
    found = [segment for token in tokens for segment in segmenter.feed(token)]
    rest = segmenter.flush()
    return found + ([rest] if rest else [])


def cut(text: str, cuts: list[int]) -> list[str]:
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def words_in(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", text.lower())


def test_sentence_is_ready_with_its_last_token() -> None:
    segmenter = Segmenter()

    assert segmenter.feed("Good evening") == []
    assert segmenter.feed(", Sam.") == ["Good evening, Sam."]
    assert segmenter.feed(" I wouldn't.") == ["I wouldn't."]


def test_first_segment_ends_at_a_comma_once_it_is_worth_a_request() -> None:
    assert segments_of("Well, that is a long story about bears, and it begins in spring.") == [
        "Well, that is a long story about bears,",
        "and it begins in spring.",
    ]


def test_each_segment_may_be_longer_than_the_one_that_plays_while_it_is_made() -> None:
    clauses = "a clause about bears and bees, " * 40

    lengths = [len(segment) for segment in segments_of(clauses)[:4]]

    assert lengths == sorted(lengths)
    assert lengths[0] < 35
    assert lengths[3] > 150


def test_titles_numbers_and_initials_stay_whole() -> None:
    text = "I met Dr. Smith at 3.5 miles. He ran with J. Doe, e.g. on Sunday, in the U.S. Navy."

    assert segments_of(*text.replace(" ", " \0").split("\0")) == [
        "I met Doctor Smith at three point five miles.",
        "He ran with J. Doe, for example on Sunday, in the U.S. Navy.",
    ]


def test_names_behind_a_title_and_numbers_behind_their_kind_stay_whole() -> None:
    text = "Sen. Warren met Rev. Green on Tues. May 4, see pp. 5-6. It was fun."

    assert segments_of(*text.replace(" ", " \0").split("\0")) == [
        "Senator Warren met Reverend Green on Tuesday May fourth, see pages five to six.",
        "It was fun.",
    ]


def test_number_that_may_go_on_waits_for_the_next_token() -> None:
    segmenter = Segmenter()

    assert segmenter.feed("The score was 3.") == []
    assert segmenter.feed("5 points") == []
    assert segmenter.feed(" each. ") == ["The score was three point five points each."]


def test_clause_is_not_cut_at_a_comma_after_a_number() -> None:
    assert segments_of(*"It was sold for $1.5, maybe $2, they say. So.") == [
        "It was sold for one point five dollars, maybe two dollars, they say.",
        "So.",
    ]


def test_span_of_hours_is_not_cut_at_its_dash() -> None:
    assert segments_of("It is open every day from 9 a.m. – 5 p.m., or so I heard. Yes.")[0] == (
        "It is open every day from nine a.m. to five p.m.,"
    )


def test_number_of_a_thing_is_not_cut_from_it() -> None:
    segmenter = Segmenter()

    assert segmenter.feed("Now we come to No.") == []
    assert segmenter.feed(" ") == []
    assert segmenter.feed("5 of the list. ") == ["Now we come to number five of the list."]


def test_address_that_came_in_two_is_said_in_two() -> None:
    assert segments_of("Look at example.", "org today.") == ["Look at example.", "dot org today."]
    assert segments_of("Look at version.", "5 today.") == ["Look at version.", "point five today."]


def test_marks_that_come_late_are_not_said_again() -> None:
    assert segments_of("He said “stop.", "”", " Then he left.") == [
        'He said "stop.',
        "Then he left.",
    ]


def test_tiny_sentence_is_said_with_the_next() -> None:
    assert segments_of("Oh. I see.") == ["Oh. I see."]


def test_line_break_ends_a_segment() -> None:
    assert segments_of("First the onions\nthen the rice") == ["First the onions", "then the rice"]


def test_number_in_a_list_is_said_with_what_it_counts() -> None:
    assert segments_of("Two steps:\n", "1. Onions\n", "2. Rice") == [
        "Two steps:",
        "one. Onions",
        "two. Rice",
    ]


def test_stage_direction_is_dropped_whole_though_it_has_a_sentence_in_it() -> None:
    assert segments_of(*"Hello there (laughs. Then stops.) my friend. Bye.") == [
        "Hello there my friend.",
        "Bye.",
    ]


def test_reply_that_says_nothing_has_no_segments() -> None:
    assert segments_of("😀😀😀😀😀😀!", " *laughs*", "...") == []


def test_endless_sentence_is_cut_at_a_space_and_the_first_one_sooner() -> None:
    first, second, *rest = segments_of("word " * 200)

    assert LONGEST_FIRST - 10 < len(first) <= LONGEST_FIRST
    assert LONGEST - 10 < len(second) <= LONGEST
    assert rest


@pytest.mark.parametrize("letter", ["a", "字"])
def test_what_has_no_spaces_is_cut_once_it_is_too_long(letter: str) -> None:
    segments = segments_of(*letter * 720)

    assert "".join(segments) == letter * 720
    assert max(map(len, segments)) <= LONGEST + LONGEST_WORD


def test_long_word_is_not_cut() -> None:
    assert segments_of("ha" * 80, " ha.") == ["ha" * 80 + " ha."]


@given(TEXTS, st.data())
@example("Well... so. *laughs* It is 4.x, J. 3. No. 5", None)
def test_same_words_are_said_whatever_the_tokens(text: str, data: st.DataObject | None) -> None:
    places = st.lists(st.integers(0, len(text)), max_size=60)
    cuts = sorted(data.draw(places)) if data else list(range(1, len(text)))

    said = " ".join(segments_of(*cut(text, cuts)))

    assert words_in(said) == words_in(" ".join(segments_of(text)))


@given(TEXTS)
@example("No. 3. (415) 555-0100")
@example("3.5 Oh. Dr.")
def test_segments_say_what_the_text_says(text: str) -> None:
    assert words_in(" ".join(segments_of(*text))) == words_in(spoken_text(text))


@given(TEXTS)
def test_no_segment_is_empty_or_endless(text: str) -> None:
    segments = segments_of(*text)

    assert all(segments)
    assert all(len(words_in(segment)) <= LONGEST for segment in segments)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "..."])
def test_nothing_is_nothing(text: str) -> None:
    assert segments_of(text) == []
