"""What an invoice is paid with: https://docs.stripe.com/api/invoice-payment/object."""

from __future__ import annotations

from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, page
from sandbox.stripe.objects import payment_intent
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json, listed, new_id


def ask(books: Books, invoice: Json) -> None:
    """Make the intent that an invoice is paid with, and the link to it."""
    intent = payment_intent.make(
        books,
        invoice["amount_due"],
        invoice["currency"],
        invoice["customer"],
        f"Subscription {invoice['billing_reason'].removeprefix('subscription_')}",
    )
    payment = books.add(
        {
            "id": new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": books.now,
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )
    books.hide(invoice["id"])["payment"] = payment["id"]


def payment_of(books: Books, invoice: Json) -> Json | None:
    """Return the invoice's payment, if it asks for one."""
    return books.find("invoice_payment", books.hide(invoice["id"]).get("payment"))


def intent_of(books: Books, invoice: Json) -> Json | None:
    """Return what the invoice is paid with, if it asks for a payment."""
    payment = payment_of(books, invoice)
    return (
        None
        if payment is None
        else books.get("payment_intent", payment["payment"]["payment_intent"])
    )


def payments_of(books: Books, invoice: Json) -> Json:
    """Return what `expand[]=payments` shows."""
    payment = payment_of(books, invoice)
    rows = [] if payment is None else [payment]
    return listed(rows, f"/v1/invoice_payments?invoice={invoice['id']}")


def secret_of(books: Books, invoice: Json) -> Json:
    """Return what `expand[]=confirmation_secret` shows."""
    intent = intent_of(books, invoice)
    secret = None if intent is None else intent["client_secret"]
    return {"client_secret": secret, "type": "payment_intent"}


def list_payments(books: Books, form: Form) -> Json:
    rows = books.all("invoice_payment")
    for name in ("invoice", "status"):
        if (wanted := form.text(name)) is not None:
            rows = [row for row in rows if row[name] == wanted]
    return page(rows, form, "/v1/invoice_payments")


ROUTES = (
    Route(
        "GET",
        "/v1/invoice_payments",
        "invoice_payments.list",
        list_payments,
        (*PAGE, "invoice", "status"),
    ),
    Route(
        "GET",
        "/v1/invoice_payments/<identifier>",
        "invoice_payments.retrieve",
        retrieve("invoice_payment"),
    ),
)
