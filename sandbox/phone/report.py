"""What a call came to: its turns, its gaps, and whether it was good."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

EndReason = Literal["caller", "closing", "rejected", "stream_failed", "failed", "line_lost"]
GOOD_ENDS = ("caller", "closing")
# A notice says that this is an AI, or that the call is transcribed, whatever the spelling heard.
NOTICE = re.compile(r"\b(a[-. ]{0,2}i\.?|artificial|transcri\w*)(?=\W|$)", re.IGNORECASE)


@dataclass(slots=True)
class Turn:
    """What was said, what was heard then, and how long that took to come."""

    said: str | None  # None: the greeting, which nobody asked for
    heard: str = ""
    gap_ms: int | None = None  # None: no answer came
    interrupted: bool = False  # the caller stopped it
    marks: list[dict[str, Any]] = field(default_factory=list)  # name and played_at


@dataclass(slots=True)
class PhoneReport:
    """One call, as the phone saw it."""

    call_sid: str
    end_reason: EndReason = "line_lost"
    seconds: float = 0.0
    turns: list[Turn] = field(default_factory=list)
    heard: str = ""  # everything, notice and menu included
    unsaid: list[str] = field(default_factory=list)  # what there was no time to say
    errors: list[str] = field(default_factory=list)  # Twilio's, and the recogniser's
    was_cut_short: bool = False  # the caller had a time to hang up at

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return {
            "call_sid": self.call_sid,
            "end_reason": self.end_reason,
            "seconds": round(self.seconds, 2),
            "turns": [asdict(turn) for turn in self.turns],
        }

    def problems(self, max_gap: float) -> list[str]:
        """Return what was wrong with the call, a sentence each; nothing if it was good."""
        found = []
        if not NOTICE.search(self.heard):
            found.append("the notice was not heard: nobody said AI or transcribed")
        for number, turn in enumerate(self.turns):
            what = "the greeting" if turn.said is None else f"the answer to {turn.said!r}"
            if turn.gap_ms is None:
                is_last = number == len(self.turns) - 1
                if not (is_last and self.was_cut_short):
                    found.append(f"{what} did not come")
            elif turn.gap_ms > max_gap * 1000:
                found.append(f"{what} took {turn.gap_ms / 1000:.1f} s, more than {max_gap:g} s")
        if not self.was_cut_short:
            found.extend(f"there was no time to say {words!r}" for words in self.unsaid)
        if self.end_reason not in GOOD_ENDS:
            found.append(f"the call ended by {self.end_reason.replace('_', ' ')}")
        return found
