"""Whether what is said is kept: between off and on the record nothing is written or shown.

What the model was told meanwhile goes as well, or it would come back in words that are kept.
"""

from __future__ import annotations

from typing import Final

from voice.conversation import commands as do
from voice.conversation.commands import Command, Message, Side
from voice.conversation.events import TranscriptReceived

IN_FLIGHT: Final = 5.0  # seconds in which the rest of an utterance begun before may still come


class RecordKeeping:
    """Knows whether the record is on. Instants are the machine's."""

    def __init__(self) -> None:
        self._before: list[Message] | None = None  # the history as the record ended
        self._is_writing = True
        self._ignores_until: float | None = None  # or until the next final

    @property
    def is_off(self) -> bool:
        """Whether nothing is to be kept now."""
        return self._before is not None

    def go_off(self, history: list[Message]) -> Command:
        """End the record; the history so far stays."""
        self._before = list(history)
        return do.GoOffRecord()

    def go_on(self, now: float, *, is_speaking: bool) -> tuple[list[Message], Command]:
        """Begin the record anew; return the history as it was.

        What the caller is in the middle of saying began off the record.
        """
        before, self._before = self._before or [], None
        self._ignores_until = now + IN_FLIGHT if is_speaking else None
        return before, do.GoOnRecord()

    def said_since(self, turn: str) -> str:
        """Return what of a turn was said since the record ended."""
        last = self._before[-1] if self._before else None
        began = last.text if last is not None and last.side is Side.CALLER else ""
        return turn.removeprefix(began).strip()

    def ignores(self, event: TranscriptReceived, now: float) -> bool:
        """Tell whether these words belong to what was said off the record."""
        if self._ignores_until is None or now > self._ignores_until:
            self._ignores_until = None
            return False
        if event.is_final:
            self._ignores_until = None
        return True

    def sift(self, commands: list[Command]) -> list[Command]:
        """Leave out what would write down or show anything while the record is off."""
        kept = []
        for command in commands:
            match command:
                case do.GoOffRecord() | do.GoOnRecord():
                    self._is_writing = isinstance(command, do.GoOnRecord)
                case do.WriteEntry() | do.ShowInterim() if not self._is_writing:
                    continue
                case _:
                    pass
            kept.append(command)
        return kept
