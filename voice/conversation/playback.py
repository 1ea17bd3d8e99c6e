"""What a reply consists of, and how much of it the caller has heard.

Segments are sent long before they can be heard: the line plays them one after the other, in
the order they were sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice.conversation.commands import Side, WriteEntry


@dataclass(slots=True, eq=False)
class Segment:
    """One piece of a reply on its way to the caller's ear."""

    side: Side
    text: str
    is_cover: bool = False  # it covers a wait, and is no part of the conversation
    share: float = 0.0  # of it, heard
    is_written: bool = False

    @property
    def is_over(self) -> bool:
        """Whether there is nothing of it left to hear."""
        return self.share >= 1


class Playback:
    """The segments of one reply, by number, and those on the line, in their order."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._line: list[Segment] = []

    def add(self, side: Side, text: str, *, is_cover: bool = False) -> int:
        """Append a segment and return its number."""
        self._segments.append(Segment(side, text, is_cover))
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
    def heard_text(self) -> str:
        """What the caller heard, but for covers: to the model, apologies are its own words."""
        heard = (heard_part(s.text, s.share)[0] for s in self._segments if not s.is_cover)
        return " ".join(part for part in heard if part)

    def drop(self, number: int) -> list[WriteEntry]:
        """Keep what was heard of a segment that can't be spoken (further)."""
        segment = self.segment(number)
        if segment is None or segment.is_written:
            return []
        segment.text, unheard = heard_part(segment.text, segment.share)
        segment.share, segment.is_written = 1.0, True
        return [WriteEntry(segment.side, segment.text, unheard)] if segment.text else []

    def close(self) -> list[WriteEntry]:
        """Return the row of what was cut off; nothing is heard after this."""
        audible = self.audible
        if audible is None:
            return []
        heard, unheard = heard_part(audible.text, audible.share)
        unsaid = [
            segment.text
            for segment in self._segments
            if segment.side is audible.side and segment is not audible and not segment.is_over
        ]
        for segment in self._segments:
            segment.is_written = True
        unheard = " ".join(part for part in (unheard, *unsaid) if part)
        return [WriteEntry(audible.side, heard, unheard, was_interrupted=True)]


def heard_part(text: str, share: float) -> tuple[str, str]:
    """Split `text` into what was heard and what was not, at a word's end, in proportion."""
    if share >= 1:
        return text, ""
    words = text.split()
    room = share * len(text)
    heard = 0
    length = 0
    for word in words:
        length += len(word) + (1 if heard else 0)
        if length > room:
            break
        heard += 1
    return " ".join(words[:heard]), " ".join(words[heard:])
