"""Refunds: https://docs.stripe.com/api/refunds/object. They succeed at once, as a card's do."""

from __future__ import annotations

from sandbox.stripe.amounts import money
from sandbox.stripe.errors import StripeRefusal, missing
from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, created_within, page
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json, new_id

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(books: Books, form: Form) -> Json:
    """Give money back, all that is left of it unless an amount is named."""
    charge = _charge(books, form)
    amount = form.whole("amount")
    reason = form.choice("reason", *REASONS)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise StripeRefusal(message, code="charge_already_refunded")
    amount = left if amount is None else amount
    if amount <= 0:
        message = "Invalid positive integer"
        raise StripeRefusal(message, code="parameter_invalid_integer", param="amount")
    if amount > left:
        asked, possible = (money(minor, charge["currency"]) for minor in (amount, left))
        message = (
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({possible})"
        )
        raise StripeRefusal(message, param="amount")
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    refund = books.add(
        {
            "id": new_id("re"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": new_id("txn"),
            "charge": charge["id"],
            "created": books.now,
            "currency": charge["currency"],
            "customer": charge["customer"],
            "customer_account": None,
            "destination_details": {
                "card": {"reference_status": "pending", "type": "refund"},
                "type": "card",
            },
            "metadata": form.metadata(),
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
        }
    )
    books.emit("charge.refunded", charge)
    books.emit("refund.created", refund)
    return refund


def list_refunds(books: Books, form: Form) -> Json:
    rows = created_within(books.all("refund"), form)
    for name in ("charge", "payment_intent"):
        if (wanted := form.text(name)) is not None:
            rows = [row for row in rows if row[name] == wanted]
    return page(rows, form, "/v1/refunds")


def _charge(books: Books, form: Form) -> Json:
    if (identifier := form.text("charge")) is not None:
        return books.get("charge", identifier, param="charge")
    if (identifier := form.text("payment_intent")) is None:
        message = "payment_intent"
        raise missing(message)
    intent = books.get("payment_intent", identifier, param="payment_intent")
    if intent["status"] != "succeeded":
        message = f"This PaymentIntent ({identifier}) does not have a successful charge to refund."
        raise StripeRefusal(message, code="payment_intent_unexpected_state")
    return books.get("charge", intent["latest_charge"])


ROUTES = (
    Route(
        "POST",
        "/v1/refunds",
        "refunds.create",
        create,
        ("charge", "payment_intent", "amount", "reason", "metadata"),
    ),
    Route(
        "GET",
        "/v1/refunds",
        "refunds.list",
        list_refunds,
        (*PAGE, "charge", "payment_intent", "created"),
    ),
    Route("GET", "/v1/refunds/<identifier>", "refunds.retrieve", retrieve("refund")),
)
