"""How often one account may set something in motion, in this process."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta

from shared.errors import DomainError

KNOWN = 4096  # who asked last; whoever falls out has not asked for a while


class TooOften(DomainError):
    """Nobody needs this so often: a script does it."""

    code = "too_often"

    def __init__(self) -> None:
        super().__init__("asked for too often")


class Pace:
    """Counts in a window that slides along."""

    def __init__(self, *, times: int, span: timedelta) -> None:
        self._times = times
        self._span = span
        self._asked: OrderedDict[str, deque[datetime]] = OrderedDict()

    def keep(self, who: str, now: datetime) -> None:
        """Count that somebody asks; raise `TooOften` where that is once too much."""
        asked = self._asked.setdefault(who, deque(maxlen=self._times))
        self._asked.move_to_end(who)
        while len(self._asked) > KNOWN:
            self._asked.popitem(last=False)
        if len(asked) == self._times and asked[0] > now - self._span:
            raise TooOften
        asked.append(now)
