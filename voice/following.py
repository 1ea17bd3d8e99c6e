"""Events for one follower: what comes before anybody follows waits for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Followed(Generic[T]):
    """Hands events over at once and in order."""

    def __init__(self) -> None:
        self._take: Callable[[T], None] | None = None
        self._waiting: deque[T] = deque()

    @property
    def waiting(self) -> int:
        """How many nobody has taken yet."""
        return len(self._waiting)

    def follow(self, take: Callable[[T], None]) -> None:
        """Hand over what waits, and from now on what is told."""
        self._take = take
        while self._waiting:
            take(self._waiting.popleft())

    def tell(self, event: T) -> None:
        if self._take is None or self._waiting:
            self._waiting.append(event)
        else:
            self._take(event)
