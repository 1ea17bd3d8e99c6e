"""A customer's visit to the portal: what they have, and how a task of theirs ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quart import render_template, request

from sandbox.stripe import lifecycle
from sandbox.stripe.clock import HOUR
from sandbox.stripe.objects import portal_session, subscription
from sandbox.stripe.pages.words import go, message
from sandbox.stripe.store import Books, Json

OPEN_SECONDS = HOUR


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of a task."""

    label: str
    testid: str
    value: str = "yes"
    name: str = "confirm"
    look: str = "primary"
    aside: str | None = None


class Visit:
    """A customer at the portal."""

    def __init__(self, books: Books, session: Json) -> None:
        self.books = books
        self.session = session
        self.flow: Json | None = session["flow"]
        self.known = books.hide(session["id"])
        self.here = f"/p/session/{self.known['token']}"
        self.customer = books.get("customer", session["customer"])

    @property
    def subscriptions(self) -> list[Json]:
        """What the customer subscribes to, the newest first."""
        return [
            row
            for row in self.books.all("subscription")
            if row["customer"] == self.customer["id"] and row["status"] not in subscription.OVER
        ]

    @property
    def bills(self) -> list[Json]:
        """The customer's invoices, the newest first."""
        rows = self.books.all("invoice")
        return [row for row in rows if row["customer"] == self.customer["id"]]

    @property
    def method(self) -> str | None:
        """The card that the next bill is charged to."""
        for owner in self.subscriptions:
            if owner["default_payment_method"]:
                return str(owner["default_payment_method"])
        usual: str | None = self.customer["invoice_settings"]["default_payment_method"]
        return usual

    def subscription(self, identifier: str) -> Json | None:
        """Return one of the customer's subscriptions."""
        return next((row for row in self.subscriptions if row["id"] == identifier), None)

    def take(self, name: str) -> str | None:
        """Return a word for the next page, once."""
        word: str | None = self.known.pop(name, None)
        return word

    async def task(self, title: str, *choices: Choice, **more: Any) -> str:
        """Return the page of one task."""
        blank: Json = {"lines": [], "due": None, "currency": "usd", "text": None}
        return await render_template(
            "portal_task.html",
            title=title,
            choices=choices,
            is_flow=self.flow is not None,
            back=self.session["return_url"] if self.flow else self.here,
            error=self.take("error"),
            action=request.path,
            **{**blank, **more},
        )

    async def finish(self, word: str) -> Any:
        """End a task: go back to the portal, or where the flow says."""
        if self.flow is None:
            self.known["note"] = word
            return go(self.here)
        ending = self.flow["after_completion"]
        match ending["type"]:
            case "redirect":
                return go(ending["redirect"]["return_url"])
            case "hosted_confirmation":
                said = (ending["hosted_confirmation"] or {}).get("custom_message")
                return await message("Done", said or word, self.session["return_url"])
            case _:
                self.session["flow"] = None
                self.known["note"] = word
                return go(self.here)


def visit_at(books: Books, token: str) -> Visit | None:
    """Return the visit at an address, if it is still open."""
    lifecycle.catch_up(books)
    session = portal_session.by_token(books, token)
    if session is None or session["created"] + OPEN_SECONDS < books.now:
        return None
    if books.find("customer", session["customer"]) is None:
        return None
    return Visit(books, session)


def visit_about(
    books: Books, token: str, identifier: str
) -> tuple[Visit, Json | None] | tuple[None, None]:
    """Return the visit at an address and the subscription it is about."""
    visit = visit_at(books, token)
    return (None, None) if visit is None else (visit, visit.subscription(identifier))


async def over() -> Any:
    """Return the page of a visit that is over."""
    return await message(
        "This page has expired", "Go back to GoToBuddy and open it once more.", status=404
    )
