"""The payment vendor, as far as the site uses it: so that tests can stand in for it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.domain.billing import (
    CheckoutSeen,
    EventSeen,
    InvoiceSeen,
    PriceSeen,
    SubscriptionSeen,
)
from shared.errors import BuddyError


class PortalPage(StrEnum):
    """Where in the customer portal a link leads."""

    HOME = "home"
    CANCEL = "subscription_cancel"
    SWITCH = "subscription_update"
    PAYMENT_METHOD = "payment_method_update"


class Missing(BuddyError):
    """The vendor has no such thing (any more); `what` is the parameter that named it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no such {what}")
        self.what = what


class CheckoutClosed(BuddyError):
    """The payment page was paid on or has expired: it can't be closed any more."""


class WebhookRefused(BuddyError):
    """The webhook is not signed by the vendor, is too old, or is none."""


class Billing(Protocol):
    """Asks the payment vendor; every failure is a `ProviderError` unless it is named here."""

    async def price(self, lookup_key: str) -> PriceSeen | None: ...

    async def create_customer(
        self, *, account_id: str, email: str | None, idempotency_key: str
    ) -> str: ...

    async def is_customer(self, customer_id: str) -> bool: ...

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
        """Make a payment page; raise `Missing`."""

    async def checkout(self, session_id: str) -> CheckoutSeen | None: ...

    async def expire_checkout(self, session_id: str) -> None:
        """Close a payment page; raise `CheckoutClosed` where it is too late for that."""

    async def portal(
        self,
        *,
        customer_id: str,
        page: PortalPage,
        subscription_id: str | None,
        return_url: str,
    ) -> str:
        """Return the address of a visit to the portal; raise `Missing`."""

    async def subscriptions(self, customer_id: str) -> tuple[SubscriptionSeen, ...]:
        """Return all of a customer's, ended ones too; none of a customer who is none."""

    async def invoices(self, customer_id: str) -> tuple[InvoiceSeen, ...]:
        """Return all of a customer's that are more than a draft, with what was refunded."""

    async def events(self, *, since: datetime, kinds: frozenset[str]) -> tuple[EventSeen, ...]:
        """Return what happened since then, the oldest first."""

    async def cancel_subscription(self, subscription_id: str) -> None:
        """End it now; one that has ended is no failure."""

    async def delete_customer(self, customer_id: str) -> None:
        """Delete it and end what it subscribes to; one that is gone is no failure."""

    def read_webhook(self, payload: bytes, signature: str) -> EventSeen:
        """Return the event of a webhook's raw body; raise `WebhookRefused`."""
