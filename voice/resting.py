"""Who failed rests for a while before it is tried again, by one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class RestRules:
    """How long somebody who failed is left alone, in seconds."""

    first: float = 30.0
    longest: float = 600.0  # each failure in a row doubles it, up to this
    trial: float = 10.0  # so long may one find out whether it is back


class Rested:
    """One of several that do the same, and how it has been doing."""

    def __init__(self, name: str, rules: RestRules | None = None) -> None:
        self.name = name
        self.failures = 0  # in a row
        self.rests_until = float("-inf")
        self._rules = rules or RestRules()

    @property
    def is_resting(self) -> bool:
        return _now() < self.rests_until

    def begin(self) -> None:
        """Be tried; while it is not known to be back, by nobody else."""
        if self.failures:
            self.rests_until = _now() + self._rules.trial

    def succeed(self) -> None:
        """Be well again."""
        self.failures, self.rests_until = 0, float("-inf")

    def fail(self) -> None:
        """Rest, longer with every failure in a row."""
        rest = min(self._rules.first * 2.0**self.failures, self._rules.longest)
        self.failures += 1
        self.rests_until = _now() + rest


Tried = TypeVar("Tried", bound=Rested)


def in_order(choices: Sequence[Tried]) -> list[Tried]:
    """Return whom to try: who is well first, and of the others whoever has rested longest."""
    resting = [choice for choice in choices if choice.is_resting]
    well = [choice for choice in choices if not choice.is_resting]
    return well + sorted(resting, key=lambda choice: choice.rests_until)


def _now() -> float:
    return asyncio.get_running_loop().time()
