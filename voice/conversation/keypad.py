"""Reads the caller's keys: a star and a digit is a command, two stars and four digits are a PIN.

Every command is known at its last key, so that it acts at once: nothing waits for a key that may
never come.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

STAR: Final = "*"
STARS: Final = "**"
PIN_DIGITS: Final = 4
KEY_SECONDS: Final = 10.0  # a key that comes later than this begins anew


class Shortcut(StrEnum):
    """What a caller can ask for with a key or two, at any time."""

    MENU = "*0"
    REPEAT = "*1"
    SLOWER = "*2"
    OFF_THE_RECORD = "*9"  # and on it again
    SKIP = "#"


@dataclass(frozen=True, slots=True)
class PlainKey:
    """A digit that nothing came before: what it means depends on what was asked."""

    digit: str


@dataclass(frozen=True, slots=True)
class TypedPin:
    """Two stars and four digits."""

    digits: str


Typed = Shortcut | PlainKey | TypedPin
_SHORTCUTS: Final = {shortcut.value: shortcut for shortcut in Shortcut}


class Keypad:
    """What has been typed so far."""

    def __init__(self) -> None:
        self._typed = ""  # nothing, a star, or two stars and up to three digits
        self._pressed_at = 0.0

    def press(self, key: str, now: float) -> Typed | None:
        """Take a key and return what it completes; None where it only begins or breaks off."""
        if now - self._pressed_at > KEY_SECONDS:
            self._typed = ""
        self._pressed_at = now
        begun, self._typed = self._typed, ""
        if key == STAR:
            # One star too many is no harm; after the first digit a star begins anew.
            self._typed = STARS if begun in (STAR, STARS) else STAR
            return None
        if not begun:
            return Shortcut.SKIP if key == Shortcut.SKIP else PlainKey(key)
        if begun == STAR:
            return _SHORTCUTS.get(begun + key)
        if not key.isdigit():
            return None
        typed = begun + key
        if len(typed) < len(STARS) + PIN_DIGITS:
            self._typed = typed
            return None
        return TypedPin(typed.removeprefix(STARS))
