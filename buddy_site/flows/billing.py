"""Paying: from the button to Stripe's page, and from what Stripe says to our rows.

Nothing is believed from an event or from a browser that comes back: both only say whom to ask
about, and what Stripe answers then is what counts (ADR 14).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import structlog

from buddy_site import paths
from buddy_site.gateways.billing import Billing, CheckoutClosed, Missing, PortalPage
from buddy_site.transactions import Transactions
from shared.clock import Clock
from shared.domain.billing import CheckoutSeen, CustomerSeen, EventSeen, PriceSeen
from shared.domain.prices import PaidPlan, Price
from shared.errors import DomainError, ProviderError
from shared.ids import AccountId
from shared.services import billing, checkouts, stripe_mirror
from shared.services.checkouts import AlreadySubscribed, StartedCheckout

PROVIDER: Final = "stripe"
OVERLAP = timedelta(minutes=10)  # events become visible late; reading one twice does no harm
LOOK_UP_AFTER = timedelta(minutes=1)  # an open payment page of which no webhook has told
SPACING = timedelta(seconds=2)  # between two looks at Stripe that one account's pages ask for
KNOWN_LOOKS = 1024
TRIES = 3  # at a payment page, when what was there turns out to be over

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


class PriceUnavailable(DomainError):
    """We don't sell it: nobody does, or Stripe would charge something else than we show."""

    code = "price_unavailable"


class NothingToManage(DomainError):
    """The account has never paid, so there is no portal for it."""

    code = "nothing_to_manage"


@dataclass(slots=True, eq=False, weakref_slot=True)
class _Turn:
    """Who looks at one customer now; those who wait share the next look."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at: datetime | None = None  # of the last look that came through
    account_id: AccountId | None = None


class BillingFlow:
    """One site's dealings with Stripe."""

    def __init__(
        self,
        database: Transactions,
        gateway: Billing,
        clock: Clock,
        *,
        site_url: str,
        plan: PaidPlan,
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._clock = clock
        self._site_url = site_url.rstrip("/")
        self._plan = plan
        self._turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
        self._looked: OrderedDict[str, datetime] = OrderedDict()

    # What buttons do.

    async def subscribe(
        self, account_id: AccountId, *, lookup_key: str, wording_version: str
    ) -> str:
        """Return where to pay, or the portal for who pays already."""
        price = self._plan.price(lookup_key)
        if price is None:
            message = "no such price"
            raise PriceUnavailable(message)
        async with self._turn(f"checkout:{account_id}"):
            for _ in range(TRIES):
                try:
                    started = await self._database.transact(
                        checkouts.start,
                        account_id=account_id,
                        lookup_key=lookup_key,
                        wording_version=wording_version,
                        now=self._clock.now(),
                    )
                except AlreadySubscribed:
                    return await self.portal(account_id, PortalPage.HOME)
                if (url := await self._pay_page(started, price)) is not None:
                    return url
        message = "the payment page was over each time"
        raise ProviderError(PROVIDER, message, retryable=True)

    async def portal(self, account_id: AccountId, page: PortalPage) -> str:
        """Return the address of Stripe's portal, at the page that was asked for."""
        found = await self._database.transact(billing.manageable, account_id=account_id)
        if found is None:
            message = "the account is no customer"
            raise NothingToManage(message)
        customer_id, subscription_id = found
        try:
            return await self._gateway.portal(
                customer_id=customer_id,
                page=page,
                subscription_id=subscription_id,
                return_url=self._return_url("portal"),
            )
        except Missing:
            await self.refresh(customer_id)
            message = "Stripe has no such customer"
            raise NothingToManage(message) from None

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

    # What Stripe sets in motion.

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
        async with self._turn(customer_id) as turn:
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

    async def erase(self, customer_id: str) -> None:
        """Have Stripe end what the customer subscribes to, and delete the customer."""
        await self._gateway.delete_customer(customer_id)

    # The steps of it.

    async def _pay_page(self, started: StartedCheckout, price: Price) -> str | None:
        """Return where to pay; None where what was there is over, and has to be begun again."""
        if not await self._close(started.others) and started.customer_id is not None:
            await self.refresh(started.customer_id)
            return None
        if started.session_id is not None and started.customer_id is not None:
            found = await self._gateway.checkout(started.session_id)
            if found is not None and found.status == checkouts.OPEN and found.url is not None:
                return found.url
            await self.refresh(started.customer_id)
            return None
        try:
            return await self._make_page(started, price)
        except Missing as error:
            if error.what != "customer" or started.customer_id is None:
                await self._give_up(started)
                raise ProviderError(PROVIDER, str(error), retryable=False) from error
            await self._database.transact(
                checkouts.forget_customer,
                account_id=started.account_id,
                customer_id=started.customer_id,
                now=self._clock.now(),
            )
            return None
        except (DomainError, ProviderError) as error:
            # What may have reached Stripe is taken up again under the same keys.
            if not (isinstance(error, ProviderError) and error.retryable):
                await self._give_up(started)
            raise

    async def _make_page(self, started: StartedCheckout, price: Price) -> str:
        price_id = _sold(price, await self._gateway.price(price.lookup_key))
        customer_id = started.customer_id
        if customer_id is None:
            customer_id = await self._database.transact(
                checkouts.keep_customer,
                account_id=started.account_id,
                customer_id=await self._gateway.create_customer(
                    account_id=started.account_id,
                    email=started.email,
                    idempotency_key=f"customer-{started.checkout_id}",
                ),
                now=self._clock.now(),
            )
        made = await self._gateway.create_checkout(
            customer_id=customer_id,
            account_id=started.account_id,
            price_id=price_id,
            success_url=self._return_url("paid"),
            cancel_url=self._return_url("left"),
            expires_at=started.expires_at,
            idempotency_key=f"checkout-{started.checkout_id}",
        )
        if made.url is None:
            message = "a payment page without an address"
            raise ProviderError(PROVIDER, message, retryable=False)
        await self._database.transact(
            checkouts.opened,
            checkout_id=started.checkout_id,
            session_id=made.session_id,
            url=made.url,
        )
        log.info("checkout_opened", checkout=started.checkout_id, price=price.lookup_key)
        return made.url

    async def _give_up(self, started: StartedCheckout) -> None:
        await self._database.transact(
            checkouts.fail, checkout_id=started.checkout_id, now=self._clock.now()
        )

    async def _close(self, sessions: Iterable[str]) -> bool:
        """Close payment pages for other prices; False where one was over already."""
        were_open = True
        for session_id in sessions:
            try:
                await self._gateway.expire_checkout(session_id)
            except CheckoutClosed:
                were_open = False
                continue
            await self._database.transact(
                checkouts.end,
                session_id=session_id,
                status=checkouts.EXPIRED,
                now=self._clock.now(),
            )
        return were_open

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
        for one in await self._gateway.subscriptions(customer_id):
            if not one.is_live or one.account_id is None or one.site != self._site_url:
                continue
            if await self._database.transact(
                stripe_mirror.account_is_gone, account_id=one.account_id
            ):
                await self._gateway.cancel_subscription(one.subscription_id)
                log.warning("orphan_canceled", subscription=one.subscription_id)
                return
        log.info("customer_unknown", customer=customer_id)

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

    @asynccontextmanager
    async def _turn(self, name: str) -> AsyncIterator[_Turn]:
        turn = self._turns.get(name)
        if turn is None:
            turn = self._turns[name] = _Turn()
        async with turn.lock:
            yield turn

    def _return_url(self, outcome: str) -> str:
        return f"{self._site_url}{paths.BILLING}/?returned={outcome}"


def _sold(price: Price, found: PriceSeen | None) -> str:
    """Return the id of Stripe's price if it is just what we show."""
    shown = (price.amount, price.interval.value, 1, True)
    if (
        found is None
        or (
            found.amount,
            found.interval,
            found.interval_count,
            found.is_active,
        )
        != shown
    ):
        log.error("price_differs", price=price.lookup_key)
        message = f"Stripe does not have {price.lookup_key} as we show it"
        raise PriceUnavailable(message)
    return found.price_id
