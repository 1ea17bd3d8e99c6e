"""Cuts what is heard on a line into passages, each a bubble on the page.

Pure: a passage begins with the first sound, with the first after the caller did something, and
with a sound after a long silence. Words are given to the passage they were said in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.phone.listening import Listening, Sound

SILENCE_SECONDS = 2.0  # long enough to be a pause between two things said
LOOSE_BYTES = 8000  # a real recogniser may time a word a second too early


@dataclass(slots=True)
class Passages:
    """The passages of one line so far."""

    listening: Listening = field(default_factory=Listening)
    _begins: list[float] = field(default_factory=list)  # bytes of the line
    _times: list[float] = field(default_factory=list)
    _is_turn: bool = True

    @property
    def last(self) -> int:
        """The number of the newest passage; -1 before anything was heard."""
        return len(self._begins) - 1

    def hear(self, frame: bytes, now: float) -> None:
        """Take the next frame of the line."""
        listening = self.listening
        known = len(listening.sounds)
        listening.hear(frame, now)
        if len(listening.sounds) == known:
            return
        sound = listening.sounds[-1]
        silence = listening.silence_before(sound)
        if self._is_turn or silence >= SILENCE_SECONDS * LOOSE_BYTES:
            self._begin(sound, silence)

    def turn(self) -> None:
        """Take note that what comes next answers something new."""
        self._is_turn = True
        self.listening.note_break(is_cut=False)

    def began_at(self, number: int) -> float:
        """Return the moment at which a passage began."""
        return self._times[number]

    def stretches(self) -> Iterator[tuple[float, float]]:
        """Return where on the line each passage is."""
        ends = [*self._begins[1:], float("inf")]
        return zip(self._begins, ends, strict=False)

    def _begin(self, sound: Sound, silence: int) -> None:
        self._is_turn = False
        self._begins.append(sound.position - min(LOOSE_BYTES, silence / 2))
        self._times.append(sound.began_at)
