"""Charges: https://docs.stripe.com/api/charges/object."""

from __future__ import annotations

import copy

from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, created_within, page
from sandbox.stripe.objects.payment_method import Card
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json, listed, new_id

DECLINED = "Your card was declined."
MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "authentication_required": (
        "Your card was declined. This transaction requires authentication."
    ),
}


def make(books: Books, intent: Json, method: Json, card: Card, failure: str | None) -> Json:
    """Charge a card for an intent; `failure` is why the bank says no."""
    is_paid = failure is None
    charge = books.add(
        {
            "id": new_id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if is_paid else 0,
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": new_id("txn") if is_paid else None,
            "billing_details": copy.deepcopy(method["billing_details"]),
            "calculated_statement_descriptor": "GOTOBUDDY",
            "captured": is_paid,
            "created": books.now,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": None if is_paid else "card_declined",
            "failure_message": None if is_paid else MESSAGES.get(failure or "", DECLINED),
            "fraud_details": {},
            "livemode": False,
            "metadata": {},
            "on_behalf_of": None,
            "outcome": {
                "network_status": "approved_by_network" if is_paid else "declined_by_network",
                "reason": failure,
                "risk_level": "normal",
                "seller_message": "Payment complete." if is_paid else MESSAGES.get("", DECLINED),
                "type": "authorized" if is_paid else "issuer_declined",
            },
            "paid": is_paid,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {
                "card": {"brand": "visa", "country": "US", "last4": card.last4},
                "type": "card",
            },
            "receipt_email": None,
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": None,
            "source": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "succeeded" if is_paid else "failed",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    books.emit("charge.succeeded" if is_paid else "charge.failed", charge)
    return charge


def refunds_of(books: Books, charge: Json) -> Json:
    """Return what `expand[]=refunds` shows."""
    rows = [row for row in books.all("refund") if row["charge"] == charge["id"]]
    return listed(rows, f"/v1/charges/{charge['id']}/refunds")


def list_charges(books: Books, form: Form) -> Json:
    rows = created_within(books.all("charge"), form)
    for name in ("customer", "payment_intent"):
        if (wanted := form.text(name)) is not None:
            rows = [row for row in rows if row[name] == wanted]
    return page(rows, form, "/v1/charges")


ROUTES = (
    Route(
        "GET",
        "/v1/charges",
        "charges.list",
        list_charges,
        (*PAGE, "customer", "payment_intent", "created"),
    ),
    Route("GET", "/v1/charges/<identifier>", "charges.retrieve", retrieve("charge")),
)
