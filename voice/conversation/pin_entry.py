"""Reads a PIN off the keys: a star, then four digits."""

from __future__ import annotations

from typing import Final

START: Final = "*"
DIGITS: Final = 4
KEY_SECONDS: Final = 10.0  # a key that comes later than this begins anew


class PinEntry:
    """What of a PIN has been typed so far."""

    def __init__(self) -> None:
        self._digits: str | None = None  # None: no star was pressed
        self._pressed_at = 0.0

    def press(self, key: str, now: float) -> str | None:
        """Take a key and return the PIN that it completes."""
        is_late = now - self._pressed_at > KEY_SECONDS
        self._pressed_at = now
        if key == START:
            self._digits = ""
        elif self._digits is not None:
            goes_on = key.isdigit() and not is_late
            self._digits = self._digits + key if goes_on else None
        if self._digits is None or len(self._digits) < DIGITS:
            return None
        pin, self._digits = self._digits, None
        return pin

    def is_under_way(self, now: float) -> bool:
        """Tell whether the next digit would belong to a PIN."""
        return self._digits is not None and now - self._pressed_at <= KEY_SECONDS
