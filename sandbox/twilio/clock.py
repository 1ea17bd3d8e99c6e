"""A vendor's own clock, which a test may set: what expires at the vendor's expires on demand.

`POST /_control/clock` takes `{"advance_seconds": 600}` or `{"now": 1767225600}` (Unix seconds).
The clock goes on from there; `POST /_control/reset` sets it right again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any


class AdjustableClock:
    """Real time, and how far this vendor is ahead of it."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the vendor's moment, aware and in UTC."""
        return datetime.now(UTC) + self._ahead

    def steer(self, body: Mapping[str, Any]) -> None:
        """Take what `/_control/clock` was sent; raise `ValueError` at anything else."""
        match dict(body):
            case {"advance_seconds": int() | float() as seconds, **rest} if not rest:
                self._ahead += timedelta(seconds=seconds)
            case {"now": int() | float() as moment, **rest} if not rest:
                self._ahead = datetime.fromtimestamp(moment, UTC) - datetime.now(UTC)
            case _:
                message = 'send {"advance_seconds": a number} or {"now": Unix seconds}'
                raise ValueError(message)

    def reset(self) -> None:
        """Show the true time again."""
        self._ahead = timedelta()
