"""A few words of the buddy's own that cover a wait: when they are due, and which they are.

Once a turn, and only while the reply has no words yet: then its first sound is close. They say
nothing of the answer, and are no part of the conversation that the model sees.
"""

from __future__ import annotations

from voice.conversation.turn_rules import TurnRules


class Fillers:
    """The fillers of one call. Instants are the machine's."""

    def __init__(self) -> None:
        self.ready: tuple[str, ...] = ()  # the shell puts in what can be said at once
        self._waiting_since: float | None = None
        self._last: str | None = None
        self._is_spent = False  # this turn has had its filler

    def begin(self, now: float, *, goes_on: bool = False) -> None:
        """Cover the wait for a reply from now on: the caller's turn is over.

        A turn that goes on after its filler gets no other: who is cut off by the caller's every
        pause had better wait.
        """
        self._is_spent = self._is_spent and goes_on
        self._waiting_since = None if self._is_spent else now

    def drop(self) -> None:
        """There is nothing to cover any more."""
        self._waiting_since = None

    def due_at(self, rules: TurnRules) -> float | None:
        """Return when a filler must be said; None where none will be."""
        if self._waiting_since is None or not self.ready or rules.filler_after <= 0:
            return None
        return self._waiting_since + rules.filler_after

    def take(self, rules: TurnRules, now: float) -> str | None:
        """Return what to say, if it is time; not the same words twice in a row."""
        due_at = self.due_at(rules)
        if due_at is None or now < due_at:
            return None
        self.drop()
        self._is_spent = True
        after = self.ready.index(self._last) + 1 if self._last in self.ready else 0
        self._last = self.ready[after % len(self.ready)]
        return self._last
