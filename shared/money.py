"""Money, as Stripe counts it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in the currency's minor unit, as Stripe counts it."""

    minor: int
    currency: str = "usd"

    def __str__(self) -> str:
        return f"{Decimal(self.minor).scaleb(-2):,.2f} {self.currency.upper()}"
