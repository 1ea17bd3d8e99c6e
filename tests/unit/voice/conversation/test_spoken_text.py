"""What a voice gets is words: no digit, no markup, no address, no picture, no stage direction."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.conversation.number_words import cardinal, ordinal, year
from voice.conversation.spoken_text import spoken_text

SAID = {
    # Money.
    "It costs $3.50, not $1.": "It costs three dollars and fifty cents, not one dollar.",
    "$0.99 or $0.01 or $0.00": "ninety-nine cents or one cent or zero dollars",
    "$1.5M, €2bn, £10k and ¥500": (
        "one point five million dollars, two billion euros, ten thousand pounds and five hundred yen"
    ),
    "$5-10, $5-$10 million, US$20/hr": (
        "five to ten dollars, five to ten million dollars, twenty dollars per hour"
    ),
    "5 USD, 20€, 50¢, 1¢, £1.01": (
        "five dollars, twenty euros, fifty cents, one cent, one pound and one penny"
    ),
    "The $ sign.": "The dollar sign.",
    # Days and hours.
    "On March 3, 2027 or 3 March or Mar. 3rd": (
        "On March third, twenty twenty-seven or March third or March third"
    ),
    "2027-03-14 is 3/14/2027": (
        "March fourteenth, twenty twenty-seven is March fourteenth, twenty twenty-seven"
    ),
    "5:30 pm, 5:00, 5:05, 17:00, 00:30, 9am": (
        "five thirty p.m., five o'clock, five oh five, five p.m., twelve thirty a.m., nine a.m."
    ),
    "the 1990s, the '80s, her 30s": "the nineteen nineties, the eighties, her thirties",
    "in 1905, 1900, 2004, 2026 and 1066": (
        "in nineteen oh five, nineteen hundred, two thousand four, twenty twenty-six "
        "and one thousand sixty-six"
    ),
    "open 24/7 since 9/11": "open twenty-four seven since nine eleven",
    "the 4th of July": "the July fourth",
    # Units.
    "350°F, -5°C, 90°": (
        "three hundred fifty degrees Fahrenheit, minus five degrees Celsius, ninety degrees"
    ),
    "1 kg, 2 lbs, 1/2 tsp, 2 1/2 cups, 2½ tbsp": (
        "one kilogram, two pounds, one half teaspoon, two and a half cups, "
        "two and a half tablespoons"
    ),
    "100 km/h, 60 mph, 5 km², x²": (
        "one hundred kilometers per hour, sixty miles per hour, five square kilometers, x squared"
    ),
    "5'10\" or 1' 1\"": "five feet ten inches or one foot one inch",
    "50%, 3.5 %": "fifty percent, three point five percent",
    # Numbers.
    "1,234,567 and .5 and 0.05 and 007": (
        "one million two hundred thirty-four thousand five hundred sixty-seven and point five "
        "and zero point zero five and zero zero seven"
    ),
    "1000000 and 12345678": "one million and one two three four five six seven eight",
    "1st, 22nd, 112th": "first, twenty-second, one hundred twelfth",
    "3/4, 1/3, 2/2, 3/2": "three quarters, one third, two out of two, three out of two",
    "3–2, 5 - 3, 1990-2000": "three to two, five to three, nineteen ninety to two thousand",
    "#1, No. 5, №7": "number one, number five, number seven",
    "~5, 2x, 3×4, 5 < 6, 7 > 6": (
        "about five, two times, three times four, five is less than six, seven is more than six"
    ),
    "v1.2.3, MP3, B2B, F-16, a 5-year-old, 10k": (
        "v one point two point three, MP three, B two B, F-sixteen, a five-year-old, ten thousand"
    ),
    "9" * 20: " ".join(["nine"] * 20),
    # Numbers to dial.
    "Call (415) 555-0100 or +14155550100.": (
        "Call four one five, five five five, zero one zero zero or "
        "one four one five five five five zero one zero zero."
    ),
    "911 or 988, or 1-800-555-0199": (
        "nine one one or nine eight eight, or one, eight zero zero, five five five, "
        "zero one nine nine"
    ),
    # Addresses.
    "See https://www.example.org/a?b=1, example.com/x or www.x.de.": (
        "See example dot org, example dot com or x dot de."
    ),
    "Mail a.b@example.org, use Node.js. It's the end.Then go.": (
        "Mail a dot b at example dot org, use Node dot js. It's the end. Then go."
    ),
    # Markup.
    "# Title\n\n- **One**\n- `two`\n* _three_": "Title. One, two, three",
    "1. Onions\n2. Rice": "one. Onions, two. Rice",
    "| a | b |\n|---|---|\n| c | d |": "a, b, c, d",
    "```python\nprint\n```": "print",
    "[Read this](http://a.b/c) ![pic](x.png) H<sub>2</sub>O [1]": "Read this pic H two O",
    "It is **5** km, *really* *3* lbs, 2*3": (
        "It is five kilometers, really three pounds, two times three"
    ),
    # What is acted.
    "*thinks* Give me a **second**...": "Give me a second...",
    "*laughs* Oh, *really*? (chuckles softly) [sighs]": "Oh, really?",
    "*leans in* Listen (this is true).": "Listen, this is true.",
    "(pauses) Well.": "Well.",
    "That's great 😀🎉 Tell me *smiles* More :-) I 😀 see.": "That's great. Tell me. More I see.",
    "(So true).It is": "So true. It is",
    "5-? and 0-!": "five? and zero!",
    "Hi 😀! I ❤️ it 👩‍👩‍👧 :-) <3 🇺🇸": "Hi! I it",
    "XP (ages 6 to 8), 2XD =)": "XP, ages six to eight, two",
    # Written short.
    "Dr. Smith, Mr. and Mrs. Doe vs. St. John": (
        "Doctor Smith, Mister and Missus Doe versus Saint John"
    ),
    "Main St. is long, e.g. here, etc. Then Co. and Acme Inc.": (
        "Main Street is long, for example here, and so on. Then Co. and Acme Incorporated."
    ),
    "A Ph.D. and/or he/she w/ me @ home & co = good + nice": (
        "A PhD and or he or she with me at home and co equals good plus nice"
    ),
    "The U.S. at 5 p.m., J. Doe": "The U.S. at five p.m., J. Doe",
    # Everything else.
    "Well… “so” – he said — it's the dogs' ‘thing’!!! What?!": (
        "Well... \"so\" — he said — it's the dogs' 'thing'! What?"
    ),
    "٣ ducks, ① café, naïve, ＷＩＤＥ": "three ducks, one café, naïve, WIDE",
}


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
