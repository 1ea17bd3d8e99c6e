"""Stripe, through its own SDK: https://docs.stripe.com/api.

Everything here may be asked again: reads change nothing, and what makes something carries an
idempotency key of ours. The SDK tries again by itself where the network or Stripe failed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import stripe

from buddy_site.gateways import stripe_shapes as shapes
from buddy_site.gateways.billing import (
    CheckoutClosed,
    Missing,
    PortalPage,
    WebhookRefused,
)
from buddy_site.gateways.stripe_transport import StripeTransport, failures
from shared.clock import Clock, SystemClock
from shared.domain.billing import (
    LIVE,
    CheckoutSeen,
    EventSeen,
    InvoiceSeen,
    PriceSeen,
    SubscriptionSeen,
)

REQUEST_SECONDS = 6.0
PAGE = 100
WEBHOOK_TOLERANCE = timedelta(seconds=300)  # Stripe's own default


class StripeBilling:
    """One account at Stripe."""

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        site_url: str,
        base_url: str | None = None,
        timeout_seconds: float = REQUEST_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        self._transport = StripeTransport(secret_key, base_url, timeout_seconds)
        self._webhook_secret = webhook_secret
        self._site_url = site_url.rstrip("/")
        self._clock = clock or SystemClock()

    async def close(self) -> None:
        await self._transport.close()

    async def price(self, lookup_key: str) -> PriceSeen | None:
        """Return the price that is called so and on sale."""
        async with failures():
            found = await self._transport.client.v1.prices.list_async(
                {"lookup_keys": [lookup_key], "active": True, "limit": 1}
            )
            return shapes.price(found.data[0]) if found.data else None

    async def create_customer(
        self, *, account_id: str, email: str | None, idempotency_key: str
    ) -> str:
        """Make a customer for an account and return its id."""
        wanted: stripe.params.CustomerCreateParams = {
            "metadata": {shapes.ACCOUNT_NOTE: account_id, shapes.SITE_NOTE: self._site_url}
        }
        if email is not None:
            wanted["email"] = email
        async with failures():
            made = await self._transport.client.v1.customers.create_async(
                wanted, {"idempotency_key": idempotency_key}
            )
            return made.id

    async def is_customer(self, customer_id: str) -> bool:
        """Return whether Stripe still has the customer."""
        try:
            async with failures():
                found = await self._transport.client.v1.customers.retrieve_async(customer_id)
                return not getattr(found, "deleted", False)
        except Missing:
            return False

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
        """Make a payment page for one subscription."""
        async with failures():
            made = await self._transport.client.v1.checkout.sessions.create_async(
                {
                    "mode": "subscription",
                    "customer": customer_id,
                    "client_reference_id": account_id,
                    "line_items": [{"price": price_id, "quantity": 1}],
                    "subscription_data": {
                        "metadata": {
                            shapes.ACCOUNT_NOTE: account_id,
                            shapes.SITE_NOTE: self._site_url,
                        }
                    },
                    "success_url": success_url,
                    "cancel_url": cancel_url,
                    "expires_at": int(expires_at.timestamp()),
                },
                {"idempotency_key": idempotency_key},
            )
            return shapes.checkout(made)

    async def checkout(self, session_id: str) -> CheckoutSeen | None:
        """Return a payment page as it is now; None if Stripe has none of this id."""
        try:
            async with failures():
                found = await self._transport.client.v1.checkout.sessions.retrieve_async(session_id)
                return shapes.checkout(found)
        except Missing:
            return None

    async def expire_checkout(self, session_id: str) -> None:
        """Close a payment page."""
        try:
            async with failures(refusal=CheckoutClosed):
                await self._transport.client.v1.checkout.sessions.expire_async(session_id)
        except Missing as error:
            raise CheckoutClosed(session_id) from error

    async def portal(
        self,
        *,
        customer_id: str,
        page: PortalPage,
        subscription_id: str | None,
        return_url: str,
    ) -> str:
        """Return the address of a visit to the customer portal, at one of its pages."""
        wanted: stripe.params.billing_portal.SessionCreateParams = {
            "customer": customer_id,
            "return_url": return_url,
        }
        flow = _portal_flow(page, subscription_id, return_url)
        if flow is not None:
            wanted["flow_data"] = flow
        async with failures():
            made = await self._transport.client.v1.billing_portal.sessions.create_async(wanted)
            return made.url

    async def subscriptions(self, customer_id: str) -> tuple[SubscriptionSeen, ...]:
        """Return all subscriptions of a customer, with where their payments wait for them."""
        try:
            rows = await self._subscriptions(customer_id)
        except Missing:
            return ()
        waiting = await self._waiting_for_their_owner(rows)
        async with failures():
            return tuple(shapes.subscription(row, needs_action=waiting) for row in rows)

    async def _subscriptions(self, customer_id: str) -> list[stripe.Subscription]:
        async with failures():
            found = await self._transport.client.v1.subscriptions.list_async(
                {
                    "customer": customer_id,
                    "status": "all",
                    "limit": PAGE,
                    "expand": ["data.latest_invoice"],
                }
            )
            return [row async for row in found.auto_paging_iter()]

    async def invoices(self, customer_id: str) -> tuple[InvoiceSeen, ...]:
        """Return all invoices of a customer but drafts, each with what of it went back."""
        try:
            rows = await self._invoices(customer_id)
        except Missing:
            return ()
        refunded = await self._refunds(customer_id) if rows else {}
        async with failures():
            return tuple(
                shapes.invoice(
                    row,
                    refunded_minor=sum(
                        refunded.get(intent, 0) for intent in shapes.payment_intents(row)
                    ),
                )
                for row in rows
            )

    async def _invoices(self, customer_id: str) -> list[stripe.Invoice]:
        async with failures():
            found = await self._transport.client.v1.invoices.list_async(
                {"customer": customer_id, "limit": PAGE, "expand": ["data.payments"]}
            )
            return [row async for row in found.auto_paging_iter() if row.status != "draft"]

    async def events(self, *, since: datetime, kinds: frozenset[str]) -> tuple[EventSeen, ...]:
        """Return what happened since then, the oldest first; Stripe keeps it for 30 days."""
        async with failures():
            found = await self._transport.client.v1.events.list_async(
                {
                    "created": {"gte": int(since.timestamp())},
                    "types": sorted(kinds),
                    "limit": PAGE,
                }
            )
            rows = [shapes.event(row) async for row in found.auto_paging_iter()]
        return tuple(reversed(rows))

    async def cancel_subscription(self, subscription_id: str) -> None:
        """End a subscription at once."""
        try:
            async with failures(refusal=CheckoutClosed):
                await self._transport.client.v1.subscriptions.cancel_async(subscription_id)
        except (Missing, CheckoutClosed):
            return

    async def delete_customer(self, customer_id: str) -> None:
        """Delete a customer for good; Stripe ends its subscriptions with it."""
        try:
            async with failures():
                await self._transport.client.v1.customers.delete_async(customer_id)
        except Missing:
            return

    def read_webhook(self, payload: bytes, signature: str) -> EventSeen:
        """Return the event of a webhook, if Stripe signed this very body a moment ago."""
        try:
            found = self._transport.client.construct_event(
                payload,
                signature,
                self._webhook_secret,
                tolerance=int(WEBHOOK_TOLERANCE.total_seconds()),
            )
            _not_from_the_future(signature, self._clock.now())
            return shapes.event(found)
        except (
            stripe.SignatureVerificationError,
            AttributeError,
            KeyError,
            OverflowError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            raise WebhookRefused(type(error).__name__) from None

    async def _refunds(self, customer_id: str) -> dict[str, int]:
        """Return what went back, by payment."""
        async with failures():
            found = await self._transport.client.v1.charges.list_async(
                {"customer": customer_id, "limit": PAGE}
            )
            refunded: dict[str, int] = {}
            async for charge in found.auto_paging_iter():
                intent = charge.payment_intent
                name = intent if isinstance(intent, str) or intent is None else intent.id
                if name is not None and charge.amount_refunded:
                    refunded[name] = refunded.get(name, 0) + charge.amount_refunded
            return refunded

    async def _waiting_for_their_owner(self, rows: list[stripe.Subscription]) -> dict[str, str]:
        """Return, by invoice, the page on which a payment can be confirmed to the bank."""
        waiting: dict[str, str] = {}
        for row in rows:
            bill = row.latest_invoice
            if (
                row.status in LIVE
                and isinstance(bill, stripe.Invoice)
                and bill.status == "open"
                and bill.hosted_invoice_url is not None
                and await self._needs_action(bill.id)
            ):
                waiting[bill.id] = bill.hosted_invoice_url
        return waiting

    async def _needs_action(self, invoice_id: str) -> bool:
        async with failures():
            found = await self._transport.client.v1.invoices.retrieve_async(
                invoice_id, {"expand": ["payments.data.payment.payment_intent"]}
            )
            payments = found.payments.data if found.payments is not None else []
            intents = [one.payment.payment_intent for one in payments]
            return any(
                isinstance(one, stripe.PaymentIntent) and one.status == "requires_action"
                for one in intents
            )


def _portal_flow(
    page: PortalPage, subscription_id: str | None, return_url: str
) -> stripe.params.billing_portal.SessionCreateParamsFlowData | None:
    """Return the deep link: https://docs.stripe.com/customer-management/portal-deep-links."""
    back: stripe.params.billing_portal.SessionCreateParamsFlowDataAfterCompletion = {
        "type": "redirect",
        "redirect": {"return_url": return_url},
    }
    if page is PortalPage.PAYMENT_METHOD:
        return {"type": "payment_method_update", "after_completion": back}
    if subscription_id is None or page is PortalPage.HOME:
        return None
    if page is PortalPage.CANCEL:
        return {
            "type": "subscription_cancel",
            "subscription_cancel": {"subscription": subscription_id},
            "after_completion": back,
        }
    return {
        "type": "subscription_update",
        "subscription_update": {"subscription": subscription_id},
        "after_completion": back,
    }


def _not_from_the_future(signature: str, now: datetime) -> None:
    """Refuse a signature of later: the SDK only refuses those of long ago."""
    parts = dict(part.partition("=")[::2] for part in signature.split(","))
    signed_at = datetime.fromtimestamp(int(parts["t"]), UTC)
    if signed_at > now + WEBHOOK_TOLERANCE:
        message = "signed in the future"
        raise ValueError(message)
