"""What a caller gets to talk, and on which ground."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PlanName(StrEnum):
    """What a call is talked on."""

    WITHHELD = "withheld"
    PRETRIAL = "pretrial"
    TRIAL = "trial"
    UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True)
class Allowance:
    """Seconds granted once for each of its holders, ever."""

    name: str
    seconds: int

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            message = f"the allowance {self.name} has to be some seconds, not {self.seconds}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Allowances:
    """What is given without payment."""

    withheld: Allowance  # for each call of a withheld number
    pretrial: Allowance  # without registration
    trial: Allowance  # more, once registered with a verified number
