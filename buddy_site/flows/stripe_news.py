"""What Stripe has to tell: webhooks, pages that wait, and what nobody told.

Nothing is believed from an event or from a browser that comes back: both only say whom to ask
about, and what Stripe answers then is what counts (ADR 14).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import structlog

from buddy_site.gateways.billing import Billing
from buddy_site.transactions import Transactions
from shared.clock import Clock
from shared.domain.billing import CheckoutSeen, CustomerSeen, EventSeen
from shared.errors import ProviderError
from shared.ids import AccountId
from shared.services import checkouts, stripe_mirror

OVERLAP = timedelta(minutes=10)  # events become visible late; reading one twice does no harm
LOOK_UP_AFTER = timedelta(minutes=1)  # an open payment page of which no webhook has told
SPACING = timedelta(seconds=2)  # between two looks at Stripe that one account's pages ask for
KNOWN_LOOKS = 1024

CUSTOMER_DELETED: Final = "customer.deleted"
# What changes what somebody may do or has paid. Stripe takes up to twenty when it lists events.
HANDLED: Final = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.deleted",
        "customer.subscription.paused",
        "customer.subscription.resumed",
        CUSTOMER_DELETED,
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_failed",
        "invoice.payment_action_required",
        "invoice.finalization_failed",
        "invoice.voided",
        "invoice.marked_uncollectible",
        "charge.refunded",
    }
)

log = structlog.get_logger()


@dataclass(slots=True, eq=False, weakref_slot=True)
class Turn:
    """Who looks at one customer now; those who wait share the next look."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at: datetime | None = None  # of the last look that came through
    account_id: AccountId | None = None


class StripeNews:
    """Keeps our rows as Stripe has them."""

    def __init__(
        self, database: Transactions, gateway: Billing, clock: Clock, *, site_url: str
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._clock = clock
        self._site_url = site_url.rstrip("/")
        self._turns: WeakValueDictionary[str, Turn] = WeakValueDictionary()
        self._looked: OrderedDict[str, datetime] = OrderedDict()

    async def look(self, account_id: AccountId) -> None:
        """Ask Stripe about an account whose owner waits for news, though not all the time."""
        customer_id = await self._database.transact(
            stripe_mirror.customer_of, account_id=account_id
        )
        if customer_id is None:
            return
        now = self._clock.now()
        if self._looked.get(customer_id, now - SPACING) > now - SPACING:
            return
        self._looked[customer_id] = now
        self._looked.move_to_end(customer_id)
        while len(self._looked) > KNOWN_LOOKS:
            self._looked.popitem(last=False)
        await self.refresh(customer_id)

    async def take_webhook(self, event: EventSeen) -> None:
        """Let an event have its effect, once; raise where Stripe should send it again."""
        if event.kind not in HANDLED or event.customer_id is None:
            log.debug("webhook_ignored", event_id=event.event_id, kind=event.kind)
            return
        fresh = await self._database.transact(
            stripe_mirror.unprocessed, event_ids=(event.event_id,)
        )
        if not fresh:
            log.info("webhook_repeated", event_id=event.event_id, kind=event.kind)
            return
        await self.refresh(event.customer_id, (event,))
        log.info("webhook_taken", event_id=event.event_id, kind=event.kind)

    async def refresh(
        self, customer_id: str, events: tuple[EventSeen, ...] = ()
    ) -> AccountId | None:
        """Make our rows what Stripe has of the customer now; return whose they are."""
        wanted_at = self._clock.now()
        async with self.turn(customer_id) as turn:
            if turn.asked_at is not None and turn.asked_at > wanted_at:
                # Somebody looked after these events had happened: that was their effect.
                await self._database.transact(
                    stripe_mirror.remember_all, events=events, now=self._clock.now()
                )
                return turn.account_id
            asked_at = self._clock.now()
            owner = await self._database.transact(stripe_mirror.owner, customer_id=customer_id)
            if owner is None:
                await self._take_stranger(customer_id)
                found = CustomerSeen(customer_id, asked_at, (), (), ())
            else:
                found = await self._see(customer_id, owner.open_session_ids, events, asked_at)
            turn.account_id = await self._database.transact(
                stripe_mirror.apply, found=found, events=events, now=self._clock.now()
            )
            turn.asked_at = asked_at
            return turn.account_id

    async def reconcile(self) -> None:
        """Find out what no webhook has told: lost events, overdue renewals, paid pages."""
        missed, newest = await self._missed_events()
        silent = await self._database.transact(stripe_mirror.due, now=self._clock.now())
        unseen = await self._database.transact(
            checkouts.to_look_up, created_before=self._clock.now() - LOOK_UP_AFTER
        )
        failures: list[ProviderError] = []
        for customer_id in dict.fromkeys((*missed, *silent, *unseen)):
            try:
                await self.refresh(customer_id, tuple(missed.get(customer_id, ())))
            except ProviderError as error:  # the others need not wait for this one
                failures.append(error)
        if failures:
            raise failures[0]
        if missed:
            log.warning("webhooks_made_up_for", customers=len(missed))
        if newest is not None:
            await self._database.transact(stripe_mirror.see_until, until=newest)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[Turn]:
        """Wait for one's turn at what is called so, in this process."""
        turn = self._turns.get(name)
        if turn is None:
            turn = self._turns[name] = Turn()
        async with turn.lock:
            yield turn

    async def _see(
        self,
        customer_id: str,
        session_ids: tuple[str, ...],
        events: tuple[EventSeen, ...],
        asked_at: datetime,
    ) -> CustomerSeen:
        """Read all of a customer; payment pages first, so that a paid one has its subscription."""
        pages = [
            await self._gateway.checkout(session_id)
            or CheckoutSeen(session_id, checkouts.EXPIRED, None)
            for session_id in session_ids
        ]
        subscriptions = await self._gateway.subscriptions(customer_id)
        may_be_gone = not subscriptions or any(event.kind == CUSTOMER_DELETED for event in events)
        return CustomerSeen(
            customer_id=customer_id,
            asked_at=asked_at,
            checkouts=tuple(pages),
            subscriptions=subscriptions,
            invoices=await self._gateway.invoices(customer_id),
            is_deleted=may_be_gone and not await self._gateway.is_customer(customer_id),
        )

    async def _take_stranger(self, customer_id: str) -> None:
        """End what a deleted account still subscribes to; leave others' customers alone."""
        log.info("customer_unknown", customer=customer_id)
        for one in await self._gateway.subscriptions(customer_id):
            if not one.is_live or one.account_id is None or one.site != self._site_url:
                continue
            if await self._database.transact(
                stripe_mirror.account_is_gone, account_id=one.account_id
            ):
                await self._gateway.cancel_subscription(one.subscription_id)
                log.warning("orphan_canceled", subscription=one.subscription_id)

    async def _missed_events(self) -> tuple[dict[str, list[EventSeen]], datetime | None]:
        """Return, by customer, what Stripe lists and no webhook has brought; and up to when."""
        since = await self._database.transact(stripe_mirror.seen_until)
        missed: dict[str, list[EventSeen]] = defaultdict(list)
        if since is None:
            return missed, None
        listed = await self._gateway.events(since=since - OVERLAP, kinds=HANDLED)
        fresh = await self._database.transact(
            stripe_mirror.unprocessed, event_ids=tuple(event.event_id for event in listed)
        )
        for event in listed:
            if event.event_id in fresh and event.customer_id is not None:
                missed[event.customer_id].append(event)
        return missed, max((event.created_at for event in listed), default=None)
