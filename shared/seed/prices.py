"""Reads what the unlimited plan costs from the plans' data file."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from typing import Any

from shared.domain.prices import Interval, PaidPlan, Price
from shared.money import Money
from shared.seed.plans import FILE


@functools.cache
def paid_plan() -> PaidPlan:
    """Return the plan that is for sale; raise ValueError where the file says nonsense."""
    return read_paid_plan(tomllib.loads(FILE.read_text(encoding="utf-8")))


def read_paid_plan(tables: Mapping[str, Any]) -> PaidPlan:
    """Return the plan that the file's tables describe."""
    match tables.get("unlimited"):
        case {"name": str(name), "fair_use": str(fair_use), "prices": list(rows)} if rows:
            prices = tuple(map(_price, rows))
        case _:
            message = "the plans lack the unlimited one's name, fair use or prices"
            raise ValueError(message)
    if len({price.lookup_key for price in prices}) != len(prices):
        message = "two prices have one lookup key"
        raise ValueError(message)
    return PaidPlan(name, fair_use, prices)


def _price(row: Any) -> Price:
    match row:
        case {
            "lookup_key": str(lookup_key),
            "interval": str(interval),
            "amount_minor": int(minor),
            "currency": str(currency),
        } if minor > 0 and currency.islower():
            return Price(lookup_key, Interval(interval), Money(minor, currency))
        case _:
            message = f"no price: {row}"
            raise ValueError(message)
