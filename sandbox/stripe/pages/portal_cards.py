"""The portal's page for another card.

A new card pays nothing by itself: what is open is offered for payment afterwards.
https://docs.stripe.com/customer-management/portal-deep-links
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from typing import Any

from quart import Quart, request

from sandbox.stripe import collection
from sandbox.stripe.amounts import money
from sandbox.stripe.objects import payment_method
from sandbox.stripe.objects.payment_intent import Outcome
from sandbox.stripe.objects.payment_method import CARDS, Card
from sandbox.stripe.pages.visit import Choice, Visit, over, visit_at
from sandbox.stripe.pages.words import CHALLENGE_FAILED, challenge, go
from sandbox.stripe.store import Books, Json

Page = Callable[[Visit], Awaitable[Any]]

SAVED = "Your payment method has been updated."
REFUSED = "Your card was declined. Try a different card."


def install(app: Quart, books: Books) -> None:
    """Add the pages."""

    def page(path: str, show: Page, answer: Page) -> None:
        async def view(token: str) -> Any:
            visit = visit_at(books, token)
            if visit is None:
                return await over()
            return await (show if request.method == "GET" else answer)(visit)

        app.add_url_rule(
            f"/p/session/<token>/{path}", f"portal {path}", view, methods=["GET", "POST"]
        )

    page("payment-method", _offer_cards, _take_card)
    page("payment-method/challenge", _ask_bank, _hear_bank)
    page("pay", _offer_payment, _take_payment)


async def _offer_cards(visit: Visit) -> Any:
    choices = [
        Choice(
            card.label,
            f"card-{card.name.replace('_', '-')}",
            value=card.name,
            name="card",
            look="primary" if card.name == "good" else "",
            aside=f"•••• {card.last4}",
        )
        for card in CARDS.values()
    ]
    return await visit.task("Use another card", *choices)


async def _take_card(visit: Visit) -> Any:
    card = CARDS.get((await request.form).get("card", ""))
    if card is None:
        return go(request.path)
    if card.fails_at_once:
        visit.known["error"] = REFUSED
        return go(request.path)
    if card.asks_first:
        visit.known["card"] = card.name
        return go(f"{visit.here}/payment-method/challenge")
    return await _save(visit, card)


async def _ask_bank(visit: Visit) -> Any:
    card = CARDS.get(visit.known.get("card", ""))
    if card is None:
        return go(f"{visit.here}/payment-method")
    return await challenge("save your card and charge it later", card.last4)


async def _hear_bank(visit: Visit) -> Any:
    card = CARDS.get(visit.take("card") or "")
    if card is None:
        return go(f"{visit.here}/payment-method")
    if (await request.form).get("answer") != "approve":
        visit.known["error"] = CHALLENGE_FAILED
        return go(f"{visit.here}/payment-method")
    return await _save(visit, card)


async def _offer_payment(visit: Visit) -> Any:
    bill = _open_bill(visit)
    if bill is None:
        return await visit.finish(SAVED)
    amount = money(bill["amount_remaining"], bill["currency"])
    return await visit.task(
        "Pay what is open",
        Choice(f"Pay {amount} now", "pay-open"),
        Choice("Later", "pay-later", value="no", look="center"),
        text=f"Your card has been saved. Invoice {bill['number']} is still open.",
    )


async def _take_payment(visit: Visit) -> Any:
    bill = _open_bill(visit)
    if bill is None or (await request.form).get("confirm") != "yes":
        return await visit.finish(SAVED)
    amount = money(bill["amount_remaining"], bill["currency"])
    outcome = collection.settle(visit.books, bill, is_present=True)
    if outcome is Outcome.NEEDS_ACTION:
        return go(f"/i/{bill['id']}/challenge")
    if outcome is Outcome.DECLINED:
        visit.known["error"] = str(collection.refusal_of(visit.books, bill, outcome))
        return go(f"{visit.here}/payment-method")
    return await visit.finish(f"Thank you: {amount} has been paid.")


async def _save(visit: Visit, card: Card) -> Any:
    """Make a card the customer's usual one, and that of what they subscribe to."""
    books = visit.books
    method = payment_method.make(books, card)
    payment_method.attach(books, method, visit.customer["id"])
    former = copy.deepcopy(visit.customer)
    visit.customer["invoice_settings"]["default_payment_method"] = method["id"]
    books.emit("customer.updated", visit.customer, former)
    for owner in visit.subscriptions:
        before = copy.deepcopy(owner)
        owner["default_payment_method"] = method["id"]
        books.emit("customer.subscription.updated", owner, before)
    if _open_bill(visit) is not None:
        return go(f"{visit.here}/pay")
    return await visit.finish(SAVED)


def _open_bill(visit: Visit) -> Json | None:
    """Return the latest bill of what goes on that is not paid."""
    latest = {owner["latest_invoice"] for owner in visit.subscriptions}
    return next(
        (row for row in visit.bills if row["status"] == "open" and row["id"] in latest), None
    )
