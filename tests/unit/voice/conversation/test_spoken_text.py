"""What a voice gets is words: no digit, no markup, no address, no picture, no stage direction."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.voice.conversation.spoken_examples import SAID
from voice.conversation.number_words import cardinal, ordinal, year
from voice.conversation.spoken_text import spoken_text


@pytest.mark.parametrize(("written", "said"), SAID.items(), ids=lambda text: text[:30])
def test_it_is_said_as_people_say_it(written: str, said: str) -> None:
    assert spoken_text(written) == said


PIECES = st.one_of(
    st.sampled_from([piece for written in SAID for piece in written.split(" ")]),
    st.sampled_from(["\n", "- ", "* ", "**", "`", "# ", "(", ")", "[", "]", "<", ">", "|", "/"]),
    st.text(max_size=6),
    st.from_regex(r"[$€-]?[0-9]{1,6}([.,:/-][0-9]{1,4}){0,2}[a-zA-Z%°]{0,3}", fullmatch=True),
)
TEXTS = st.tuples(st.lists(PIECES, max_size=12), st.sampled_from(["", " "])).map(
    lambda drawn: drawn[1].join(drawn[0])
)


@given(TEXTS)
def test_whatever_is_written_only_words_are_said(text: str) -> None:
    said = spoken_text(text)

    for character in said:
        is_letter = unicodedata.category(character)[0] in "LM"
        assert is_letter or character in " .,!?;:'\"-—", f"{character!r} can't be said"
    assert not re.search(r"https?:|www\.|\w@\w|\w\.(com|org|net)\b", said)


@given(TEXTS)
def test_what_can_be_said_stays_as_it_is(text: str) -> None:
    said = spoken_text(text)

    assert spoken_text(said) == said


@given(TEXTS)
def test_it_never_talks_much_longer_than_was_written(text: str) -> None:
    assert len(spoken_text(text)) <= 24 * len(text)


@given(st.integers(0, 10**15 - 1))
def test_every_number_has_words_of_its_own(number: int) -> None:
    assert _value(cardinal(number)) == number


@given(st.integers(0, 10**9))
def test_every_place_in_a_row_has_a_name(number: int) -> None:
    assert re.search(r"(st|nd|rd|th)$", ordinal(number))
    assert spoken_text(f"{number}th") == ordinal(number)


@pytest.mark.parametrize(
    ("number", "words"),
    [(2, "second"), (20, "twentieth"), (45, "forty-fifth"), (112, "one hundred twelfth")],
)
def test_places_in_a_row(number: int, words: str) -> None:
    assert ordinal(number) == words


@given(st.integers(1100, 2099))
def test_a_year_is_said_in_two_halves_or_by_its_thousand(number: int) -> None:
    assert spoken_text(str(number)) == year(number)
    assert len(year(number).split()) <= 4


def _value(words: str) -> int:
    """Read a cardinal number back, by another way than it was made."""
    names = [cardinal(n) for n in range(20)]
    tens = {cardinal(n): n for n in range(20, 100, 10)}
    scales = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
    total = part = 0
    for word in words.replace("-", " ").split():
        if word in scales:
            total, part = total + part * scales[word], 0
        elif word == "hundred":
            part *= 100
        else:
            part += tens[word] if word in tens else names.index(word)
    return total + part
