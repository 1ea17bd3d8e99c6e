"""What was made of replies that may never be said, held until they are committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from voice.conversation.events import Event, ReplyEvent, ReplyFailed, ReplyId, SegmentGenerated


@dataclass(slots=True)
class _Draft:
    speak_ahead: Callable[[str], None]
    events: list[ReplyEvent] = field(default_factory=list)


class Drafts:
    """Holds the events of prepared replies; those of any other go through."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._held: dict[ReplyId, _Draft] = {}

    def hold(self, reply: ReplyId, speak_ahead: Callable[[str], None]) -> None:
        """Hold what comes of `reply` from now on; its first segment goes to `speak_ahead`."""
        self._held[reply] = _Draft(speak_ahead)

    def post(self, event: ReplyEvent) -> None:
        """Take what became of a reply; a draft's first segment is made ahead."""
        held = self._held.get(event.reply)
        if held is None or isinstance(event, ReplyFailed):
            self._post(event)
            return
        if not held.events and isinstance(event, SegmentGenerated):
            held.speak_ahead(event.text)
        held.events.append(event)

    def release(self, reply: ReplyId) -> None:
        """Post what was held, in its order."""
        if (held := self._held.pop(reply, None)) is not None:
            for event in held.events:
                self._post(event)

    def drop(self, reply: ReplyId) -> None:
        """Forget what was held."""
        self._held.pop(reply, None)
