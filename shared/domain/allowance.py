"""How many seconds a running call takes, and what it owes when it ends."""

from __future__ import annotations


def seconds_wanted(*, held: int, used: int, quantum: int) -> int:
    """Return what a call that holds and has used so much should ask for.

    A call that talked on while nobody could be asked wants that too. One that is a quantum
    ahead wants nothing, so that an answer lost on its way is not asked for twice.
    """
    if held - used >= quantum:
        return 0
    return max(0, used - held) + quantum


def charge(*, held: int, taken: int, used: int) -> int:
    """Return how much of the taken seconds a call has used: the free ones go first."""
    free = held - taken
    return min(max(0, used - free), taken)
