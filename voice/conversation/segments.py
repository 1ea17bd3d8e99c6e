"""Turns a model's token stream into segments worth synthesising.

A segment ends at sentence punctuation, or at a comma once it is long. The first ones are kept
short, because they are what the caller waits for. A sentence that a token completes is not held
back for the next one, so wherever a model cuts its tokens, the same words are said, at once.
Pure; time never matters here.
"""

from __future__ import annotations

import re
from typing import Final

from voice.conversation.spoken_text import spoken_text
from voice.conversation.written_short import GOES_ON

# Characters after which the first segment, the second and so on may end at a comma: each is
# spoken while the next one is written and made.
CLAUSES: Final = (24, 60, 110, 160)
LONGEST_FIRST: Final = 120  # characters after which the first segment ends at the next space
LONGEST: Final = 280  # and any other
LONGEST_WORD: Final = 60  # what goes on without a space for longer is cut anywhere
SHORTEST: Final = 6  # "Oh." alone is not worth a request of its own
OPEN: Final = 80  # characters: a parenthesis longer than this is no stage direction

_TITLES: Final = frozenset(
    "dr mr mrs ms prof st sr jr vs etc vol approx dept est inc ltd gen capt mt ave blvd rd ln "
    "pkwy hwy corp incl misc pp fig nos apt jan feb mar apr jun jul aug sep sept oct nov dec e.g "
    "i.e a.k.a a.m p.m".split()
)
_MARK: Final = re.compile(r"[.!?…]+[\"'”’)\]*_]*|[,;:] | [–—] |\n")
_MAY_END: Final = re.compile(r"[.!?…,;:–—\n]")
_SPACE: Final = re.compile(r"(?<![\d\s]) (?![\d ])")
_LETTERS: Final = re.compile(r"(?:[a-z]\.)*[a-z]")
_MAY_GO_ON: Final = re.compile(r"\d$|[.@/:]")
_HALF_DAY: Final = re.compile(r"\d ?[aApP]\.?[mM]\.?$")
_LATE: Final = re.compile(r"^[.!?…\"'”’)\]*_]+")


class Segmenter:
    """Collects the tokens of one reply."""

    def __init__(self) -> None:
        self._text = ""
        self._count = 0  # of segments so far
        self._has_mark = False  # whether a segment may end somewhere
        self._may_go_on = False  # the last one ended with what had come by then
        self._ended_with_point = False

    def feed(self, token: str) -> list[str]:
        """Take the next token and return the segments that it completed."""
        if self._may_go_on and token:
            token = self._join(token)
        self._text += token
        self._has_mark = self._has_mark or _MAY_END.search(token) is not None
        if not self._has_mark and len(self._text) <= LONGEST_FIRST:
            return []
        segments = []
        while end := self._end_of_segment():
            piece, self._text = self._text[:end], self._text[end:]
            self._has_mark = _MAY_END.search(self._text) is not None
            self._may_go_on = not self._text and not piece[-1].isspace()
            self._ended_with_point = piece[-1] == "."
            if spoken := spoken_text(piece):
                segments.append(spoken)
                self._count += 1
        return segments

    def flush(self) -> str | None:
        """Return what is left when the model has written its last word."""
        piece, self._text = self._text, ""
        return spoken_text(piece) or None

    def _join(self, token: str) -> str:
        """Take what comes right after an end that was none: more marks, or "org" after a point."""
        token = _LATE.sub("", token)
        self._may_go_on = not token
        if token[:1].isdigit() and self._ended_with_point:
            return f".{token}"
        return f"dot {token}" if token[:1].islower() and self._ended_with_point else token

    def _end_of_segment(self) -> int:
        """Return where the segment ends, 0 while that is not known."""
        start = len(self._text) - len(self._text.lstrip())
        clause = CLAUSES[min(self._count, len(CLAUSES) - 1)]
        longest = LONGEST if self._count else LONGEST_FIRST
        for match in _MARK.finditer(self._text, start):
            length = match.end() - start
            if length > longest:
                break
            if length < SHORTEST or self._is_open(start, match.start()):
                continue
            if match[0][0] in ".!?…":
                ends = self._ends_sentence(match, start)
                if ends is None:
                    return 0
                if ends:
                    return match.end()
            elif match[0] == "\n" or (length >= clause and not self._may_be_range(match)):
                return match.end()
        if len(self._text) - start <= longest:
            return 0
        spaces = [match.end() for match in _SPACE.finditer(self._text, start)]
        end = max((end for end in spaces if end - start <= longest), default=0)
        if end or len(self._text) - start <= longest + LONGEST_WORD:
            return end
        return start + longest  # a script without spaces, or what nobody could say anyway

    def _ends_sentence(self, match: re.Match[str], start: int) -> bool | None:
        """Tell whether a sentence ends here; None while that takes more text to know."""
        before, after = self._text[start : match.start()], self._text[match.end() :]
        if after and not after[0].isspace():
            return False  # 3.5, example.org
        if match[0][0] != "." or match[0].startswith(".."):
            return True
        word = before.rsplit(None, 1)[-1].lstrip("(\"'“‘*_[") if before.split() else ""
        if word.lower() in _TITLES or word in GOES_ON:
            return False  # Dr. Smith, Sen. Smith
        if _LETTERS.fullmatch(word.lower()) and word != "I":
            return False  # J. Smith, U.S. Navy
        if word == "No" and after[1:2].isdigit():
            return False  # No. 5
        if after[1:] or (after and word != "No"):
            return True
        # What may go on: "3." and then "5", "www.example." and then "org", "No." and then "5".
        return None if word == "No" or _MAY_GO_ON.search(word) else True

    def _may_be_range(self, match: re.Match[str]) -> bool:
        """Tell whether a number before the mark may belong to one after it: 1, 2; 9 am – 5 pm."""
        before = self._text[: match.start()]
        is_dash = match[0][1] in "–—"
        return before[-1:].isdigit() or (is_dash and _HALF_DAY.search(before) is not None)

    def _is_open(self, start: int, at: int) -> bool:
        """Tell whether a parenthesis or a stage direction began shortly before and goes on."""
        text = self._text[max(start, at - OPEN) : at]
        return text.rfind("(") > text.rfind(")") or text.rfind("[") > text.rfind("]")
