"""Sound that tests can read: `fake_speech` is audio, and `words_in` reads it back."""

from __future__ import annotations

import re

from voice.ports import BYTES_A_SECOND

CHARACTER_BYTES = 320  # 40 ms a character, 25 characters a second, as the sandbox's tones
SILENCE = 0xFF  # μ-law zero
LOUD_CODES = 0x48  # μ-law codes below this, of either sign, are loud
_RUN = re.compile(rb"(.)\1*", re.DOTALL)


def fake_speech(text: str) -> bytes:
    """Return audio that `words_in` reads back as `text`, in ASCII."""
    return b"".join(bytes((_code(character),)) * CHARACTER_BYTES for character in _ascii(text))


def words_in(audio: bytes) -> str:
    """Return what was said in `audio`; characters that were cut off are not heard."""
    return "".join(
        character_of(run[0]) * (len(run) // CHARACTER_BYTES)
        for run in runs(audio)
        if run[0] != SILENCE
    )


def runs(audio: bytes) -> list[bytes]:
    """Split audio where its value changes."""
    return [match[0] for match in _RUN.finditer(audio)]


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _code(character: str) -> int:
    """Return a loud μ-law code for the character, so that nobody takes it for silence."""
    number = ord(character) - ord(" ")
    return number if number < LOUD_CODES else 0x80 + number - LOUD_CODES


def character_of(code: int) -> str:
    return chr(ord(" ") + (code if code < LOUD_CODES else code - 0x80 + LOUD_CODES))


def silence(seconds: float) -> bytes:
    return bytes((SILENCE,)) * round(seconds * BYTES_A_SECOND)
