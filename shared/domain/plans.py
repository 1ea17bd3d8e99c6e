"""What a caller gets to talk, and on which ground."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """Seconds granted once for each number, ever."""

    name: str
    seconds: int


PRETRIAL = Allowance("pretrial", 300)  # without registration
TRIAL = Allowance("trial", 900)  # more, once registered with a verified number
WITHHELD_SECONDS = 60  # for each call of a withheld number: enough to hear what this is
