"""Invoices: https://docs.stripe.com/api/invoices/object.

Drafts are finalised an hour after a period's end, first ones at once:
https://docs.stripe.com/invoicing/integration/workflow-transitions.
"""

from __future__ import annotations

from sandbox.stripe.clock import HOUR
from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, created_within, page
from sandbox.stripe.objects import invoice_payment, payment_intent
from sandbox.stripe.routes import Route, retrieve
from sandbox.stripe.store import Books, Json, listed, new_id


def line(  # noqa: PLR0917 - a line is nothing but these
    subscription: str,
    item: Json,
    price: Json,
    amount: int,
    period: tuple[int, int],
    description: str,
    *,
    is_proration: bool = False,
) -> Json:
    """Return one line of a bill, in minor units: https://docs.stripe.com/api/invoice-line-item."""
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": description,
        "discount_amounts": [],
        "discountable": not is_proration,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": is_proration,
                "proration_details": {"credited_items": None} if is_proration else None,
                "subscription": subscription,
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "subscription": subscription,
        "subtotal": amount,
        "taxes": [],
    }


def draft(
    books: Books, subscription: Json, lines: list[Json], reason: str, period: tuple[int, int]
) -> Json:
    """Make a bill for a subscription and say so; nothing is owed before it is finalised."""
    customer = books.get("customer", subscription["customer"])
    total = sum(row["amount"] for row in lines)
    identifier = new_id("in")
    for row in lines:
        row["invoice"] = identifier
    invoice = books.add(
        {
            "id": identifier,
            "object": "invoice",
            "account_country": "US",
            "account_name": "GoToBuddy sandbox",
            "account_tax_ids": None,
            "amount_due": max(total + customer["balance"], 0),
            "amount_overpaid": 0,
            "amount_paid": 0,
            "amount_remaining": max(total + customer["balance"], 0),
            "amount_shipping": 0,
            "application": None,
            "attempt_count": 0,
            "attempted": False,
            "auto_advance": True,
            "automatic_tax": {
                "disabled_reason": None,
                "enabled": False,
                "liability": None,
                "provider": None,
                "status": None,
            },
            "automatically_finalizes_at": books.now + HOUR,
            "billing_reason": reason,
            "collection_method": "charge_automatically",
            "created": books.now,
            "currency": subscription["currency"],
            "custom_fields": None,
            "customer": customer["id"],
            "customer_account": None,
            "customer_address": None,
            "customer_email": customer["email"],
            "customer_name": customer["name"],
            "customer_phone": customer["phone"],
            "customer_shipping": None,
            "customer_tax_exempt": "none",
            "customer_tax_ids": [],
            "default_payment_method": None,
            "default_source": None,
            "default_tax_rates": [],
            "description": None,
            "discounts": [],
            "due_date": None,
            "effective_at": None,
            "ending_balance": None,
            "footer": None,
            "from_invoice": None,
            "hosted_invoice_url": None,
            "invoice_pdf": None,
            "issuer": {"type": "self"},
            "last_finalization_error": None,
            "latest_revision": None,
            "lines": listed(lines, f"/v1/invoices/{identifier}/lines"),
            "livemode": False,
            "metadata": {},
            "next_payment_attempt": books.now + HOUR,
            "number": None,
            "on_behalf_of": None,
            "parent": {
                "quote_details": None,
                "subscription_details": {
                    "metadata": dict(subscription["metadata"]),
                    "subscription": subscription["id"],
                },
                "type": "subscription_details",
            },
            "payment_settings": {
                "default_mandate": None,
                "payment_method_options": None,
                "payment_method_types": None,
            },
            "period_end": period[1],
            "period_start": period[0],
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "receipt_number": None,
            "rendering": None,
            "shipping_cost": None,
            "shipping_details": None,
            "starting_balance": customer["balance"],
            "statement_descriptor": None,
            "status": "draft",
            "status_transitions": {
                "finalized_at": None,
                "marked_uncollectible_at": None,
                "paid_at": None,
                "voided_at": None,
            },
            "subtotal": total,
            "subtotal_excluding_tax": total,
            "test_clock": None,
            "total": total,
            "total_discount_amounts": [],
            "total_excluding_tax": total,
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
            "webhooks_delivered_at": None,
        }
    )
    subscription["latest_invoice"] = identifier
    books.emit("invoice.created", invoice)
    return invoice


def finalize(books: Books, invoice: Json) -> None:
    """Fix what is owed, after what the customer has in credit, and say so."""
    customer = books.get("customer", invoice["customer"])
    before, total = customer["balance"], invoice["total"]
    due = max(total + before, 0)
    customer["balance"] = min(total + before, 0)  # negative: what the account owes the customer
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    customer["next_invoice_sequence"] += 1
    invoice.update(
        starting_balance=before,
        ending_balance=customer["balance"],
        amount_due=due,
        amount_remaining=due,
        number=number,
        status="open",
        effective_at=books.now,
        automatically_finalizes_at=None,
        hosted_invoice_url=f"{books.public_url}/i/{invoice['id']}",
        invoice_pdf=f"{books.public_url}/i/{invoice['id']}/pdf",
    )
    invoice["status_transitions"]["finalized_at"] = books.now
    if due > 0:
        invoice_payment.ask(books, invoice)
    books.emit("invoice.finalized", invoice)


def mark_paid(books: Books, invoice: Json) -> None:
    """Take note that nothing is owed any more, and say so."""
    invoice.update(
        status="paid",
        attempted=True,
        auto_advance=False,
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        next_payment_attempt=None,
    )
    invoice["status_transitions"]["paid_at"] = books.now
    if (payment := invoice_payment.payment_of(books, invoice)) is not None:
        payment["status"] = "paid"
        payment["amount_paid"] = invoice["amount_due"]
        payment["status_transitions"]["paid_at"] = books.now
        books.emit("invoice_payment.paid", payment)
    books.emit("invoice.paid", invoice)
    books.emit("invoice.payment_succeeded", invoice)


def void(books: Books, invoice: Json) -> None:
    """Take a bill back."""
    if (intent := invoice_payment.intent_of(books, invoice)) is not None:
        payment_intent.cancel(books, intent, "void_invoice")
    if (payment := invoice_payment.payment_of(books, invoice)) is not None:
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = books.now
    invoice.update(status="void", auto_advance=False, next_payment_attempt=None)
    invoice["status_transitions"]["voided_at"] = books.now
    books.emit("invoice.voided", invoice)


def subscription_of(invoice: Json) -> str:
    """Return the subscription that is billed."""
    return str(invoice["parent"]["subscription_details"]["subscription"])


def list_invoices(books: Books, form: Form) -> Json:
    rows = created_within(books.all("invoice"), form)
    for name in ("customer", "status"):
        if (wanted := form.text(name)) is not None:
            rows = [row for row in rows if row[name] == wanted]
    if (wanted := form.text("subscription")) is not None:
        rows = [row for row in rows if subscription_of(row) == wanted]
    return page(rows, form, "/v1/invoices")


ROUTES = (
    Route(
        "GET",
        "/v1/invoices",
        "invoices.list",
        list_invoices,
        (*PAGE, "customer", "subscription", "status", "created"),
    ),
    Route("GET", "/v1/invoices/<identifier>", "invoices.retrieve", retrieve("invoice")),
)
