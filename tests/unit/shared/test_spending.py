"""When a call may start, what things cost, and limits that an operator got wrong."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shared.domain.spending import (
    Component,
    Load,
    Refusal,
    SpendLimits,
    Unit,
    VendorPrice,
    limits,
    month_began,
    refusal,
)
from shared.seed.prices import paid_plan
from shared.seed.vendor_prices import read_vendor_prices, speech_price, vendor_prices

LIMITS = SpendLimits()
QUIET = Load(calls_of_number=0, calls_in_all=0, spent_micros=0)
WORST = Load(
    calls_of_number=LIMITS.calls_a_number,
    calls_in_all=LIMITS.calls_in_all,
    spent_micros=LIMITS.daily_budget_micros,
)


def test_a_call_may_start_where_nothing_speaks_against_it() -> None:
    nearly = Load(0, LIMITS.calls_in_all - 1, LIMITS.daily_budget_micros - 1)

    assert refusal(LIMITS, QUIET, fair_use_left=None) is None
    assert refusal(LIMITS, nearly, fair_use_left=1) is None


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (replace(QUIET, spent_micros=WORST.spent_micros), Refusal.BUDGET_OVER),
        (replace(QUIET, calls_in_all=WORST.calls_in_all), Refusal.ALL_LINES_BUSY),
        (replace(QUIET, calls_of_number=WORST.calls_of_number), Refusal.LINE_IN_USE),
    ],
)
def test_each_limit_says_no_when_it_is_reached(load: Load, expected: Refusal) -> None:
    assert refusal(LIMITS, load, fair_use_left=9) is expected


def test_fair_use_and_the_kill_switch_say_no() -> None:
    assert refusal(LIMITS, QUIET, fair_use_left=0) is Refusal.FAIR_USE_OVER
    assert refusal(replace(LIMITS, is_paused=1), WORST, fair_use_left=0) is Refusal.SERVICE_PAUSED


def test_an_operators_constants_go_before_the_defaults() -> None:
    constants = {"spending_calls_in_all": 7.0, "spending_is_paused": 1.0}

    found = limits(constants.get)

    assert found == replace(LIMITS, calls_in_all=7, is_paused=1)


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), -1.0])
def test_nonsense_in_a_constant_leaves_the_default(nonsense: float) -> None:
    assert limits(lambda _name, _default: nonsense) == LIMITS


def test_the_plans_sentence_on_fair_use_says_what_the_limits_are() -> None:
    said = paid_plan().fair_use

    assert f"{LIMITS.fair_use_seconds // 3600} hours a month" in said
    assert (LIMITS.longest_call_seconds, "an hour each at most" in said) == (3600, True)
    assert (LIMITS.calls_a_number, "one at a time" in said) == (1, True)


def test_every_limit_is_a_whole_number() -> None:
    assert {type(getattr(LIMITS, field.name)) for field in fields(LIMITS)} == {int}


@pytest.mark.parametrize(
    ("price", "amount", "micros"),
    [
        (VendorPrice(12_900, Unit.MINUTE), 2, 25_800),
        (VendorPrice(12_900, Unit.MINUTE), 0.5, 6_450),
        (VendorPrice(187_500, Unit.MILLION_CHARACTERS), 4_000, 750),
        (VendorPrice(187_500, Unit.MILLION_CHARACTERS), 1, 1),  # never for nothing
        (VendorPrice(5_000, Unit.PIECE), 3, 15_000),
        (VendorPrice(5_000, Unit.PIECE), 0, 0),
    ],
)
def test_a_price_is_rounded_up(price: VendorPrice, amount: float, micros: int) -> None:
    assert price.of(amount) == micros


def test_everything_we_pay_for_has_a_price() -> None:
    assert set(vendor_prices()) == set(Component)


@pytest.mark.parametrize(
    ("model", "micros"),
    [
        ("gpt-4o-mini-tts", 16_700_000),
        ("gpt-realtime-2.1-mini", 26_700_000),
        ("aura-2", 30_000_000),
    ],
)
def test_every_voice_has_its_own_price(model: str, micros: int) -> None:
    assert speech_price(model) == VendorPrice(micros, Unit.MILLION_CHARACTERS)


def test_voice_that_nobody_knows_costs_as_much_as_the_dearest() -> None:
    known = ("gpt-4o-mini-tts", "tts-1", "tts-1-hd", "gpt-realtime-2.1", "aura-2")

    assert speech_price("gpt-9-voice").micros == max(speech_price(one).micros for one in known)


@pytest.mark.parametrize("change", [{"micros": 0}, {"micros": 1.5}, {"source": 1}, {"per": "day"}])
def test_a_price_that_is_none_is_refused(change: dict[str, Any]) -> None:
    good = {"micros": 1, "per": "piece", "source": "https://vendor.example"}
    tables: dict[str, Any] = {component.value: good for component in Component}

    with pytest.raises(ValueError, match=r"sms|day"):
        read_vendor_prices(tables | {"sms": good | change})


def test_the_month_of_fair_use_is_the_calendars_in_utc() -> None:
    newcomer = datetime(2026, 12, 1, 1, 0, tzinfo=timezone(timedelta(hours=3)))

    assert month_began(newcomer) == datetime(2026, 11, 1, tzinfo=UTC)
