"""Changing a subscription: another price, running out, another card.

https://docs.stripe.com/api/subscriptions/update. A price with another interval starts a new
period now and is billed at once, with what is left of the old one in credit:
https://docs.stripe.com/billing/subscriptions/prorations.
"""

from __future__ import annotations

import copy

from sandbox.stripe import collection
from sandbox.stripe.clock import period_after
from sandbox.stripe.errors import StripeRefusal, not_built
from sandbox.stripe.forms import Form
from sandbox.stripe.objects import charge, invoice, subscription
from sandbox.stripe.objects.payment_method import card_of
from sandbox.stripe.routes import Route
from sandbox.stripe.store import Books, Json

UPDATE = (
    *("cancel_at_period_end", "items", "proration_behavior", "payment_behavior", "metadata"),
    *("default_payment_method", "cancellation_details", "description"),
)


def update(books: Books, form: Form, identifier: str) -> Json:
    """Change what is given and nothing else."""
    owner = books.get("subscription", identifier)
    if owner["status"] in subscription.OVER and set(form) - {"metadata", "cancellation_details"}:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        raise StripeRefusal(message)
    behaviour = form.choice("proration_behavior", "always_invoice", "create_prorations", "none")
    at_payment = form.choice("payment_behavior", "allow_incomplete", "error_if_incomplete")
    chosen = _chosen(books, form, owner)
    method = form.text("default_payment_method")
    if method is not None:
        books.get("payment_method", method, param="default_payment_method")
    at_period_end = form.flag("cancel_at_period_end")

    former = copy.deepcopy(owner)
    if "metadata" in form:
        owner["metadata"] = form.metadata(owner["metadata"])
    if "description" in form:
        owner["description"] = form.text("description")
    if method is not None:
        owner["default_payment_method"] = method
    if at_period_end is not None and at_period_end is not owner["cancel_at_period_end"]:
        subscription.set_cancellation(books, owner, at_period_end=at_period_end)
    subscription.comment_on(owner, form)
    if chosen is not None:
        switch(
            books,
            owner,
            *chosen,
            behaviour=behaviour or "create_prorations",
            must_be_paid=at_payment == "error_if_incomplete",
            former=former,
        )
    else:
        books.emit("customer.subscription.updated", owner, former)
    return owner


def switch(
    books: Books,
    owner: Json,
    price: Json,
    quantity: int,
    *,
    behaviour: str = "always_invoice",
    must_be_paid: bool = False,
    former: Json | None = None,
) -> None:
    """Let a subscription have another price from now on, and bill the difference.

    `must_be_paid`: refuse, and change nothing, where the card won't pay.
    """
    former = former or copy.deepcopy(owner)
    lines, period = preview(books, owner, price, quantity, behaviour=behaviour)
    is_billed = bool(lines) and (period is not None or behaviour == "always_invoice")
    if is_billed and must_be_paid:
        _check_card(books, owner, lines)
    item = subscription.item_of(owner)
    subscription.put_price(owner, price, quantity)
    if period is not None:
        owner["billing_cycle_anchor"] = books.now
        item.update(current_period_start=period[0], current_period_end=period[1])
        if owner["cancel_at_period_end"]:
            owner["cancel_at"] = period[1]
    if not is_billed:
        books.hide(owner["id"]).setdefault("pending", []).extend(lines)
        books.emit("customer.subscription.updated", owner, former)
        return
    bill = invoice.draft(books, owner, lines, "subscription_update", (books.now, books.now))
    books.emit("customer.subscription.updated", owner, former)
    invoice.finalize(books, bill)
    collection.settle(books, bill, is_scheduled=True)


def preview(
    books: Books, owner: Json, price: Json, quantity: int, *, behaviour: str = "always_invoice"
) -> tuple[list[Json], tuple[int, int] | None]:
    """Return what a switch would bill, and the period that it would begin, if any."""
    item, now = subscription.item_of(owner), books.now
    start, end = item["current_period_start"], item["current_period_end"]
    if owner["status"] == "trialing":
        return [], None
    old, left = item["price"], max(end - now, 0) / (end - start)
    is_prorated = behaviour != "none"
    recurring, former = price["recurring"], old["recurring"]
    same = all(recurring[name] == former[name] for name in ("interval", "interval_count"))
    lines = []
    if is_prorated and owner["status"] not in ("past_due", "unpaid"):
        amount = -round(old["unit_amount"] * item["quantity"] * left)
        words = "Unused time on Unlimited"
        lines.append(_line(owner, item, old, amount, (now, end), words))
    fresh = {**item, "quantity": quantity}
    full = price["unit_amount"] * quantity
    if same:
        if is_prorated:
            words = "Remaining time on Unlimited"
            lines.append(_line(owner, fresh, price, round(full * left), (now, end), words))
        return lines, None
    period = (now, period_after(now, recurring["interval"], recurring["interval_count"], now))
    words = subscription.line_words(price, quantity)
    lines.append(invoice.line(owner["id"], fresh, price, full, period, words))
    return lines, period


def _line(  # noqa: PLR0917 - as an invoice's line
    owner: Json, item: Json, price: Json, amount: int, period: tuple[int, int], words: str
) -> Json:
    return invoice.line(owner["id"], item, price, amount, period, words, is_proration=True)


def _chosen(books: Books, form: Form, owner: Json) -> tuple[Json, int] | None:
    rows = form.rows("items")
    if not rows:
        return None
    row = rows[0].only("id", "price", "quantity")
    item = subscription.item_of(owner)
    if len(rows) > 1 or "id" not in row:
        message = "subscriptions with several items: name the item that is changed"
        raise not_built(message)
    if row.need("id") != item["id"]:
        message = f"No such subscription item: '{row.need('id')}'"
        raise StripeRefusal(message, code="resource_missing", param=row.called("id"))
    identifier = row.text("price") or item["price"]["id"]
    price = books.get("price", identifier, param=row.called("price"))
    quantity = row.whole("quantity") or item["quantity"]
    if (identifier, quantity) == (item["price"]["id"], item["quantity"]):
        return None
    return price, quantity


def _check_card(books: Books, owner: Json, lines: list[Json]) -> None:
    customer = books.get("customer", owner["customer"])
    if sum(row["amount"] for row in lines) + customer["balance"] <= 0:
        return
    usual = (
        owner["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    )
    card = card_of(books, usual) if usual else None
    if card is None or card.decline_code or card.asks_always:
        code = "authentication_required" if card and card.asks_always else "card_declined"
        message = charge.MESSAGES.get(code, charge.DECLINED)
        raise StripeRefusal(message, status=402, kind="card_error", code=code)


ROUTES = (Route("POST", "/v1/subscriptions/<identifier>", "subscriptions.update", update, UPDATE),)
