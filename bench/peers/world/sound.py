"""What the callers' line carries: μ-law frames of speech, and a hum that tells who is calling.

A recogniser gets nothing but audio, so the silence of each line has a level of its own: three
levels of 100 ms each, again and again, say a mark, then the caller's tens, then the ones. The
loudest is 48 dB below full scale: no detector of voice takes it for speech.
"""

from __future__ import annotations

import base64
from array import array
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Final

FRAME: Final = 160  # bytes of μ-law: 20 ms
RATE: Final = 8000
HUM_FRAMES: Final = 5  # of one level, before the next
LEVEL: Final = 8  # 16-bit steps between two levels
MARK_LEVEL: Final = 15
LOUD: Final = 400  # 16-bit magnitude from which a sample counts as speech
LOUD_SAMPLES: Final = 4  # of a piece of 20 ms, to call it speech
SPEECH: Final = Path(__file__).resolve().parent.parent / "speech"


def magnitude(code: int) -> int:
    """Return the 16-bit magnitude that a μ-law code stands for."""
    code = ~code & 0xFF
    return (((code & 15) << 3) + 132 << (code >> 4 & 7)) - 132


FAINT: Final = bytes(code for code in range(256) if magnitude(code) < LOUD)


def is_loud(audio: bytes) -> bool:
    """Tell whether a piece of μ-law holds speech."""
    return len(audio.translate(None, FAINT)) >= LOUD_SAMPLES


def is_loud_pcm(samples: Sequence[int]) -> bool:
    """Tell whether a piece of 16-bit samples holds speech."""
    if max(samples) < LOUD and min(samples) > -LOUD:
        return False
    return sum(abs(sample) >= LOUD for sample in samples) >= LOUD_SAMPLES


def hum(caller: int) -> list[bytes]:
    """Return the frames that this caller's silence consists of, over and over."""
    levels = (MARK_LEVEL, caller // 10 + 1, caller % 10 + 1)
    return [bytes([0xFF - level]) * FRAME for level in levels for _ in range(HUM_FRAMES)]


class HumReader:
    """Finds out whose line it is, from the level of its silence."""

    def __init__(self) -> None:
        self.caller: int | None = None
        self._levels: list[int] = []
        self._level = 0  # of the last piece: what lasts for one alone lies between two levels

    def hear(self, magnitude_now: float) -> None:
        """Take the level of one quiet piece."""
        if self.caller is not None:
            return
        last, self._level = self._level, round(abs(magnitude_now) / LEVEL)
        level = self._level
        if level == last and (not self._levels or self._levels[-1] != level):
            self._levels = [*self._levels[-3:], level]
        match self._levels:
            case [*_, 15, tens, ones, 15] if 1 <= tens <= 10 and 1 <= ones <= 10:
                self.caller = (tens - 1) * 10 + ones - 1
            case [*_, 15, both, 15] if 1 <= both <= 10:  # tens and ones are the same
                self.caller = (both - 1) * 11
            case _:
                pass


def level_of(audio: bytes) -> float:
    """Return the level of a quiet piece of μ-law."""
    return magnitude(audio[len(audio) // 2])


def level_of_pcm(samples: array[int]) -> float:
    """Return the level of a quiet piece of 16-bit samples."""
    return sum(samples) / len(samples)


def sentences() -> list[list[bytes]]:
    """Return the sentences that callers say, in frames."""
    return [_frames(path.read_bytes()) for path in sorted(SPEECH.glob("*.ulaw"))]


def payloads(frames: Sequence[bytes]) -> list[str]:
    """Return the frames as Media Streams carries them."""
    return [base64.b64encode(frame).decode() for frame in frames]


def _frames(audio: bytes) -> list[bytes]:
    return [audio[start : start + FRAME] for start in range(0, len(audio) - FRAME + 1, FRAME)]


def tone(seconds: float, rate: int) -> bytes:
    """Return 16-bit samples of an audible tone."""
    wave = [0, 5657, 8000, 5657, 0, -5657, -8000, -5657]
    steps = rate // (len(wave) * 300)  # 300 Hz
    period = array("h", [sample for sample in wave for _ in range(steps)])
    return array("h", islice(cycle(period), round(seconds * rate))).tobytes()
