"""What was made of replies that may never be said, held until they are committed."""

from __future__ import annotations

from collections.abc import Callable

from voice.conversation.events import Event, ReplyEvent, ReplyFailed, ReplyId, SegmentGenerated


class Drafts:
    """Holds the events of prepared replies; those of any other go through."""

    def __init__(
        self, post: Callable[[Event], None], speak_ahead: Callable[[ReplyId, str], None]
    ) -> None:
        self._post = post
        self._speak_ahead = speak_ahead
        self._held: dict[ReplyId, list[ReplyEvent]] = {}

    def hold(self, reply: ReplyId) -> None:
        """Hold what comes of `reply` from now on."""
        self._held[reply] = []

    def post(self, event: ReplyEvent) -> None:
        """Take what became of a reply; a draft's first segment is made ahead."""
        held = self._held.get(event.reply)
        if held is None or isinstance(event, ReplyFailed):
            self._post(event)
            return
        if not held and isinstance(event, SegmentGenerated):
            self._speak_ahead(event.reply, event.text)
        held.append(event)

    def release(self, reply: ReplyId) -> None:
        """Post what was held, in its order."""
        for event in self._held.pop(reply, ()):
            self._post(event)

    def drop(self, reply: ReplyId) -> None:
        """Forget what was held."""
        self._held.pop(reply, None)
