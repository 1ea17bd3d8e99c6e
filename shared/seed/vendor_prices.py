"""Reads what vendors charge."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.domain.spending import Component, Unit, VendorPrice

FILE = Path(__file__).with_name("vendor_prices.toml")


@functools.cache
def speech_price(model: str) -> VendorPrice:
    """Return what is paid for a model's speech; for one nobody knows, as much as for the dearest."""
    tables = _tables()
    if model in tables[Component.SPEECH]["models"]:
        return _price(tables[Component.SPEECH]["models"], model)
    return _price(tables, Component.SPEECH)


@functools.cache
def vendor_prices() -> Mapping[Component, VendorPrice]:
    """Return every component's price; raise ValueError where the file says nonsense."""
    return read_vendor_prices(_tables())


def read_vendor_prices(tables: Mapping[str, Any]) -> Mapping[Component, VendorPrice]:
    """Return the prices that the file's tables describe."""
    return {component: _price(tables, component) for component in Component}


@functools.cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def _price(tables: Mapping[str, Any], component: str) -> VendorPrice:
    match tables.get(component):
        case {"micros": int(micros), "per": str(unit), "source": str()} if micros > 0:
            return VendorPrice(micros, Unit(unit))
        case _:
            message = f"the vendors' prices lack one for {component}, with its source"
            raise ValueError(message)
