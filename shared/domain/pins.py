"""Four-digit PINs: which are too easy, and how often one may be wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import DomainError

DIGITS = 4
MOST_WRONG = 5  # in a row; then nobody may try
LOCKED_FOR = timedelta(hours=1)

_ROWS = ("01234567890", "09876543210")  # as keys lie, round the corner too
_YEAR = re.compile(r"19\d\d|20[0-3]\d")  # of birth, most likely


class PinRefused(DomainError):
    """A PIN is four digits."""

    code = "pin_refused"


class PinTooEasy(DomainError):
    """Whoever tries a handful of PINs tries this one."""

    code = "pin_too_easy"


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a PIN was wrong in a row, and until when nobody may try."""

    wrong: int = 0
    locked_until: datetime | None = None

    def left(self, now: datetime) -> int:
        """Return how many tries there are."""
        if self.locked_until is None:
            return MOST_WRONG - self.wrong
        return 0 if now < self.locked_until else MOST_WRONG

    def after_wrong(self, now: datetime) -> Tries:
        """Return what is left after one more wrong PIN."""
        wrong = MOST_WRONG - self.left(now) + 1
        return Tries(wrong, now + LOCKED_FOR) if wrong >= MOST_WRONG else Tries(wrong)


def checked_pin(text: str) -> str:
    """Return the PIN; raise `PinRefused` or `PinTooEasy`."""
    pin = text.strip()
    if not re.fullmatch(rf"[0-9]{{{DIGITS}}}", pin):
        raise PinRefused
    pairs = pin[:2] == pin[2:]
    if len(set(pin)) == 1 or pairs or any(pin in row for row in _ROWS) or _YEAR.fullmatch(pin):
        raise PinTooEasy
    return pin
