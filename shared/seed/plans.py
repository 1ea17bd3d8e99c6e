"""Reads the plans' data file."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.domain.plans import Allowance, Allowances, PlanName

FILE = Path(__file__).with_name("plans.toml")


@functools.cache
def allowances() -> Allowances:
    """Return what is given without payment; raise ValueError where the file says nonsense."""
    return read_allowances(tomllib.loads(FILE.read_text(encoding="utf-8")))


def read_allowances(tables: Mapping[str, Any]) -> Allowances:
    """Return the allowances that the file's tables describe."""
    return Allowances(*(_allowance(tables, name) for name in ("withheld", "pretrial", "trial")))


@functools.cache
def speculating() -> frozenset[PlanName]:
    """Return the plans on which replies are prepared before it is sure that they are wanted."""
    return read_speculating(tomllib.loads(FILE.read_text(encoding="utf-8")))


def read_speculating(tables: Mapping[str, Any]) -> frozenset[PlanName]:
    """Return the plans of which the file's tables say so."""
    return frozenset(plan for plan in PlanName if _speculates(tables, plan))


def _speculates(tables: Mapping[str, Any], name: str) -> bool:
    match tables.get(name):
        case {"speculates": bool(speculates)}:
            return speculates
        case _:
            message = f"the plans don't say whether {name} speculates"
            raise ValueError(message)


def _allowance(tables: Mapping[str, Any], name: str) -> Allowance:
    match tables.get(name):
        case {"seconds": int(seconds)} if not isinstance(seconds, bool):
            return Allowance(name, seconds)
        case _:
            message = f"the plans lack whole seconds for {name}"
            raise ValueError(message)
