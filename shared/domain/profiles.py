"""What an account's owner may set about the way buddies talk with them."""

from __future__ import annotations

from shared.errors import DomainError

SLOWEST_PACE, FASTEST_PACE = 0.8, 1.2  # of a buddy's own pace
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.3, 2.0  # shorter cuts people off


class PaceRefused(DomainError):
    """No buddy can speak as slowly or as fast as that and still be understood."""

    code = "pace_refused"


class PauseRefused(DomainError):
    """A pause as short or as long as that ends no turn well."""

    code = "pause_refused"


def checked_pace(pace: float) -> float:
    """Return the pace; raise `PaceRefused` where it is out of bounds or no number at all."""
    if not SLOWEST_PACE <= pace <= FASTEST_PACE:  # also says no to what is not a number
        raise PaceRefused
    return round(pace, 2)


def checked_pause(seconds: float) -> float:
    """Return the pause time; raise `PauseRefused` where it is out of bounds."""
    if not SHORTEST_PAUSE_SECONDS <= seconds <= LONGEST_PAUSE_SECONDS:
        raise PauseRefused
    return round(seconds, 2)
