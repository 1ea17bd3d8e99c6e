"""What a reply consists of, and how much of it the caller has heard."""

from __future__ import annotations

from dataclasses import dataclass

from voice.conversation.commands import Side, WriteEntry


@dataclass(slots=True)
class Segment:
    """One piece of a reply on its way to the caller's ear."""

    side: Side
    text: str
    is_started: bool = False
    share: float = 0.0  # of it, heard
    is_written: bool = False

    @property
    def is_over(self) -> bool:
        """Whether there is nothing of it left to hear."""
        return self.share >= 1


class Playback:
    """The segments of one reply, by number."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []

    def add(self, side: Side, text: str) -> int:
        """Append a segment and return its number."""
        self._segments.append(Segment(side, text))
        return len(self._segments) - 1

    def segment(self, number: int) -> Segment | None:
        """Return the segment, or None where a message names one that never was."""
        return self._segments[number] if 0 <= number < len(self._segments) else None

    @property
    def last(self) -> Segment:
        """The segment added last."""
        return self._segments[-1]

    @property
    def is_started(self) -> bool:
        """Whether anything in the buddy's own voice went out."""
        return any(s.is_started and s.side is Side.BUDDY for s in self._segments)

    @property
    def is_audible(self) -> bool:
        """Whether something is playing now."""
        return any(s.is_started and not s.is_over for s in self._segments)

    @property
    def is_over(self) -> bool:
        """Whether everything has been heard."""
        return all(s.is_over for s in self._segments)

    @property
    def heard_text(self) -> str:
        """What the caller heard of the buddy's own words."""
        heard = (heard_part(s.text, s.share)[0] for s in self._segments if s.side is Side.BUDDY)
        return " ".join(part for part in heard if part)

    def drop(self, number: int) -> list[WriteEntry]:
        """Keep what was heard of a segment that can't be spoken (further)."""
        segment = self.segment(number)
        if segment is None or segment.is_written:
            return []
        heard, unheard = heard_part(segment.text, segment.share if segment.is_started else 0.0)
        segment.text, segment.share, segment.is_written = heard, 1.0, True
        return [WriteEntry(segment.side, heard, unheard)] if heard else []

    def close(self) -> list[WriteEntry]:
        """Return the rows of what was cut off; nothing is heard after this."""
        rows: list[WriteEntry] = []
        unsaid: list[str] = []
        for segment in self._segments:
            if segment.is_written:
                continue
            segment.is_written = True
            heard, unheard = heard_part(segment.text, segment.share)
            if segment.is_started:
                rows.append(WriteEntry(segment.side, heard, unheard, was_interrupted=True))
            elif segment.side is Side.BUDDY:
                unsaid.append(segment.text)
        if unsaid and self.is_started:
            last = (
                rows.pop() if rows and rows[-1].side is Side.BUDDY else WriteEntry(Side.BUDDY, "")
            )
            unheard = " ".join(part for part in (last.unheard, *unsaid) if part)
            rows.append(WriteEntry(Side.BUDDY, last.text, unheard, was_interrupted=True))
        return [row for row in rows if row.text or row.unheard]


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
