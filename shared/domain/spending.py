"""What may be spent: the operator's limits, prices, and when a call may not start or go on.

Each limit is a constant in the database under `spending_<name>`; these are what it is where the
operator has set none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum

PREFIX = "spending_"
MICROS_A_DOLLAR = 1_000_000


@dataclass(frozen=True, slots=True)
class SpendLimits:
    """The operator's limits."""

    fair_use_seconds: int = 144_000  # a month, of an unlimited plan: 40 hours
    longest_call_seconds: int = 3600  # from the stream's start
    calls_a_number: int = 1  # at once
    calls_in_all: int = 100  # at once
    searches_a_call: int = 6
    daily_budget_micros: int = 200 * MICROS_A_DOLLAR  # of all calls and messages, in UTC days
    soft_budget_percent: int = 80  # of it: where the operator is told
    is_paused: int = 0  # 1 is the kill switch: no call starts, and running ones end


@dataclass(frozen=True, slots=True)
class Load:
    """What runs and was spent at the moment a call wants to start."""

    calls_of_number: int
    calls_in_all: int
    spent_micros: int  # today


class Refusal(StrEnum):
    """Why a call may not start, though its caller has talk time."""

    SERVICE_PAUSED = "service_paused"
    BUDGET_OVER = "budget_over"
    ALL_LINES_BUSY = "all_lines_busy"
    LINE_IN_USE = "line_in_use"
    FAIR_USE_OVER = "fair_use_over"


class Component(StrEnum):
    """What we pay for."""

    LINE = "line"
    RECOGNITION = "recognition"
    MODEL_INPUT = "model_input"
    MODEL_OUTPUT = "model_output"
    SPEECH = "speech"
    SEARCH = "search"
    SMS = "sms"
    VERIFICATION = "verification"
    LOOKUP = "lookup"


class Unit(StrEnum):
    """What a price is for."""

    MINUTE = "minute"
    MILLION_CHARACTERS = "million characters"
    PIECE = "piece"


@dataclass(frozen=True, slots=True)
class VendorPrice:
    """What a unit costs, in millionths of a US dollar."""

    micros: int
    unit: Unit

    def of(self, amount: float) -> int:
        """Return what so many minutes, characters or pieces cost; rounded up, never down."""
        units = amount / 1_000_000 if self.unit is Unit.MILLION_CHARACTERS else amount
        return math.ceil(round(units * self.micros, 6))


def limits(constant: Callable[[str, float], float]) -> SpendLimits:
    """Return the limits as the installation has them; `constant` reads one, or its default.

    What is no sensible number, as a constant edited by hand may be, leaves the default.
    """
    defaults = SpendLimits()
    found = {}
    for field in fields(SpendLimits):
        default = getattr(defaults, field.name)
        value = constant(f"{PREFIX}{field.name}", default)
        found[field.name] = int(value) if math.isfinite(value) and value >= 0 else default
    return SpendLimits(**found)


def refusal(limits: SpendLimits, load: Load, *, fair_use_left: int | None) -> Refusal | None:
    """Say why a call may not start; `fair_use_left` is None where no plan is unlimited."""
    if limits.is_paused:
        return Refusal.SERVICE_PAUSED
    if load.spent_micros >= limits.daily_budget_micros:
        return Refusal.BUDGET_OVER
    if load.calls_of_number >= limits.calls_a_number:
        return Refusal.LINE_IN_USE
    if load.calls_in_all >= limits.calls_in_all:
        return Refusal.ALL_LINES_BUSY
    if fair_use_left is not None and fair_use_left <= 0:
        return Refusal.FAIR_USE_OVER
    return None


def month_began(now: datetime) -> datetime:
    """Return when the month of fair use began."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
