"""Compares what a voice model says it read with what it was given: such a model may reword.

Pure. Numbers are left out of the comparison: one side may write words and the other digits.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

FAITHFUL: Final = 0.9  # of the words in their order; less is not what the transcript will show
EARLY_WORDS: Final = 3  # so many words tell whether the model answers instead of reading
EARLY_FAITHFUL: Final = 0.5

_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NUMBERS: Final = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred thousand million billion point and first second third th st nd rd".split()
)


class Reading:
    """One text being read aloud."""

    def __init__(self, text: str) -> None:
        self._wanted = _words(text)
        self._said = ""

    def hear(self, words: str) -> None:
        """Take the next piece of what the model says it has read."""
        self._said += words

    def is_all(self, words: str) -> None:
        """Take everything that the model says it has read."""
        self._said = words

    @property
    def strays(self) -> bool:
        """Whether the first words already are not how the text begins."""
        said = _words(self._said.rpartition(" ")[0])  # the newest word may not be complete
        if len(said) < EARLY_WORDS:
            return False
        return _likeness(said, self._wanted[: len(said)]) < EARLY_FAITHFUL

    @property
    def likeness(self) -> float:
        """How much of it was read as it stands, 0 to 1."""
        return _likeness(_words(self._said), self._wanted)

    @property
    def is_faithful(self) -> bool:
        return self.likeness >= FAITHFUL


def _words(text: str) -> list[str]:
    words = (word.replace("’", "'") for word in _WORD.findall(text.casefold()))
    return [word for word in words if word not in _NUMBERS]


def _likeness(said: list[str], wanted: list[str]) -> float:
    return SequenceMatcher(None, said, wanted, autojunk=False).ratio()
