"""How long what is kept: the installation's rules, and what an account may choose instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final, Self

# What an account may choose for its calls; without a choice the installation's rule holds.
CHOICES_DAYS: Final = (7, 30, 90, 365)
PREFIX: Final = "retention_"  # of the constants that change a rule: retention_calls_days, ...


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """Days after which rows are deleted; each can be changed by a constant of its name."""

    calls_days: int = 365  # with every word; since the call began
    recordings_days: int = 30  # of calls that the installation records; since then
    withheld_days: int = 1  # the account that a hidden number gets for one call
    temporary_days: int = 90  # a number that nobody claimed, since its last call
    sessions_days: int = 30  # since they ended or ran out
    verifications_days: int = 30
    guards_days: int = 2  # the longest window is a day
    messages_days: int = 90  # that an SMS was sent; its words are never kept
    notices_days: int = 365
    checkouts_days: int = 90
    webhooks_days: int = 90  # vendors repeat for three days
    jobs_days: int = 30
    audit_days: int = 730

    @classmethod
    def configured(cls, constant: Callable[[str, float], float]) -> Self:
        """Return the rules of an installation; `constant(name, default)` looks one up.

        A rule is never shorter than a day, whatever was entered.
        """
        return cls(
            **{
                field.name: max(1, int(constant(PREFIX + field.name, float(field.default))))
                for field in fields(cls)
                if isinstance(field.default, int)
            }
        )
