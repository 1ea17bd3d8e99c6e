"""Customers: https://docs.stripe.com/api/customers/object."""

from __future__ import annotations

import copy
import secrets

from sandbox.stripe.forms import Form
from sandbox.stripe.lists import PAGE, created_within, page
from sandbox.stripe.objects import subscription
from sandbox.stripe.routes import Route
from sandbox.stripe.store import Books, Json, listed, new_id

FIELDS = ("name", "email", "phone", "description")
CHANGES = (*FIELDS, "metadata", "invoice_settings")


def make(books: Books, **given: str | None) -> Json:
    """Add a customer; says nothing."""
    return books.add(
        {
            "id": new_id("cus", 14),
            "object": "customer",
            "address": None,
            "balance": 0,
            "created": books.now,
            "currency": None,
            "customer_account": None,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "discount": None,
            "email": None,
            "invoice_prefix": secrets.token_hex(4).upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": {},
            "name": None,
            "next_invoice_sequence": 1,
            "phone": None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
            **given,
        }
    )


def create(books: Books, form: Form) -> Json:
    customer = make(books, **{name: form.text(name) for name in FIELDS})
    customer["metadata"] = form.metadata()
    _settle_invoices(books, customer, form)
    books.emit("customer.created", customer)
    return customer


def retrieve(books: Books, _form: Form, identifier: str) -> Json:
    """Return a customer; of a deleted one only that it is."""
    return _gone(books, identifier) or books.get("customer", identifier)


def update(books: Books, form: Form, identifier: str) -> Json:
    customer = books.get("customer", identifier)
    former = copy.deepcopy(customer)
    for name in FIELDS:
        if name in form:
            customer[name] = form.text(name)
    customer["metadata"] = form.metadata(customer["metadata"])
    _settle_invoices(books, customer, form)
    books.emit("customer.updated", customer, former)
    return customer


def delete(books: Books, _form: Form, identifier: str) -> Json:
    """Delete a customer and cancel what they subscribe to, at once and without refund.

    https://docs.stripe.com/api/customers/delete
    """
    if gone := _gone(books, identifier):
        return gone
    customer = books.get("customer", identifier)
    for row in books.all("subscription"):
        if row["customer"] == identifier and row["status"] not in subscription.OVER:
            subscription.end(books, row, reason="cancellation_requested")
    del books.objects[identifier]
    books.hide(identifier)["is_deleted"] = True
    books.emit("customer.deleted", customer)
    return {"id": identifier, "object": "customer", "deleted": True}


def list_customers(books: Books, form: Form) -> Json:
    rows = created_within(books.all("customer"), form)
    if (email := form.text("email")) is not None:
        rows = [row for row in rows if row["email"] == email]
    return page(rows, form, "/v1/customers")


def subscriptions_of(books: Books, customer: Json) -> Json:
    """Return what `expand[]=subscriptions` shows: those that have not ended."""
    rows = [
        copy.deepcopy(row)
        for row in books.all("subscription")
        if row["customer"] == customer["id"] and row["status"] not in subscription.OVER
    ]
    return listed(rows, f"/v1/customers/{customer['id']}/subscriptions")


def is_gone(books: Books, identifier: str) -> bool:
    """Return whether there was such a customer, who was deleted."""
    return bool(books.hidden.get(identifier, {}).get("is_deleted"))


def _gone(books: Books, identifier: str) -> Json | None:
    if is_gone(books, identifier):
        return {"id": identifier, "object": "customer", "deleted": True}
    return None


def _settle_invoices(books: Books, customer: Json, form: Form) -> None:
    settings = form.nested("invoice_settings").only("default_payment_method")
    if "default_payment_method" in settings:
        chosen = settings.text("default_payment_method")
        if chosen is not None:
            books.get("payment_method", chosen, param=settings.called("default_payment_method"))
        customer["invoice_settings"]["default_payment_method"] = chosen


ROUTES = (
    Route("POST", "/v1/customers", "customers.create", create, CHANGES),
    Route("GET", "/v1/customers", "customers.list", list_customers, (*PAGE, "email", "created")),
    Route("GET", "/v1/customers/<identifier>", "customers.retrieve", retrieve),
    Route("POST", "/v1/customers/<identifier>", "customers.update", update, CHANGES),
    Route("DELETE", "/v1/customers/<identifier>", "customers.delete", delete),
)
