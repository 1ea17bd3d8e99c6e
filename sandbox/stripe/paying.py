"""A customer at Checkout: which card, which subscription, and what comes of it.

A first payment that fails leaves the session open and its subscription `incomplete`; another try
pays the same bill: https://docs.stripe.com/billing/subscriptions/overview#payment-window.
"""

from __future__ import annotations

import copy

from sandbox.stripe import collection
from sandbox.stripe.clock import DAY
from sandbox.stripe.objects import customer, invoice, payment_method, subscription
from sandbox.stripe.objects.payment_intent import Outcome
from sandbox.stripe.objects.payment_method import Card
from sandbox.stripe.store import Books, Json


def pay(
    books: Books, session: Json, card: Card, *, email: str | None = None, passed: bool = False
) -> Outcome:
    """Let the customer pay with a card; `passed` if they have answered its challenge.

    A session without a customer gets one, with the email that was typed.
    """
    known = books.hide(session["id"])
    asks_first = card.asks_first and not passed
    if known.get("method_card") != card.name or "method" not in known:
        _take_card(books, session, card, email)
    owner = _subscribe(books, session)
    bill = books.get("invoice", owner["latest_invoice"])
    if bill["status"] == "paid":
        return _complete(books, session, owner, known["method"])
    outcome = collection.settle(
        books, bill, method=known["method"], is_present=True, is_authenticated=not asks_first
    )
    if outcome is Outcome.SUCCEEDED:
        return _complete(books, session, owner, known["method"])
    return outcome


def challenge_failed(books: Books, session: Json) -> None:
    """Take note that the customer did not pass the challenge; they may try again."""
    owner = books.find("subscription", books.hide(session["id"]).get("subscription"))
    if owner is not None:
        collection.challenge_failed(books, books.get("invoice", owner["latest_invoice"]))


def bill_of(books: Books, session: Json) -> Json:
    """Return the bill that the session pays; there is one after the first try."""
    owner = books.get("subscription", books.hide(session["id"])["subscription"])
    return books.get("invoice", owner["latest_invoice"])


def success_url(session: Json) -> str:
    """Return where the customer goes once they have paid."""
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _take_card(books: Books, session: Json, card: Card, email: str | None) -> None:
    if session["customer"] is None:
        made = customer.make(books, email=session["customer_email"] or email)
        session["customer"] = made["id"]
        books.emit("customer.created", made)
    method = payment_method.make(books, card)
    books.hide(session["id"]).update(method=method["id"], method_card=card.name)


def _subscribe(books: Books, session: Json) -> Json:
    """Return the session's subscription; the first try to pay makes it."""
    known = books.hide(session["id"])
    found = books.find("subscription", known.get("subscription"))
    if found is not None and found["status"] not in subscription.OVER:
        return found
    trial_end = books.now + known["trial_days"] * DAY if known["trial_days"] else None
    owner = subscription.make(
        books,
        books.get("customer", session["customer"]),
        books.get("price", known["price"]),
        quantity=known["quantity"],
        trial_end=trial_end,
    )
    owner["metadata"] = dict(known["subscription_metadata"])
    owner["description"] = known["subscription_description"]
    known["subscription"] = owner["id"]
    books.emit("customer.subscription.created", owner)
    item = subscription.item_of(owner)
    period = (item["current_period_start"], item["current_period_end"])
    bill = invoice.draft(
        books,
        owner,
        [subscription.cycle_line(owner, period)],
        "subscription_create",
        (books.now, books.now),
    )
    bill["next_payment_attempt"] = None
    invoice.finalize(books, bill)
    if bill["amount_due"] == 0:
        collection.settle(books, bill)
    return owner


def _complete(books: Books, session: Json, owner: Json, method: str) -> Outcome:
    payment_method.attach(books, books.get("payment_method", method), session["customer"])
    former = copy.deepcopy(owner)
    owner["default_payment_method"] = method
    books.emit("customer.subscription.updated", owner, former)
    person = books.get("customer", session["customer"])
    session.update(
        status="complete",
        payment_status="no_payment_required" if session["amount_total"] == 0 else "paid",
        subscription=owner["id"],
        invoice=owner["latest_invoice"],
        url=None,
        customer_details={
            "address": {
                "city": None,
                "country": "US",
                "line1": None,
                "line2": None,
                "postal_code": "94107",
                "state": None,
            },
            "business_name": None,
            "email": person["email"],
            "individual_name": None,
            "name": person["name"],
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    )
    if (session["consent_collection"] or {}).get("terms_of_service") == "required":
        session["consent"] = {"promotions": None, "terms_of_service": "accepted"}
    books.emit("checkout.session.completed", session)
    return Outcome.SUCCEEDED
