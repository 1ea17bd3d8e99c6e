"""What the unlimited plan costs, read from its file and compared."""

from __future__ import annotations

import pytest

from shared.domain.prices import Interval, PaidPlan, Price
from shared.domain.spending import SpendLimits
from shared.money import Money
from shared.seed.prices import paid_plan, read_paid_plan

MONTH = {"lookup_key": "m", "interval": "month", "amount_minor": 1499, "currency": "usd"}


def test_the_plan_of_the_file_is_sold_by_month_and_year() -> None:
    plan = paid_plan()

    assert [price.interval for price in plan.prices] == [Interval.MONTH, Interval.YEAR]
    assert plan.price("unlimited_monthly") == plan.prices[0]
    assert plan.price("unlimited_daily") is None
    assert plan.saving() == Money(12 * plan.prices[0].amount.minor - plan.prices[1].amount.minor)


def test_fair_use_is_said_as_it_is_kept_to() -> None:
    limits, said = SpendLimits(), paid_plan().fair_use

    assert f"{limits.fair_use_seconds // 3600} hours a month" in said
    assert (limits.longest_call_seconds, "an hour each" in said) == (3600, True)
    assert (limits.calls_a_number, "one at a time" in said) == (1, True)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": 0},
        {"amount_minor": 14.99},
        {"currency": "USD"},
        {"interval": "week"},
        {"lookup_key": 7},
    ],
)
def test_a_price_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"price|week"):
        read_paid_plan({"unlimited": {"name": "U", "fair_use": "F", "prices": [MONTH | change]}})


@pytest.mark.parametrize("prices", [[], [MONTH, MONTH]])
def test_a_plan_needs_prices_of_different_names(prices: list[object]) -> None:
    with pytest.raises(ValueError, match=r"lack|two prices"):
        read_paid_plan({"unlimited": {"name": "U", "fair_use": "F", "prices": prices}})


def test_a_year_that_costs_twelve_months_saves_nothing() -> None:
    month, year = Price("m", Interval.MONTH, Money(100)), Price("y", Interval.YEAR, Money(1200))

    assert PaidPlan("U", "F", (month, year)).saving() is None
    assert PaidPlan("U", "F", (month,)).saving() is None
