"""The customer portal's pages: https://docs.stripe.com/customer-management.

Cancel and resume, switch between the prices on sale, look at invoices; cards are in
`portal_cards`. A session with a flow shows that task alone, and ends as the flow says. A
cancellation here sets `cancel_at` and leaves `cancel_at_period_end` false, as it does for every
subscription in flexible billing mode:
https://docs.stripe.com/billing/subscriptions/billing-mode/compare.
"""

from __future__ import annotations

import copy
from typing import Any

from quart import Quart, render_template, request

from sandbox.stripe import switching
from sandbox.stripe.amounts import money
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.objects import subscription
from sandbox.stripe.objects.payment_method import card_of
from sandbox.stripe.pages.visit import Choice, Visit, over, visit_about, visit_at
from sandbox.stripe.pages.words import day, go
from sandbox.stripe.store import Books, Json


def install(app: Quart, books: Books) -> None:
    """Add the pages."""

    @app.get("/p/session/<token>")
    async def portal(token: str) -> Any:
        visit = visit_at(books, token)
        if visit is None:
            return await over()
        if visit.flow is not None:
            return go(f"{visit.here}/{_task_of(visit.flow)}")
        return await _home(visit)

    _install_cancelling(app, books)
    _install_switching(app, books)


def _install_cancelling(app: Quart, books: Books) -> None:
    @app.route("/p/session/<token>/subscriptions/<identifier>/cancel", methods=["GET", "POST"])
    async def cancel(token: str, identifier: str) -> Any:
        visit, owner = visit_about(books, token, identifier)
        if visit is None or owner is None:
            return await over()
        end = subscription.item_of(owner)["current_period_end"]
        if request.method == "GET":
            return await visit.task(
                "Cancel your subscription",
                Choice("Cancel subscription", "confirm-cancel"),
                text=f"It stays yours until {day(end)}, and ends then. You can change your mind "
                "until that day.",
            )
        if owner["cancel_at"] is None:
            former = copy.deepcopy(owner)
            owner.update(cancel_at=end, canceled_at=books.now)
            owner["cancellation_details"]["reason"] = "cancellation_requested"
            books.emit("customer.subscription.updated", owner, former)
        return await visit.finish(f"Your subscription ends on {day(end)}.")

    @app.post("/p/session/<token>/subscriptions/<identifier>/resume")
    async def resume(token: str, identifier: str) -> Any:
        visit, owner = visit_about(books, token, identifier)
        if visit is None or owner is None:
            return await over()
        former = copy.deepcopy(owner)
        subscription.set_cancellation(books, owner, at_period_end=False)
        books.emit("customer.subscription.updated", owner, former)
        return await visit.finish("Your subscription goes on.")


def _install_switching(app: Quart, books: Books) -> None:
    @app.get("/p/session/<token>/subscriptions/<identifier>/update")
    async def choose(token: str, identifier: str) -> Any:
        visit, owner = visit_about(books, token, identifier)
        if visit is None or owner is None:
            return await over()
        current = subscription.item_of(owner)["price"]
        choices = [
            Choice(
                f"Unlimited, {money(price['unit_amount'], price['currency'])} per "
                f"{price['recurring']['interval']}",
                f"choose-{price['recurring']['interval']}",
                value=price["id"],
                name="price",
                look="",
                aside="Your plan now" if price["id"] == current["id"] else None,
            )
            for price in books.all("price")[::-1]
            if price["active"] and price["lookup_key"] is not None
        ]
        return await visit.task("Switch plan", *choices)

    @app.post("/p/session/<token>/subscriptions/<identifier>/update")
    async def chosen(token: str, identifier: str) -> Any:
        visit, owner = visit_about(books, token, identifier)
        if visit is None or owner is None:
            return await over()
        price = (await request.form).get("price", "")
        if books.find("price", price) is None:
            return go(request.path)
        return go(f"{request.path}/{price}")

    @app.route(
        "/p/session/<token>/subscriptions/<identifier>/update/<price_id>", methods=["GET", "POST"]
    )
    async def confirm(token: str, identifier: str, price_id: str) -> Any:
        visit, owner = visit_about(books, token, identifier)
        price = books.find("price", price_id)
        if visit is None or owner is None or price is None:
            return await over()
        quantity = subscription.item_of(owner)["quantity"]
        if price_id == subscription.item_of(owner)["price"]["id"]:
            return await visit.finish("You have this plan already.")
        if request.method == "GET":
            lines, _ = switching.preview(books, owner, price, quantity)
            due = sum(line["amount"] for line in lines) + visit.customer["balance"]
            return await visit.task(
                "Confirm your new plan",
                Choice("Confirm", "confirm-update"),
                lines=lines,
                due=max(due, 0),
                currency=price["currency"],
                text="What you have paid too much is credited to your next bills."
                if due < 0
                else None,
            )
        try:
            switching.switch(books, owner, price, quantity, must_be_paid=True)
        except StripeRefusal as refusal:
            visit.known["error"] = str(refusal)
            return go(request.path)
        return await visit.finish("Your plan has been changed.")


async def _home(visit: Visit) -> str:
    return await render_template(
        "portal.html",
        here=visit.here,
        return_url=visit.session["return_url"],
        subscriptions=visit.subscriptions,
        invoices=visit.bills,
        last4=card_of(visit.books, visit.method).last4 if visit.method else None,
        note=visit.take("note"),
        error=visit.take("error"),
    )


def _task_of(flow: Json) -> str:
    """Return the address of a flow's task, below the session's."""
    kind = flow["type"]
    if kind == "payment_method_update":
        return "payment-method"
    about = f"subscriptions/{flow[kind]['subscription']}"
    match kind:
        case "subscription_cancel":
            return f"{about}/cancel"
        case "subscription_update":
            return f"{about}/update"
        case _:
            return f"{about}/update/{flow[kind]['items'][0]['price']}"
