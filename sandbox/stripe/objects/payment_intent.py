"""PaymentIntents: https://docs.stripe.com/api/payment_intents/object.

An invoice has one; each try to pay makes a charge. 3-D Secure is asked for before money moves:
https://docs.stripe.com/payments/3d-secure.
"""

from __future__ import annotations

from enum import StrEnum

from sandbox.stripe.objects import charge
from sandbox.stripe.objects.payment_method import card_of
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json, new_id


class Outcome(StrEnum):
    """How a try to pay ended."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    NEEDS_ACTION = "needs_action"


def make(books: Books, amount: int, currency: str, customer: str, description: str) -> Json:
    """Add an intent and say so."""
    identifier = new_id("pi")
    intent = books.add(
        {
            "id": identifier,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic",
            "client_secret": f"{identifier}_secret_{new_id('x')[2:]}",
            "confirmation_method": "automatic",
            "created": books.now,
            "currency": currency,
            "customer": customer,
            "customer_account": None,
            "description": description,
            "excluded_payment_method_types": None,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "processing": None,
            "receipt_email": None,
            "review": None,
            "setup_future_usage": "off_session",
            "shipping": None,
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    books.emit("payment_intent.created", intent)
    return intent


def attempt(
    books: Books, intent: Json, method: Json, *, is_present: bool, is_authenticated: bool
) -> Outcome:
    """Try to pay. `is_present`: the customer can answer a challenge; or has already."""
    card = card_of(books, method["id"])
    intent["payment_method"] = method["id"]
    asks = card.asks_always or (card.asks_first and is_present)
    if asks and not is_authenticated:
        intent["status"] = "requires_action"
        intent["next_action"] = {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {"type": "three_d_secure_redirect"},
        }
        books.emit("payment_intent.requires_action", intent)
        return Outcome.NEEDS_ACTION
    intent["next_action"] = None
    return _charge(books, intent, method, card.decline_code)


def challenge_failed(books: Books, intent: Json) -> None:
    """Take note that the customer did not pass the challenge: nothing is charged."""
    _refuse(
        books,
        intent,
        code="payment_intent_authentication_failure",
        message="The provided PaymentMethod has failed authentication. You can provide "
        "payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent "
        "again.",
    )


def cancel(books: Books, intent: Json, reason: str) -> None:
    """Give the intent up."""
    intent.update(
        status="canceled",
        canceled_at=books.now,
        cancellation_reason=reason,
        next_action=None,
    )
    books.emit("payment_intent.canceled", intent)


def _charge(books: Books, intent: Json, method: Json, failure: str | None) -> Outcome:
    made = charge.make(books, intent, method, card_of(books, method["id"]), failure)
    intent["latest_charge"] = made["id"]
    if failure is not None:
        _refuse(
            books,
            intent,
            code="card_declined",
            message=made["failure_message"],
            charge=made["id"],
            decline_code=failure,
        )
        return Outcome.DECLINED
    intent.update(status="succeeded", amount_received=intent["amount"], last_payment_error=None)
    books.emit("payment_intent.succeeded", intent)
    return Outcome.SUCCEEDED


def _refuse(books: Books, intent: Json, **error: str) -> None:
    intent.update(
        status="requires_payment_method",
        next_action=None,
        last_payment_error={"type": "card_error", **error},
    )
    books.emit("payment_intent.payment_failed", intent)


ROUTES = (
    Route(
        "GET",
        "/v1/payment_intents/<identifier>",
        "payment_intents.retrieve",
        retrieve("payment_intent"),
    ),
)
