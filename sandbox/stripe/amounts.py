"""Money as people read it; everywhere else it is minor units."""

from __future__ import annotations

SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£"}


def money(amount: int, currency: str) -> str:
    """Return minor units as an amount."""
    symbol = SYMBOLS.get(currency, f"{currency.upper()} ")
    return f"{'−' if amount < 0 else ''}{symbol}{abs(amount) / 100:.2f}"
