"""How many seconds a running call takes, and what it owes when it ends."""

from __future__ import annotations


def seconds_wanted(*, held: int, used: int, quantum: int) -> int:
    """Return what a call should ask for to be a quantum ahead of what it used.

    Never more: a call that dies is charged what it holds. One that talked on while nobody could
    be asked wants that too, and an answer that got lost is not asked for twice.
    """
    return max(0, used + quantum - held)


def charge(*, held: int, taken: int, used: int) -> int:
    """Return how much of the taken seconds a call has used: the free ones go first."""
    free = held - taken
    return min(max(0, used - free), taken)
