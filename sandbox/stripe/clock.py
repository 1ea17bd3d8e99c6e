"""Stripe's time here: it runs as everyone's does and can be moved on, never back.

Periods are counted from an anchor, so that the 31st comes back after a February:
https://docs.stripe.com/billing/subscriptions/billing-cycle.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

DAY = 86_400
HOUR = 3_600
MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


class Clock:
    """Whole seconds since 1970, as Stripe gives every time."""

    def __init__(self, system: Callable[[], float] = time.time) -> None:
        self._system = system
        self._ahead = 0.0
        self._frozen: int | None = None

    @property
    def now(self) -> int:
        """The sandbox's time."""
        if self._frozen is not None:
            return self._frozen
        return int(self._system() + self._ahead)

    @property
    def ahead(self) -> float:
        """How many seconds this clock is before the system's."""
        return self._ahead

    def move_to(self, moment: int) -> None:
        """Go on to a moment; an earlier one changes nothing."""
        if self._frozen is not None:
            self._frozen = max(self._frozen, moment)
        elif moment > self.now:
            self._ahead = moment - self._system()

    def freeze(self) -> None:
        """Stand still until moved."""
        self._frozen = self.now

    def reset(self, ahead: float = 0.0) -> None:
        """Show the system's time again, or be as far ahead of it as another clock was."""
        self._frozen = None
        self._ahead = ahead


def add(anchor: int, interval: str, count: int) -> int:
    """Return the moment `count` intervals after an anchor, on its day or the month's last."""
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in DAYS:
        return int((start + timedelta(days=DAYS[interval] * count)).timestamp())
    months = start.month - 1 + MONTHS[interval] * count
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def period_after(anchor: int, interval: str, count: int, moment: int) -> int:
    """Return the first end of a period counted from `anchor` that is later than `moment`."""
    periods = 1
    while (end := add(anchor, interval, count * periods)) <= moment:
        periods += 1
    return end
