"""Prices: https://docs.stripe.com/api/prices/object. What is sold here was seeded."""

from __future__ import annotations

from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, page
from sandbox.stripe.objects import product
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json, new_id

# lookup_key: (identifier, minor units, currency, interval)
SEEDED = {
    "unlimited_monthly": ("price_sandboxMonthly", 1499, "usd", "month"),
    "unlimited_yearly": ("price_sandboxYearly", 14900, "usd", "year"),
}


def seed(books: Books) -> None:
    """Put on sale what the product's default settings expect."""
    product.make(books, product.UNLIMITED, "Unlimited", "Talk as long as you like")
    for lookup_key, (identifier, amount, currency, interval) in SEEDED.items():
        make(books, lookup_key, amount, currency, interval, identifier=identifier)


def make(
    books: Books,
    lookup_key: str | None,
    amount: int,
    currency: str,
    interval: str,
    *,
    interval_count: int = 1,
    identifier: str | None = None,
    product_id: str = product.UNLIMITED,
) -> Json:
    """Add a recurring price in minor units; it takes its lookup key from another's hands."""
    for row in books.all("price"):
        if lookup_key is not None and row["lookup_key"] == lookup_key:
            row["lookup_key"] = None
    return books.add(
        {
            "id": identifier or new_id("price"),
            "object": "price",
            "active": True,
            "billing_scheme": "per_unit",
            "created": books.now,
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": lookup_key,
            "metadata": {},
            "nickname": None,
            "product": product_id,
            "recurring": {
                "interval": interval,
                "interval_count": interval_count,
                "meter": None,
                "trial_period_days": None,
                "usage_type": "licensed",
            },
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "recurring",
            "unit_amount": amount,
            "unit_amount_decimal": str(amount),
        }
    )


def list_prices(books: Books, form: Form) -> Json:
    rows = books.all("price")
    if keys := form.texts("lookup_keys"):
        rows = [row for row in rows if row["lookup_key"] in keys]
    for name in ("product", "currency", "type"):
        if (wanted := form.text(name)) is not None:
            rows = [row for row in rows if row[name] == wanted]
    if (active := form.flag("active")) is not None:
        rows = [row for row in rows if row["active"] is active]
    return page(rows, form, "/v1/prices")


ROUTES = (
    Route(
        "GET",
        "/v1/prices",
        "prices.list",
        list_prices,
        (*PAGE, "lookup_keys", "product", "currency", "type", "active"),
    ),
    Route("GET", "/v1/prices/<identifier>", "prices.retrieve", retrieve("price")),
)
