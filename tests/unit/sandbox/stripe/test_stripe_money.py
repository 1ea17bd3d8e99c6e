"""Whatever customers do and however time goes, the sandbox's money adds up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.stripe import lifecycle, paying, switching
from sandbox.stripe.clock import DAY, Clock
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.forms import Form
from sandbox.stripe.objects import (
    checkout_session,
    customer,
    payment_method,
    price,
    refund,
    subscription,
)
from sandbox.stripe.objects.payment_method import CARDS
from sandbox.stripe.store import AFTER_RETRIES, Books, Json

STATUSES = {"active", "trialing", "past_due", "unpaid", "canceled", "incomplete"} | {
    "incomplete_expired"
}
Step = Callable[["Life"], None]


class Life:
    """One customer, who may have a subscription."""

    def __init__(self, after_retries: str) -> None:
        self.events: list[Json] = []
        self.books = Books(Clock(lambda: 1_800_000_000.0), self.events.append, "http://pay")
        self.books.policy.after_retries = after_retries
        price.seed(self.books)
        self.customer = customer.create(self.books, Form({"name": "Sam"}))["id"]
        self.buy("good", "unlimited_yearly")

    @property
    def running(self) -> Json | None:
        rows = self.books.all("subscription")
        return next((row for row in rows if row["status"] not in subscription.OVER), None)

    def buy(self, card: str, lookup_key: str) -> None:
        session = checkout_session.create(
            self.books,
            Form(
                {
                    "mode": "subscription",
                    "customer": self.customer,
                    "success_url": "http://site",
                    "line_items": [{"price": price.SEEDED[lookup_key][0], "quantity": "1"}],
                }
            ),
        )
        paying.pay(self.books, session, CARDS[card], passed=True)

    def switch(self, lookup_key: str) -> None:
        if self.running is not None and self.running["status"] != "incomplete":
            new = self.books.get("price", price.SEEDED[lookup_key][0])
            item = subscription.item_of(self.running)
            if item["price"]["id"] != new["id"]:
                switching.switch(self.books, self.running, new, item["quantity"])

    def use_card(self, card: str) -> None:
        if self.running is not None:
            method = payment_method.make(self.books, CARDS[card])
            payment_method.attach(self.books, method, self.customer)
            self.running["default_payment_method"] = method["id"]

    def cancel(self, *, at_period_end: bool) -> None:
        if self.running is not None and self.running["status"] != "incomplete":
            subscription.set_cancellation(self.books, self.running, at_period_end=at_period_end)

    def give_back(self, amount: int) -> None:
        for charge in self.books.all("charge")[:1]:
            try:
                refund.create(self.books, Form({"charge": charge["id"], "amount": str(amount)}))
            except StripeRefusal as refusal:
                assert refusal.status == 400  # noqa: PT017 - any other is a flaw

    def wait(self, days: int) -> None:
        lifecycle.catch_up(self.books, self.books.now + days * DAY)


CARD = st.sampled_from(sorted(CARDS))
PRICE = st.sampled_from(sorted(price.SEEDED))
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(CARD, PRICE).map(lambda given: lambda life: life.buy(*given)),
    PRICE.map(lambda key: lambda life: life.switch(key)),
    CARD.map(lambda card: lambda life: life.use_card(card)),
    st.booleans().map(lambda yes: lambda life: life.cancel(at_period_end=yes)),
    st.integers(1, 2000).map(lambda amount: lambda life: life.give_back(amount)),
    st.integers(0, 400).map(lambda days: lambda life: life.wait(days)),
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(AFTER_RETRIES), st.lists(STEPS, max_size=12))
def test_money_adds_up_whatever_happens(after_retries: str, steps: list[Step]) -> None:
    life = Life(after_retries)

    for step in steps:
        step(life)

    books = life.books
    bills = books.all("invoice")
    charged = [row for row in books.all("charge") if row["paid"]]
    paid = [bill for bill in bills if bill["status"] == "paid"]
    assert sum(row["amount"] for row in charged) == sum(bill["amount_paid"] for bill in paid)
    assert all(bill["amount_paid"] == 0 for bill in bills if bill["status"] != "paid")
    assert all(
        bill["amount_due"] == bill["amount_paid"] + bill["amount_remaining"] for bill in bills
    )
    final = [bill for bill in bills if bill["number"] is not None]
    balance = books.get("customer", life.customer)["balance"]
    assert sum(bill["total"] for bill in final) == sum(b["amount_due"] for b in final) + balance
    assert all(row["amount_refunded"] <= row["amount_captured"] for row in charged)
    returned = sum(row["amount"] for row in books.all("refund"))
    assert returned == sum(row["amount_refunded"] for row in charged)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(AFTER_RETRIES), st.lists(STEPS, max_size=12))
def test_time_never_goes_back_and_everything_can_be_sent(
    after_retries: str, steps: list[Step]
) -> None:
    life = Life(after_retries)

    for step in steps:
        step(life)

    times = [event["created"] for event in life.events]
    assert times == sorted(times)
    assert all(row["status"] in STATUSES for row in life.books.all("subscription"))
    json.dumps([life.books.objects, life.books.hidden])
    for row in life.books.all("subscription"):
        item: Any = subscription.item_of(row)
        assert item["current_period_start"] < item["current_period_end"]
        if row["status"] not in subscription.OVER:
            assert life.books.now < item["current_period_end"]
