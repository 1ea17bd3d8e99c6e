"""Products: https://docs.stripe.com/api/products/object."""

from __future__ import annotations

from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, page
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json

UNLIMITED = "prod_sandboxUnlimited"


def make(books: Books, identifier: str, name: str, description: str | None = None) -> Json:
    """Add a product."""
    return books.add(
        {
            "id": identifier,
            "object": "product",
            "active": True,
            "created": books.now,
            "default_price": None,
            "description": description,
            "images": [],
            "livemode": False,
            "marketing_features": [],
            "metadata": {},
            "name": name,
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "type": "service",
            "unit_label": None,
            "updated": books.now,
            "url": None,
        }
    )


def list_products(books: Books, form: Form) -> Json:
    rows = books.all("product")
    if (active := form.flag("active")) is not None:
        rows = [row for row in rows if row["active"] is active]
    return page(rows, form, "/v1/products")


ROUTES = (
    Route("GET", "/v1/products", "products.list", list_products, (*PAGE, "active")),
    Route("GET", "/v1/products/<identifier>", "products.retrieve", retrieve("product")),
)
