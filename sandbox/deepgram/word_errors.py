"""Counts word errors as people would: spelling of numbers and contractions is no mistake."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SPELLED = {
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "okay": "ok",
    "can't": "can not",
    "cannot": "can not",
    "won't": "will not",
    "let's": "let us",
    "i'm": "i am",
    **{f"{word}'s": f"{word} is" for word in "it that what he she there here who where".split()},
    **{f"{word}'re": f"{word} are" for word in "we you they".split()},
    **{f"{word}'ll": f"{word} will" for word in "i we you they he she it".split()},
    **{f"{word}'ve": f"{word} have" for word in "i we you they".split()},
}
_NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    word: f"{value}th"
    for value, word in enumerate(
        "fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        4,
    )
}


def plain_words(text: str) -> list[str]:
    """Return the words that were said; of numbers, their digits one by one."""
    text = re.sub(r"(?<=\d),(?=\d)", "", text.lower().replace("’", "'").replace("-", " "))
    words: list[str] = []
    for raw in re.findall(r"[a-z0-9']+", text):
        word = raw.strip("'")
        word = re.sub(r"n't$", " not", word) if word not in _SPELLED else _SPELLED[word]
        words += word.split()
    words = [_NUMBERS.get(word, word) for word in words]
    words = ["0" if _is_zero(words, place) else word for place, word in enumerate(words)]
    return [part for word in words for part in _digits(word)]


def word_errors(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Return how many words must be changed, added or dropped to make one the other."""
    row = list(range(len(heard) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != got)),
            )
    return row[-1]


def _is_zero(words: list[str], place: int) -> bool:
    """Tell whether an "oh" is a digit: it stands next to one."""
    around = words[max(0, place - 1) : place] + words[place + 1 : place + 2]
    return words[place] in ("oh", "o") and any(word[0].isdigit() or word == "oh" for word in around)


def _digits(word: str) -> list[str]:
    if not word[0].isdigit():
        return [word]
    return re.findall(r"\d|[a-z]+", word)
