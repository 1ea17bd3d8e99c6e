"""When the line plays what it was sent: sound after sound, eight thousand bytes a second.

Pure: instants are passed in. A `clear` drops what has not been played.
https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voice.ports import BYTES_A_SECOND

BREATH_SECONDS: Final = 0.05  # silence shorter than this is heard as none


@dataclass(slots=True)
class Stretch:
    """Sound without a gap in it, in seconds."""

    began_at: float
    ended_at: float
    is_cut: bool = False  # its rest was dropped


class Playing:
    """What has been and will be heard, as far as is known."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self.due: dict[str, float] = {}  # when each mark must come back

    def sound(self, now: float, size: int) -> None:
        """Queue so many bytes of audio."""
        seconds = size / BYTES_A_SECOND
        last = self.stretches[-1] if self.stretches else None
        if last is not None and now - last.ended_at < BREATH_SECONDS:
            last.ended_at = max(last.ended_at, now) + seconds
        else:
            self.stretches.append(Stretch(now, now + seconds))

    def mark(self, now: float, name: str) -> float:
        """Return when the mark comes back."""
        self.due[name] = max(now, self.stretches[-1].ended_at if self.stretches else now)
        return self.due[name]

    def clear(self, now: float) -> list[str]:
        """Drop what is queued and return the marks that were pending."""
        if self.is_playing(now):
            self.stretches[-1].ended_at, self.stretches[-1].is_cut = now, True
        pending = [name for name, due in self.due.items() if due > now]
        self.due.clear()
        return pending

    def is_playing(self, now: float) -> bool:
        """Whether something is to be heard at this moment or later."""
        return bool(self.stretches) and self.stretches[-1].ended_at > now
