"""`/_control` of Stripe's own: time, webhooks, payments without a browser, and the money.

    POST /_control/clock     {"advance_seconds": n} or {"now": unix}, {"freeze": true}
    POST /_control/webhooks  {"duplicate": n}, {"drop": n}, {"types": [...]} for these two,
                             {"reorder": bool}: what waits goes backwards,
                             {"hold": true}, {"release": true}, {"redeliver": "evt_..."},
                             {"settle": true}: wait till all is sent and refusals tried again
    GET  /_control/deliveries
    POST /_control/pay       {"session": "cs_...", "outcome", "card"?, "email"?}
                             paid (any card; challenges are passed), declined, needs_action,
                             abandoned; cards as in `objects.payment_method`
    POST /_control/events    {"type": "invoice.finalization_failed", "object": "in_..."}: what has
                             no cause here, with what it changes
    GET  /_control/state     subscriptions, invoices and refunds: what was taken and given back

`POST /_control/seed` takes {"after_retries": "cancel|unpaid|past_due", "retry_days": [3, 5, 7],
"prices": [{"lookup_key", "unit_amount", "currency", "interval"}], "webhook_url": "..."}.
`fail_next` knows every endpoint by its name in the SDK (`checkout.sessions.create`; with `:answer`
it is done and the answer is lost) and `webhook`.
"""

from __future__ import annotations

from typing import Any

from quart import Quart, jsonify, request

from sandbox.control import BadControlRequest
from sandbox.stripe import lifecycle, paying
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.objects import price, subscription
from sandbox.stripe.objects.payment_method import CARDS
from sandbox.stripe.store import AFTER_RETRIES, Books, Json, listed
from sandbox.stripe.webhooks import Webhooks

CARD_OF_OUTCOME = {"paid": "good", "declined": "declined", "needs_action": "asks_once"}
NEW_STATUS = {"customer.subscription.paused": "paused", "customer.subscription.resumed": "active"}


def install(app: Quart, books: Books, webhooks: Webhooks) -> None:
    """Add what only Stripe's sandbox has to the controls."""

    @app.post("/_control/clock")
    async def clock() -> Any:
        return move_clock(books, await _body())

    @app.post("/_control/webhooks")
    async def steer() -> Any:
        body = await _body()
        webhooks.steer(body)
        if identifier := body.get("redeliver"):
            event = books.find("event", identifier)
            if event is None:
                message = f"there is no event {identifier}"
                raise BadControlRequest(message)
            webhooks.redeliver(event)
        if body.get("settle") and not await webhooks.settled():
            return {"status": "unsettled"}, 504
        return {"status": "done"}

    @app.get("/_control/deliveries")
    async def deliveries() -> Any:
        return {"deliveries": [delivery.view for delivery in webhooks.deliveries]}

    @app.post("/_control/pay")
    async def pay() -> Any:
        return pay_session(books, await _body())

    @app.post("/_control/events")
    async def event() -> Any:
        return jsonify(happen(books, await _body()))

    @app.get("/_control/state")
    async def state() -> Any:
        lifecycle.catch_up(books)
        return summary(books)


def move_clock(books: Books, body: Json) -> Json:
    """Move time on and let happen what happens meanwhile."""
    if body.get("freeze"):
        books.clock.freeze()
    if "now" in body:
        target = int(body["now"])
    elif "advance_seconds" in body:
        target = books.now + int(body["advance_seconds"])
    else:
        target = books.now
    if target < books.now:
        message = f"time goes on only: it is {books.now} already"
        raise BadControlRequest(message)
    return {"happened": lifecycle.catch_up(books, target), "now": books.now}


def pay_session(books: Books, body: Json) -> Json:
    """Do at once what a customer would do on the session's page."""
    lifecycle.catch_up(books)
    session = books.find("checkout.session", body.get("session"))
    if session is None or session["status"] != "open":
        message = f"there is no open session {body.get('session')}"
        raise BadControlRequest(message)
    outcome = body.get("outcome", "paid")
    if outcome == "abandoned":
        return {"outcome": outcome, "url": session["cancel_url"]}
    name = body.get("card") or CARD_OF_OUTCOME.get(outcome)
    if name not in CARDS:
        cards, outcomes = ", ".join(CARDS), ", ".join((*CARD_OF_OUTCOME, "abandoned"))
        message = f"there are the cards {cards} and the outcomes {outcomes}"
        raise BadControlRequest(message)
    made = paying.pay(
        books,
        session,
        CARDS[name],
        email=body.get("email"),
        passed=outcome == "paid",
    )
    is_paid = session["status"] == "complete"
    return {
        "outcome": made.value,
        "url": paying.success_url(session) if is_paid else None,
    }


def happen(books: Books, body: Json) -> Json:
    """Let something happen that has no cause here."""
    kind, identifier = str(body.get("type")), str(body.get("object"))
    thing = books.objects.get(identifier)
    if thing is None:
        message = f"there is no {identifier}"
        raise BadControlRequest(message)
    if kind in NEW_STATUS:
        subscription.change_status(books, thing, NEW_STATUS[kind])
    if kind == "invoice.finalization_failed":
        error = StripeRefusal("The tax could not be calculated.", code="failed_tax_calculation")
        thing["last_finalization_error"] = error.body["error"]
        thing["automatically_finalizes_at"] = None
    if kind == "entitlements.active_entitlement_summary.updated":
        thing = _entitlements_of(thing)
    return books.emit(kind, thing)


def _entitlements_of(customer: Json) -> Json:
    """Return https://docs.stripe.com/api/entitlements/active-entitlement-summary: none here."""
    url = f"/v1/customers/{customer['id']}/entitlements"
    return {
        "object": "entitlements.active_entitlement_summary",
        "customer": customer["id"],
        "entitlements": listed([], url),
        "livemode": False,
    }


def seed(books: Books, webhooks: Webhooks, body: Json) -> None:
    """Take what the account's owner chooses."""
    if unknown := body.keys() - {"after_retries", "retry_days", "prices", "webhook_url"}:
        raise KeyError(*unknown)
    if (after := body.get("after_retries", books.policy.after_retries)) not in AFTER_RETRIES:
        raise ValueError(after)
    books.policy.after_retries = after
    books.policy.retry_days = tuple(body.get("retry_days", books.policy.retry_days))
    webhooks.url = body.get("webhook_url", webhooks.url)
    for row in body.get("prices", ()):
        price.make(
            books,
            row["lookup_key"],
            int(row["unit_amount"]),
            row.get("currency", "usd"),
            row["interval"],
        )


def summary(books: Books) -> Json:
    """Return the account's money, to be compared with what the product thinks."""
    bills = books.all("invoice")[::-1]
    refunds = books.all("refund")[::-1]
    return {
        "now": books.now,
        "subscriptions": [_about(row) for row in books.all("subscription")[::-1]],
        "invoices": [
            {
                "id": bill["id"],
                "customer": bill["customer"],
                "subscription": bill["parent"]["subscription_details"]["subscription"],
                "status": bill["status"],
                "amount_paid": bill["amount_paid"],
                "amount_remaining": bill["amount_remaining"],
                "currency": bill["currency"],
            }
            for bill in bills
        ],
        "refunds": [
            {name: row[name] for name in ("id", "charge", "customer", "amount", "currency")}
            for row in refunds
        ],
        "paid": sum(bill["amount_paid"] for bill in bills if bill["status"] == "paid"),
        "refunded": sum(row["amount"] for row in refunds),
    }


def _about(owner: Json) -> Json:
    item = subscription.item_of(owner)
    names = ("id", "customer", "status", "cancel_at_period_end", "canceled_at", "ended_at")
    return {
        **{name: owner[name] for name in names},
        "price": item["price"]["id"],
        "lookup_key": item["price"]["lookup_key"],
        "current_period_start": item["current_period_start"],
        "current_period_end": item["current_period_end"],
        "metadata": owner["metadata"],
    }


async def _body() -> Json:
    body = await request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        message = "send a JSON object"
        raise BadControlRequest(message)
    return body
