"""Says what changed between two runs of a call, turn by turn, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import median
from typing import Final

from voice.conversation.commands import Side, WriteEntry
from voice.replay.rerun import Outcome

SAME_MS: Final = 5.0  # a gap this little longer or shorter is the same
NAMES: Final = {Side.CALLER: "caller", Side.BUDDY: "buddy ", Side.LINE: "line  "}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs of one call."""

    before: Outcome
    after: Outcome
    is_only_words: bool = False  # nothing else is known of the first

    @property
    def is_same(self) -> bool:
        """Whether nothing changed that anybody would notice."""
        return not any(line[:1] in "-+~" for line in self.lines() if line)

    def lines(self) -> list[str]:
        """Return the transcript with what went (-), came (+), and was timed otherwise (~)."""
        if self.is_only_words:
            return list(self._transcript())
        return [*self._transcript(), "", *self._timings(), *self._ends()]

    def _transcript(self) -> Iterator[str]:
        before = [_line(entry) for entry in self.before.entries]
        after = [_line(entry) for entry in self.after.entries]
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        for tag, from_, to, new_from, new_to in matcher.get_opcodes():
            if tag == "equal":
                yield from (f"  {line}" for line in before[from_:to])
            else:
                yield from (f"- {line}" for line in before[from_:to])
                yield from (f"+ {line}" for line in after[new_from:new_to])

    def _timings(self) -> Iterator[str]:
        gaps, new_gaps = _gaps(self.before), _gaps(self.after)
        for turn in sorted(gaps.keys() | new_gaps.keys()):
            old, new = gaps.get(turn), new_gaps.get(turn)
            yield f"{_mark(old, new)} turn {turn}: gap {_ms(old)}{_arrow(old, new)}"
        if gaps and new_gaps:
            old, new = median(gaps.values()), median(new_gaps.values())
            yield f"{_mark(old, new)} gap p50: {_ms(old)}{_arrow(old, new)}"
        yield _count("interruptions", _interruptions(self.before), _interruptions(self.after))
        yield _count("speculative replies", self.before.prepared, self.after.prepared)
        yield _count("of them committed", self.before.committed, self.after.committed)
        yield _count("underruns", self.before.underruns, self.after.underruns)

    def _ends(self) -> Iterator[str]:
        if self.before.reason != self.after.reason:
            yield f"~ ended: {self.before.reason} -> {self.after.reason}"
        if self.after.unplayed:
            yield f"~ the call was over with {self.after.unplayed} things left that the caller did"
        if self.after.asked_anew:
            yield f"  {self.after.asked_anew} replies were written anew"


def _line(entry: WriteEntry) -> str:
    unheard = f" [unheard: {entry.unheard}]" if entry.unheard else ""
    cut = " (interrupted)" if entry.was_interrupted else ""
    return f"{NAMES[entry.side]}: {entry.text}{unheard}{cut}"


def _gaps(outcome: Outcome) -> dict[int, float]:
    return {times.turn: times.gap_ms for times in outcome.timings if times.gap_ms is not None}


def _interruptions(outcome: Outcome) -> int:
    return sum(entry.was_interrupted for entry in outcome.entries)


def _count(what: str, old: int, new: int) -> str:
    return f"  {what}: {old}" if old == new else f"~ {what}: {old} -> {new}"


def _is_same(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is new
    return abs(old - new) <= SAME_MS


def _mark(old: float | None, new: float | None) -> str:
    return " " if _is_same(old, new) else "~"


def _arrow(old: float | None, new: float | None) -> str:
    return "" if _is_same(old, new) else f" -> {_ms(new)}"


def _ms(gap: float | None) -> str:
    return "none" if gap is None else f"{gap:.0f} ms"
