"""The notes taken of one call, and what may not stay in them."""

from __future__ import annotations

from collections.abc import Callable

from voice.replay.tape import Heard, Tape, moment


class Notes:
    """One call's tape while it is being made."""

    def __init__(self, tape: Tape, clock: Callable[[], float]) -> None:
        self.tape = tape
        self.is_off_the_record = False
        self._clock = clock
        self._started_at = clock()
        self._settled = (0, 0)  # things the caller did and replies, by the last turn's end

    @property
    def now(self) -> float:
        """Seconds since the stream's start."""
        return moment(self._clock() - self._started_at)

    def settle(self) -> None:
        """Take note that a turn of the caller's is on the record."""
        self._settled = (len(self.tape.caller), len(self.tape.written))

    def go_off(self) -> None:
        """Note nothing that is said; what led here, in the turn that goes on, was off it too."""
        done, written = self._settled
        self.tape.caller[done:] = [
            item for item in self.tape.caller[done:] if not isinstance(item, Heard)
        ]
        del self.tape.written[written:]
        self.is_off_the_record = True

    def go_on(self) -> None:
        """Note again what is said."""
        self.is_off_the_record = False
        self.settle()
