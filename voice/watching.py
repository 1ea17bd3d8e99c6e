"""Who looks on while a call runs: figures and traces, never words, and nothing that can fail it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from shared.ids import CallId
from voice.conversation.commands import EndReason
from voice.timing import TurnTimes

log = structlog.get_logger()


class CallWatch(Protocol):
    """Is told what a call comes to, as it happens. Nothing here blocks."""

    def answered(self, after_ms: float) -> None:
        """Hear that the caller hears us, so long after the stream began."""

    def put_through(self, buddy: str) -> None:
        """Hear which buddy has the floor from now on, by its slug."""

    def turn(self, times: TurnTimes) -> None: ...

    def interrupted(self) -> None:
        """Hear that the caller took the floor from a speaking buddy."""

    def underrun(self) -> None:
        """Hear that the line fell silent within a segment: its audio came too late."""

    def reply_prepared(self) -> None: ...

    def reply_committed(self) -> None: ...

    def ended(self, reason: EndReason, used_seconds: int) -> None: ...


class Tracing(Protocol):
    """Traces calls."""

    def call(self, call_id: CallId) -> CallWatch:
        """Return the watch of one call."""

    async def close(self) -> None:
        """Send what is left."""


@dataclass(frozen=True, slots=True)
class Watches:
    """Several watches as one; a watch that breaks is logged and harms nobody."""

    watches: Sequence[CallWatch] = ()

    def answered(self, after_ms: float) -> None:
        self._each(lambda watch: watch.answered(after_ms))

    def put_through(self, buddy: str) -> None:
        self._each(lambda watch: watch.put_through(buddy))

    def turn(self, times: TurnTimes) -> None:
        self._each(lambda watch: watch.turn(times))

    def interrupted(self) -> None:
        self._each(lambda watch: watch.interrupted())

    def underrun(self) -> None:
        self._each(lambda watch: watch.underrun())

    def reply_prepared(self) -> None:
        self._each(lambda watch: watch.reply_prepared())

    def reply_committed(self) -> None:
        self._each(lambda watch: watch.reply_committed())

    def ended(self, reason: EndReason, used_seconds: int) -> None:
        self._each(lambda watch: watch.ended(reason, used_seconds))

    def _each(self, tell: Callable[[CallWatch], None]) -> None:
        for watch in self.watches:
            try:
                tell(watch)
            except Exception:
                log.exception("watch_broke", watch=type(watch).__name__)
