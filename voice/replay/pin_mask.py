"""Keeps a PIN off the tape: its digits are noted as zeros."""

from __future__ import annotations

from typing import Final

from voice.conversation.keypad import KEY_SECONDS, PIN_DIGITS, STAR, STARS

MASK: Final = "0"


class PinMask:
    """Follows the keys as `Keypad` does."""

    def __init__(self) -> None:
        self._typed = ""
        self._pressed_at = 0.0

    def press(self, key: str, now: float) -> str:
        """Return the key as it may be noted."""
        if now - self._pressed_at > KEY_SECONDS:
            self._typed = ""
        self._pressed_at = now
        begun, self._typed = self._typed, ""
        if key == STAR:
            self._typed = STARS if begun in (STAR, STARS) else STAR
            return key
        if not begun.startswith(STARS) or not key.isdigit():
            return key
        typed = begun + MASK
        self._typed = typed if len(typed) < len(STARS) + PIN_DIGITS else ""
        return MASK
