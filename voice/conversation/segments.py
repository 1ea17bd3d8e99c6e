"""Turns a model's token stream into segments worth synthesising.

A segment ends at sentence punctuation, or at a comma once it is long. The first one is kept
short, because it is what the caller waits for. Pure; time never matters here.
"""

from __future__ import annotations

import re

FIRST_CLAUSE = 24  # characters after which the first segment may end at a comma
LONG_CLAUSE = 160  # characters after which any segment may end at a comma
LONGEST = 280  # characters after which a segment ends at the next space
SHORTEST = 6  # "Oh." alone is not worth a request of its own

_ABBREVIATIONS = frozenset(
    "dr mr mrs ms prof st sr jr vs etc vol approx dept est inc ltd jan feb apr aug sept oct nov "
    "e.g i.e a.m p.m u.s u.k".split()
)
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*")
_MARKUP = re.compile(r"[*_#`~>|]+")


class Segmenter:
    """Collects the tokens of one reply."""

    def __init__(self) -> None:
        self._text = ""
        self._is_first = True

    def feed(self, token: str) -> list[str]:
        """Take the next token and return the segments that it completed."""
        self._text += token
        segments = []
        while (end := self._end_of_segment()) is not None:
            piece, self._text = self._text[:end], self._text[end:]
            if spoken := spoken_text(piece):
                segments.append(spoken)
                self._is_first = False
        return segments

    def flush(self) -> str | None:
        """Return what is left when the model has written its last word."""
        piece, self._text = self._text, ""
        return spoken_text(piece) or None

    def _end_of_segment(self) -> int | None:
        clause = FIRST_CLAUSE if self._is_first else LONG_CLAUSE
        ends = [
            match.end()
            for match in _SENTENCE_END.finditer(self._text)
            if match.end() >= SHORTEST and self._ends_sentence(match)
        ]
        ends += [
            at + len(mark)
            for mark in (", ", "; ", ": ", " – ", " — ")
            if (at := self._text.find(mark, clause)) != -1
        ]
        if (newline := self._text.find("\n", SHORTEST)) != -1:
            ends.append(newline + 1)
        if not ends and len(self._text) > LONGEST:
            ends.append(self._text.rfind(" ", 0, LONGEST) + 1)
        return min(ends, default=0) or None

    def _ends_sentence(self, match: re.Match[str]) -> bool:
        before, after = self._text[: match.start()], self._text[match.end() :]
        if after and not after[0].isspace():
            return False  # 3.5, example.org
        if match[0] != ".":
            return True
        word = before.rsplit(None, 1)[-1].lower().lstrip("(\"'“‘") if before.split() else ""
        if word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i"):
            return False  # Dr. Smith, J. Smith
        # A digit before the newest character may go on: "3." and then "5".
        return bool(after) or not word[-1:].isdigit()


def spoken_text(text: str) -> str:
    """Return `text` without the markup that a voice would read out."""
    return " ".join(_MARKUP.sub(" ", text).split())
