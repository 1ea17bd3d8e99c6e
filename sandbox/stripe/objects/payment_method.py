"""Cards, and how each behaves: https://docs.stripe.com/testing#cards."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, page
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json, new_id


@dataclass(frozen=True, slots=True)
class Card:
    """One of Stripe's test cards."""

    name: str
    number: str
    label: str
    decline_code: str | None = None  # why it pays nothing
    fails_at_once: bool = False  # it can't be saved either
    asks_first: bool = False  # wants 3-D Secure while the customer is there
    asks_always: bool = False  # and when they are not

    @property
    def last4(self) -> str:
        return self.number[-4:]


CARDS = {
    card.name: card
    for card in (
        Card("good", "4242424242424242", "A card that works"),
        Card(
            "declined",
            "4000000000000002",
            "A card that is declined",
            "generic_decline",
            fails_at_once=True,
        ),
        Card(
            "no_funds",
            "4000000000009995",
            "A card without money",
            "insufficient_funds",
            fails_at_once=True,
        ),
        Card(
            "fails_later",
            "4000000000000341",
            "A card that can be saved and pays nothing",
            "generic_decline",
        ),
        Card("asks_once", "4000002500003155", "A card with 3-D Secure", asks_first=True),
        Card(
            "asks_always",
            "4000002760003184",
            "A card with 3-D Secure at every payment",
            asks_first=True,
            asks_always=True,
        ),
    )
}


def make(books: Books, card: Card) -> Json:
    """Add a card that was typed in; it is nobody's before it is attached."""
    method = books.add(
        {
            "id": new_id("pm"),
            "object": "payment_method",
            "allow_redisplay": "limited",
            "billing_details": {
                "address": None,
                "email": None,
                "name": None,
                "phone": None,
                "tax_id": None,
            },
            "card": {
                "brand": "visa",
                "checks": {
                    "address_line1_check": None,
                    "address_postal_code_check": None,
                    "cvc_check": "pass",
                },
                "country": "US",
                "display_brand": "visa",
                "exp_month": 12,
                "exp_year": 2034,
                "fingerprint": card.number[::-1],
                "funding": "credit",
                "generated_from": None,
                "last4": card.last4,
                "networks": {"available": ["visa"], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "created": books.now,
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "type": "card",
        }
    )
    books.hide(method["id"])["card"] = card.name
    return method


def attach(books: Books, method: Json, customer: str) -> None:
    """Save a card for a customer and say so."""
    if method["customer"] is None:
        method["customer"] = customer
        books.emit("payment_method.attached", method)


def card_of(books: Books, method: str) -> Card:
    """Return how a saved card behaves."""
    return CARDS[books.hide(method).get("card", "good")]


def of_customer(books: Books, form: Form, identifier: str) -> Json:
    books.get("customer", identifier)
    rows = [row for row in books.all("payment_method") if row["customer"] == identifier]
    return page(rows, form, f"/v1/customers/{identifier}/payment_methods")


ROUTES = (
    Route(
        "GET",
        "/v1/customers/<identifier>/payment_methods",
        "customers.payment_methods.list",
        of_customer,
        (*PAGE, "type"),
    ),
    Route(
        "GET",
        "/v1/payment_methods/<identifier>",
        "payment_methods.retrieve",
        retrieve("payment_method"),
    ),
)
