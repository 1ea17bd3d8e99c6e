"""An invoice's page: https://docs.stripe.com/invoicing/hosted-invoice-page."""

from __future__ import annotations

from typing import Any

from quart import Quart, render_template, request

from sandbox.stripe import collection, lifecycle
from sandbox.stripe.amounts import money
from sandbox.stripe.objects import customer, invoice_payment, payment_method
from sandbox.stripe.objects.payment_intent import Outcome
from sandbox.stripe.objects.payment_method import CARDS, Card, card_of
from sandbox.stripe.pages.words import CHALLENGE_FAILED, challenge, go, message
from sandbox.stripe.store import Books, Json


def install(app: Quart, books: Books, site_url: str) -> None:
    """Add the page; `site_url` is where it leads back to."""

    @app.get("/i/<identifier>")
    async def invoice_page(identifier: str) -> Any:
        bill = _bill(books, identifier)
        if bill is None:
            return await _no_invoice()
        intent = invoice_payment.intent_of(books, bill)
        if bill["status"] == "open" and intent and intent["status"] == "requires_action":
            return go(f"/i/{identifier}/challenge")
        usual = collection.usual_method(books, bill)
        return await render_template(
            "invoice.html",
            bill=bill,
            usual=card_of(books, usual).last4 if usual else None,
            cards=CARDS.values(),
            error=books.hide(identifier).pop("error", None),
            back=site_url,
        )

    @app.post("/i/<identifier>")
    async def pay_invoice(identifier: str) -> Any:
        bill = _bill(books, identifier)
        if bill is None:
            return await _no_invoice()
        name = (await request.form).get("card", "")
        if bill["status"] == "open" and (name == "usual" or name in CARDS):
            _pay(books, bill, None if name == "usual" else CARDS[name])
        return go(f"/i/{identifier}")

    @app.get("/i/<identifier>/challenge")
    async def invoice_challenge(identifier: str) -> Any:
        bill = _bill(books, identifier)
        intent = invoice_payment.intent_of(books, bill) if bill else None
        if bill is None or intent is None or intent["status"] != "requires_action":
            return go(f"/i/{identifier}")
        amount = money(bill["amount_due"], bill["currency"])
        return await challenge(f"charge {amount}", card_of(books, intent["payment_method"]).last4)

    @app.post("/i/<identifier>/challenge")
    async def answer_invoice(identifier: str) -> Any:
        bill = _bill(books, identifier)
        intent = invoice_payment.intent_of(books, bill) if bill else None
        if bill and intent and intent["status"] == "requires_action":
            if (await request.form).get("answer") == "approve":
                _pay(books, bill, None, method=intent["payment_method"], is_authenticated=True)
            else:
                collection.challenge_failed(books, bill)
                books.hide(identifier)["error"] = CHALLENGE_FAILED
        return go(f"/i/{identifier}")


def _pay(
    books: Books,
    bill: Json,
    card: Card | None,
    *,
    method: str | None = None,
    is_authenticated: bool = False,
) -> None:
    """Pay a bill with a card that is typed in, or with the usual one."""
    if card is not None:
        made = payment_method.make(books, card)
        if not card.fails_at_once:
            payment_method.attach(books, made, bill["customer"])
        method = made["id"]
    outcome = collection.settle(
        books, bill, method=method, is_present=True, is_authenticated=is_authenticated
    )
    if outcome is Outcome.DECLINED:
        books.hide(bill["id"])["error"] = str(collection.refusal_of(books, bill, outcome))


async def _no_invoice() -> Any:
    return await message("No such invoice", "Please check the URL.", status=404)


def _bill(books: Books, identifier: str) -> Json | None:
    lifecycle.catch_up(books)
    bill = books.find("invoice", identifier)
    gone = bill is not None and customer.is_gone(books, bill["customer"])
    return None if gone or (bill is not None and bill["status"] == "draft") else bill
