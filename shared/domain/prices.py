"""What the unlimited plan costs: the catalogue's own figures, which Stripe's have to match."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.money import Money


class Interval(StrEnum):
    """How often a price is charged, as Stripe calls it."""

    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Price:
    """A price as we show it; `lookup_key` is its name at Stripe."""

    lookup_key: str
    interval: Interval
    amount: Money


@dataclass(frozen=True, slots=True)
class PaidPlan:
    """A plan that is paid for, the cheapest commitment first."""

    name: str
    fair_use: str  # what "unlimited" means, in a sentence that every page shows with it
    prices: tuple[Price, ...]

    def price(self, lookup_key: str) -> Price | None:
        """Return the price of this name, or None: names come from browsers too."""
        return next((one for one in self.prices if one.lookup_key == lookup_key), None)

    def saving(self) -> Money | None:
        """Return what a year paid at once saves against twelve months, if it does."""
        by_interval = {one.interval: one.amount for one in self.prices}
        month, year = by_interval.get(Interval.MONTH), by_interval.get(Interval.YEAR)
        if month is None or year is None or month.currency != year.currency:
            return None
        saved = 12 * month.minor - year.minor
        return Money(saved, year.currency) if saved > 0 else None
