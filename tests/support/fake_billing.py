"""Stripe as a test needs it, in memory: what is paid, renewed and refunded is there to be read.

Time stands still at `now` until a test moves it; every change makes an event, as at Stripe.
"""

from __future__ import annotations

import calendar
import itertools
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from buddy_site.gateways.billing import CheckoutClosed, Missing, PortalPage, WebhookRefused
from shared.domain.billing import (
    LIVE,
    CheckoutSeen,
    EventSeen,
    InvoiceSeen,
    PriceSeen,
    SubscriptionSeen,
)
from shared.errors import ProviderError
from shared.money import Money

FAKE = "stripe"
MONTHLY = PriceSeen("price_monthly", "unlimited_monthly", Money(1499), "month", 1, is_active=True)
YEARLY = PriceSeen("price_yearly", "unlimited_yearly", Money(14900), "year", 1, is_active=True)
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class _Page:
    customer_id: str
    account_id: str
    price_id: str
    seen: CheckoutSeen


class FakeBilling:
    """One account at a payment vendor that does what a test says."""

    def __init__(self, *, site_url: str = "http://localhost:3000") -> None:
        self.now = START
        self.prices = {price.lookup_key: price for price in (MONTHLY, YEARLY)}
        self.customers: dict[str, str] = {}  # id -> account
        self.pages: dict[str, _Page] = {}
        self.subscriptions_of: dict[str, dict[str, SubscriptionSeen]] = {}
        self.invoices_of: dict[str, dict[str, InvoiceSeen]] = {}
        self.happened: list[EventSeen] = []
        self.asked: Counter[str] = Counter()
        self.failures: dict[str, ProviderError] = {}  # by what is asked, once each
        self._site_url = site_url
        self._answers: dict[str, Any] = {}  # by idempotency key
        self._numbers = itertools.count(1)

    # What a test does.

    def fail_next(self, what: str, *, retryable: bool = True) -> None:
        self.failures[what] = ProviderError(FAKE, "scripted failure", retryable=retryable)

    def pay(self, session_id: str) -> str:
        """Pay on a page; return the subscription."""
        page = self.pages[session_id]
        price = next(one for one in self.prices.values() if one.price_id == page.price_id)
        page.seen = replace(page.seen, status="complete", url=None)
        subscription = SubscriptionSeen(
            subscription_id=self._id("sub"),
            status="active",
            price_id=price.price_id,
            lookup_key=price.lookup_key,
            amount=price.amount,
            interval=price.interval,
            started_at=self.now,
            current_period_start=self.now,
            current_period_end=self._later(self.now, price.interval),
            cancel_at_period_end=False,
            ended_at=None,
            unpaid_since=None,
            needs_action_url=None,
            account_id=page.account_id,
            site=self._site_url,
        )
        self._put(page.customer_id, subscription)
        self._bill(page.customer_id, subscription, is_paid=True)
        self._happen("checkout.session.completed", page.customer_id)
        return subscription.subscription_id

    def renew(self, subscription_id: str, *, is_paid: bool = True, asks: bool = False) -> str:
        """Let a period end and bill the next; return the invoice."""
        customer_id, former = self.subscription(subscription_id)
        self.now = former.current_period_end + timedelta(hours=1)
        subscription = replace(
            former,
            status="active" if is_paid else "past_due",
            current_period_start=former.current_period_end,
            current_period_end=self._later(former.current_period_end, former.interval),
            unpaid_since=None if is_paid else self.now,
            needs_action_url="https://pay.example/confirm" if asks else None,
        )
        self._put(customer_id, subscription)
        return self._bill(customer_id, subscription, is_paid=is_paid)

    def recover(self, subscription_id: str) -> None:
        """Let the card that failed be charged after all."""
        customer_id, former = self.subscription(subscription_id)
        owed = self.invoices_of[customer_id]
        for invoice_id, invoice in owed.items():
            if invoice.subscription_id == subscription_id and invoice.status == "open":
                owed[invoice_id] = replace(
                    invoice, status="paid", paid_minor=invoice.due_minor, paid_at=self.now
                )
                self._happen("invoice.paid", customer_id)
        self._put(
            customer_id,
            replace(former, status="active", unpaid_since=None, needs_action_url=None),
        )

    def change(self, subscription_id: str, **values: Any) -> None:
        """Let anything else become of a subscription."""
        self.put(replace(self.subscription(subscription_id)[1], **values))

    def put(self, subscription: SubscriptionSeen) -> None:
        """Make a subscription what a test says."""
        customer_id, _ = self.subscription(subscription.subscription_id)
        self._put(customer_id, subscription)

    def refund(self, invoice_id: str, minor: int | None = None) -> None:
        for customer_id, invoices in self.invoices_of.items():
            if (invoice := invoices.get(invoice_id)) is not None:
                refunded = invoice.paid_minor if minor is None else minor
                invoices[invoice_id] = replace(invoice, refunded_minor=refunded)
                self._happen("charge.refunded", customer_id)

    # The port.

    async def price(self, lookup_key: str) -> PriceSeen | None:
        self._ask("price")
        return self.prices.get(lookup_key)

    async def create_customer(
        self, *, account_id: str, email: str | None, idempotency_key: str
    ) -> str:
        self._ask("create_customer")
        if idempotency_key not in self._answers:
            customer_id = self._answers[idempotency_key] = self._id("cus")
            self.customers[customer_id] = account_id
            self.subscriptions_of[customer_id], self.invoices_of[customer_id] = {}, {}
        return str(self._answers[idempotency_key])

    async def is_customer(self, customer_id: str) -> bool:
        self._ask("is_customer")
        return customer_id in self.customers

    async def create_checkout(
        self,
        *,
        customer_id: str,
        account_id: str,
        price_id: str,
        success_url: str,
        cancel_url: str,
        expires_at: datetime,
        idempotency_key: str,
    ) -> CheckoutSeen:
        self._ask("create_checkout")
        self._known(customer_id)
        if idempotency_key not in self._answers:
            session_id = self._id("cs")
            seen = CheckoutSeen(session_id, "open", f"https://pay.example/c/pay/{session_id}")
            self.pages[session_id] = _Page(customer_id, account_id, price_id, seen)
            self._answers[idempotency_key] = seen
        answer: CheckoutSeen = self._answers[idempotency_key]
        return answer

    async def checkout(self, session_id: str) -> CheckoutSeen | None:
        self._ask("checkout")
        page = self.pages.get(session_id)
        return page.seen if page is not None else None

    async def expire_checkout(self, session_id: str) -> None:
        self._ask("expire_checkout")
        page = self.pages.get(session_id)
        if page is None or page.seen.status != "open":
            raise CheckoutClosed(session_id)
        page.seen = replace(page.seen, status="expired", url=None)

    async def portal(
        self,
        *,
        customer_id: str,
        page: PortalPage,
        subscription_id: str | None,
        return_url: str,
    ) -> str:
        self._ask("portal")
        self._known(customer_id)
        return f"https://pay.example/p/session/{page.value}"

    async def subscriptions(self, customer_id: str) -> tuple[SubscriptionSeen, ...]:
        self._ask("subscriptions")
        return tuple(self.subscriptions_of.get(customer_id, {}).values())

    async def invoices(self, customer_id: str) -> tuple[InvoiceSeen, ...]:
        self._ask("invoices")
        return tuple(self.invoices_of.get(customer_id, {}).values())

    async def events(self, *, since: datetime, kinds: frozenset[str]) -> tuple[EventSeen, ...]:
        self._ask("events")
        return tuple(
            event for event in self.happened if event.created_at >= since and event.kind in kinds
        )

    async def cancel_subscription(self, subscription_id: str) -> None:
        self._ask("cancel_subscription")
        try:
            customer_id, former = self.subscription(subscription_id)
        except KeyError:
            return
        if former.is_live:
            ended = replace(former, status="canceled", ended_at=self.now)
            self._put(customer_id, ended, kind="customer.subscription.deleted")

    async def delete_customer(self, customer_id: str) -> None:
        self._ask("delete_customer")
        if self.customers.pop(customer_id, None) is None:
            return
        for one in list(self.subscriptions_of[customer_id].values()):
            if one.status in LIVE:
                await self.cancel_subscription(one.subscription_id)
        self._happen("customer.deleted", customer_id)

    def read_webhook(self, payload: bytes, signature: str) -> EventSeen:
        message = "nobody signs for a fake"
        raise WebhookRefused(message)

    def _ask(self, what: str) -> None:
        self.asked[what] += 1
        if (failure := self.failures.pop(what, None)) is not None:
            raise failure

    def _known(self, customer_id: str) -> None:
        if customer_id not in self.customers:
            what = "customer"
            raise Missing(what)

    def subscription(self, subscription_id: str) -> tuple[str, SubscriptionSeen]:
        """Return whose it is, and what it is now."""
        for customer_id, rows in self.subscriptions_of.items():
            if subscription_id in rows:
                return customer_id, rows[subscription_id]
        raise KeyError(subscription_id)

    def _put(
        self,
        customer_id: str,
        subscription: SubscriptionSeen,
        *,
        kind: str = "customer.subscription.updated",
    ) -> None:
        self.subscriptions_of[customer_id][subscription.subscription_id] = subscription
        self._happen(kind, customer_id)

    def _bill(self, customer_id: str, subscription: SubscriptionSeen, *, is_paid: bool) -> str:
        amount = subscription.amount or Money(0)
        invoice_id = self._id("in")
        self.invoices_of[customer_id][invoice_id] = InvoiceSeen(
            invoice_id=invoice_id,
            subscription_id=subscription.subscription_id,
            status="paid" if is_paid else "open",
            currency=amount.currency,
            due_minor=amount.minor,
            paid_minor=amount.minor if is_paid else 0,
            refunded_minor=0,
            created_at=self.now,
            paid_at=self.now if is_paid else None,
            hosted_url=f"https://pay.example/i/{invoice_id}",
        )
        self._happen("invoice.paid" if is_paid else "invoice.payment_failed", customer_id)
        return invoice_id

    def _happen(self, kind: str, customer_id: str) -> None:
        self.happened.append(EventSeen(self._id("evt"), kind, self.now, customer_id))

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers)}"

    @staticmethod
    def _later(moment: datetime, interval: str | None) -> datetime:
        """Return the same day of the next month or year, or its last."""
        months = 12 if interval == "year" else 1
        year, month = divmod(moment.month - 1 + months, 12)
        year, month = moment.year + year, month + 1
        day = min(moment.day, calendar.monthrange(year, month)[1])
        return moment.replace(year=year, month=month, day=day)
