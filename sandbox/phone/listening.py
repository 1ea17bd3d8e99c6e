"""Tells from the sound alone when the buddy begins, and when it has finished.

Pure: one frame of 20 ms at a time, with the moment it came. What is audible is a matter of energy,
so a voice and the script's tones count alike, and comfort noise does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sandbox.engines.mulaw import pcm_from_mulaw

FRAME_BYTES = 160
FRAME_SECONDS = 0.02
AUDIBLE_LEVEL = 150.0  # root mean square of 16-bit samples, about -47 dBFS
BREAK_SECONDS = 0.1  # silence this long makes the next sound another one

_SQUARES = pcm_from_mulaw(bytes(range(256))).astype(np.float64) ** 2


def is_audible(frame: bytes) -> bool:
    """Return whether a person would hear something."""
    squares = _SQUARES[np.frombuffer(frame, dtype=np.uint8)]
    return bool(squares.size) and float(squares.mean()) >= AUDIBLE_LEVEL**2


def frames(audio: bytes) -> Iterator[bytes]:
    """Cut audio into frames; the last is filled with silence."""
    for start in range(0, len(audio), FRAME_BYTES):
        yield audio[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\xff")


@dataclass(slots=True)
class Sound:
    """Something heard without a break in it."""

    began_at: float
    ended_at: float
    position: int  # bytes of the line before it
    end_position: int  # bytes of the line up to its end
    is_cut: bool = False  # its rest was taken back


class Listening:
    """What has been heard on the line, as sound."""

    def __init__(self) -> None:
        self.position = 0  # bytes of the line so far
        self.sounds: list[Sound] = []
        self._is_broken = False

    def hear(self, frame: bytes, now: float) -> None:
        """Take the next frame of the line."""
        if is_audible(frame):
            last = self.sounds[-1] if self.sounds else None
            ended_at = now + FRAME_SECONDS
            end_position = self.position + len(frame)
            if last is None or self._is_broken or now - last.ended_at > BREAK_SECONDS:
                self.sounds.append(Sound(now, ended_at, self.position, end_position))
                self._is_broken = False
            else:
                last.ended_at, last.end_position = ended_at, end_position
        self.position += len(frame)

    def note_break(self, *, is_cut: bool) -> None:
        """Take note that what comes next is something else, and if the rest was taken back."""
        self._is_broken = True
        if is_cut and self.sounds:
            self.sounds[-1].is_cut = True

    def silence_before(self, sound: Sound) -> int:
        """Return how many bytes of silence were on the line before a sound."""
        earlier = [other.end_position for other in self.sounds if other.position < sound.position]
        return max(0, sound.position - max(earlier, default=0))

    def has_finished(self, now: float, *, patience: float, since: float) -> bool:
        """Return whether there was sound after `since`, and none for `patience` seconds."""
        if not self.sounds:
            return False
        ended_at = self.sounds[-1].ended_at
        return ended_at > since and now - ended_at >= patience

    def answer_to(self, began_at: float, ended_at: float) -> Sound | None:
        """Return the sound that answers what the caller said between two moments.

        That is the first to begin after the caller had ended; or one that began while the caller
        was speaking and could still be heard at the end: an answer without a gap. What was taken
        back answered nothing: the buddy had only drawn breath in what it was saying.
        """
        for sound in self.sounds:
            if sound.began_at >= ended_at or (
                sound.began_at > began_at and sound.ended_at > ended_at and not sound.is_cut
            ):
                return sound
        return None
