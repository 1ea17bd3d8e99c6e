"""Checkout's page: https://docs.stripe.com/payments/checkout."""

from __future__ import annotations

from typing import Any

from quart import Quart, render_template, request
from werkzeug.wrappers import Response

from sandbox.stripe import collection, lifecycle, paying
from sandbox.stripe.amounts import money
from sandbox.stripe.objects.payment_intent import Outcome
from sandbox.stripe.objects.payment_method import CARDS, Card, card_of
from sandbox.stripe.pages.words import CHALLENGE_FAILED, challenge, go, message
from sandbox.stripe.store import Books, Json


def install(app: Quart, books: Books) -> None:
    """Add the page and its challenge."""

    @app.get("/c/pay/<identifier>")
    async def checkout_page(identifier: str) -> Any:
        session = _session(books, identifier)
        if session is None or session["status"] != "open":
            return await _closed(session)
        return await _checkout(books, session)

    @app.post("/c/pay/<identifier>")
    async def pay_session(identifier: str) -> Any:
        session = _session(books, identifier)
        if session is None or session["status"] != "open":
            return await _closed(session)
        form = await request.form
        card = CARDS.get(form.get("card", ""))
        if card is None:
            return go(request.path)
        outcome = paying.pay(books, session, card, email=form.get("email") or None)
        return _after_paying(books, session, outcome)

    @app.get("/c/pay/<identifier>/challenge")
    async def checkout_challenge(identifier: str) -> Any:
        session = _session(books, identifier)
        card = _card_of_session(books, session)
        if session is None or card is None:
            return await _closed(session)
        amount = money(session["amount_total"], session["currency"])
        return await challenge(f"charge {amount}", card.last4)

    @app.post("/c/pay/<identifier>/challenge")
    async def answer_challenge(identifier: str) -> Any:
        session = _session(books, identifier)
        card = _card_of_session(books, session)
        if session is None or card is None:
            return await _closed(session)
        if (await request.form).get("answer") != "approve":
            paying.challenge_failed(books, session)
            books.hide(session["id"])["error"] = CHALLENGE_FAILED
            return go(f"/c/pay/{identifier}")
        outcome = paying.pay(books, session, card, passed=True)
        return _after_paying(books, session, outcome)


async def _checkout(books: Books, session: Json) -> str:
    known = books.hide(session["id"])
    person = books.find("customer", session["customer"])
    consents = session["consent_collection"] or {}
    return await render_template(
        "checkout.html",
        session=session,
        price=books.get("price", known["price"]),
        trial_days=known["trial_days"],
        email=session["customer_email"] or (person or {}).get("email"),
        wants_terms=consents.get("terms_of_service") == "required",
        cards=CARDS.values(),
        error=known.pop("error", None),
    )


def _after_paying(books: Books, session: Json, outcome: Outcome) -> Response:
    match outcome:
        case Outcome.SUCCEEDED:
            return go(paying.success_url(session))
        case Outcome.NEEDS_ACTION:
            return go(f"/c/pay/{session['id']}/challenge")
        case Outcome.DECLINED:
            bill = paying.bill_of(books, session)
            refusal = collection.refusal_of(books, bill, outcome)
            books.hide(session["id"])["error"] = f"{refusal} Try a different card."
            return go(f"/c/pay/{session['id']}")


async def _closed(session: Json | None) -> Any:
    if session is None:
        return await message(
            "Something went wrong",
            "The page you were looking for could not be found. Please check the URL.",
            status=404,
        )
    if session["status"] == "complete":
        text = "You’re all done here. You have paid already."
        return await message("All done", text, paying.success_url(session))
    return await message(
        "This page has expired",
        "Your checkout session has timed out. Go back and start again.",
        session["cancel_url"],
    )


def _session(books: Books, identifier: str) -> Json | None:
    lifecycle.catch_up(books)
    return books.find("checkout.session", identifier)


def _card_of_session(books: Books, session: Json | None) -> Card | None:
    """Return the card whose challenge is open."""
    if session is None or session["status"] != "open":
        return None
    method = books.hide(session["id"]).get("method")
    return None if method is None else card_of(books, method)
