"""What a reply consists of, and how much of it the caller has heard.

Segments are sent long before they can be heard: the line plays them one after the other, in
the order they were sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

from voice.conversation.commands import Side, WriteEntry

CHARACTERS_A_SECOND = 15  # of speech, where no mark has told better
LONGEST_WORD = 30  # characters: what is longer is no word, or a script without spaces
MARK_SECONDS = 1.0  # a mark comes back at least this often: longer without one, nothing played

_SENTENCE = re.compile(r"[.!?…]+[\"'”’)\]]*\s+")


@dataclass(slots=True, eq=False)
class Segment:
    """One piece of a reply on its way to the caller's ear."""

    side: Side
    text: str
    is_cover: bool = False  # it covers a wait, and is no part of the conversation
    buddy: int = 0  # who has the call while it is said, by menu key
    unspoken: str = ""  # what no voice could say of it
    share: float = 0.0  # of it, heard
    most: float = 0.99  # of it that can have been heard where no mark tells
    is_written: bool = False
    audible_at: float | None = None  # when its first sound could be heard
    known_at: float = 0.0  # when the share was true

    @property
    def is_over(self) -> bool:
        """Whether there is nothing of it left to hear."""
        return self.share >= 1

    def begin(self, now: float) -> None:
        """Take note that it can be heard from now on."""
        if self.audible_at is None:
            self.audible_at = self.known_at = now

    def advance(self, share: float, now: float) -> None:
        """Take note that so much of it was heard by now."""
        self.share = max(self.share, min(share, 1.0))
        self.known_at = now

    def reckon(self, now: float) -> None:
        """Count what was heard since the last mark, at the pace of what was heard before it."""
        if self.audible_at is None or self.is_over:
            return
        played = self.known_at - self.audible_at
        pace = self.share / played if self.share and played else _usual_pace(self.text)
        since = min(now - self.known_at, MARK_SECONDS)
        self.share = min(self.share + max(since, 0.0) * pace, max(self.most, self.share))


class Playback:
    """The segments of one reply, by number, and those on the line, in their order."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._line: list[Segment] = []

    def add(self, side: Side, text: str, *, is_cover: bool = False, buddy: int = 0) -> int:
        """Append a segment and return its number."""
        self._segments.append(Segment(side, text, is_cover, buddy))
        return len(self._segments) - 1

    def segment(self, number: int) -> Segment | None:
        """Return the segment, or None where a message names one that never was."""
        return self._segments[number] if 0 <= number < len(self._segments) else None

    def send(self, segment: Segment) -> None:
        """Take note that the segment's first frame is on the line."""
        if segment not in self._line:
            self._line.append(segment)

    @property
    def last(self) -> Segment:
        """The segment added last."""
        return self._segments[-1]

    @property
    def audible(self) -> Segment | None:
        """The segment that is playing now."""
        return next((segment for segment in self._line if not segment.is_over), None)

    @property
    def is_over(self) -> bool:
        """Whether everything has been heard."""
        return all(segment.is_over for segment in self._segments)

    @property
    def heard(self) -> list[tuple[int, str]]:
        """What the caller heard, by the buddy who said it, but for covers.

        To the model, apologies are its own words.
        """
        heard: list[tuple[int, str]] = []
        for segment in self._segments:
            text = "" if segment.is_cover else heard_part(segment.text, segment.share)[0]
            if text and heard and heard[-1][0] == segment.buddy:
                heard[-1] = (segment.buddy, f"{heard[-1][1]} {text}")
            elif text:
                heard.append((segment.buddy, text))
        return heard

    def said_by(self, buddy: int, *, only_whole: bool = False) -> tuple[str, ...]:
        """Return the segments of this buddy's own that were heard, or that have begun to be."""
        return tuple(
            s.text
            for s in self._segments
            if s.side is Side.BUDDY and s.buddy == buddy and not s.is_cover
            if s.is_over or (s.share and not only_whole)
        )

    def drop(self, number: int, spoken: float) -> None:
        """Keep what can be heard of a segment that can't be spoken (further)."""
        segment = self.segment(number)
        if segment is None or segment.is_written:
            return
        segment.text, segment.unspoken = heard_part(segment.text, max(spoken, segment.share))
        if not segment.text:
            segment.share, segment.is_written = 1.0, True

    def break_off(self, number: int, spoken: float) -> None:
        """Take note that no more than this share of a segment can be heard."""
        if (segment := self.segment(number)) is not None:
            segment.most = min(segment.most, spoken)

    def rest_of(self, buddy: int) -> list[str]:
        """Return this buddy's words from the start of the sentence that plays now."""
        return [
            rest
            for segment in self._segments
            if segment.side is Side.BUDDY and segment.buddy == buddy
            if not segment.is_over and not segment.is_cover
            if (rest := sentence_rest(segment.text, segment.share))
        ]

    def close(self) -> list[WriteEntry]:
        """Return the row of what was cut off; nothing is heard after this."""
        cut = self.audible or self._awaited
        if cut is None:
            return []
        heard, unheard = heard_part(cut.text, cut.share)
        unsaid = [
            segment.text
            for segment in self._segments
            if segment.side is cut.side and segment is not cut and not segment.is_over
        ]
        for segment in self._segments:
            segment.is_written = True
        unheard = " ".join(part for part in (unheard, cut.unspoken, *unsaid) if part)
        return [WriteEntry(cut.side, heard, unheard, was_interrupted=True, buddy=cut.buddy)]

    @property
    def _awaited(self) -> Segment | None:
        """The buddy's own segment that is still to come, where one was heard before it."""
        own = [s for s in self._segments if s.side is Side.BUDDY and not s.is_cover]
        is_begun = any(segment.is_over and segment.text for segment in own)
        return next((s for s in own if not s.is_over), None) if is_begun else None


def heard_part(text: str, share: float) -> tuple[str, str]:
    """Split `text` into what was heard and what was not, at a word's end, in proportion.

    Where there is no word's end near, as in scripts without spaces, it is split at a character.
    """
    if share >= 1:
        return text, ""
    at = int(share * len(text))
    if at - max(text.rfind(" ", 0, at), 0) > LONGEST_WORD and " " not in text[at:][:LONGEST_WORD]:
        return text[:at], text[at:].lstrip()
    words = text.split()
    ends = accumulate((len(word) + 1 for word in words[1:]), initial=len(words[0]) if words else 0)
    heard = sum(end <= share * len(text) for end in ends)
    return " ".join(words[:heard]), " ".join(words[heard:])


def sentence_rest(text: str, share: float) -> str:
    """Return `text` from the start of the sentence in which this share of it ends."""
    heard = share * len(text)
    starts = [match.end() for match in _SENTENCE.finditer(text) if match.end() <= heard]
    return text[max(starts, default=0) :]


def _usual_pace(text: str) -> float:
    return CHARACTERS_A_SECOND / max(len(text), 1)
