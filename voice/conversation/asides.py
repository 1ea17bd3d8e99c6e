"""What the caller has to be told as soon as nobody is speaking."""

from __future__ import annotations

from voice.conversation.commands import Announcement
from voice.conversation.playback import Segment


class Asides:
    """Announcements that wait for a gap; one that is cut off waits for the next."""

    def __init__(self) -> None:
        self._due: list[Announcement] = []
        self._saying: list[tuple[Announcement, Segment]] = []

    @property
    def are_due(self) -> bool:
        """Whether anything waits."""
        return bool(self._due)

    def add(self, announcement: Announcement) -> None:
        """Have it said; what waits already is not said twice."""
        if announcement not in self._due:
            self._due.append(announcement)

    def drop(self, announcement: Announcement) -> None:
        """Have it said no more."""
        self._due = [words for words in self._due if words is not announcement]

    def take(self) -> list[Announcement]:
        """Return what is to be said now."""
        due, self._due = self._due, []
        return due

    def say(self, announcement: Announcement, segment: Segment) -> None:
        """Take note of the segment in which it is being said."""
        self._saying.append((announcement, segment))

    def settle(self) -> None:
        """End the reply: what went unheard of it is due again."""
        unheard = [words for words, segment in self._saying if not segment.is_over]
        self._saying = []
        self._due = [*unheard, *(words for words in self._due if words not in unheard)]
