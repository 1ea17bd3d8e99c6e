"""Paying: from the button to Stripe's page, one for an account and price, whatever is clicked.

What comes of it is not believed from the browser that comes back: `news` asks Stripe.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import structlog

from buddy_site import paths
from buddy_site.flows.pace import Pace
from buddy_site.flows.stripe_news import StripeNews
from buddy_site.gateways.billing import Billing, CheckoutClosed, Missing, PortalPage
from buddy_site.transactions import Transactions
from shared.clock import Clock
from shared.domain.billing import PriceSeen
from shared.domain.prices import PaidPlan, Price
from shared.errors import DomainError, ProviderError
from shared.ids import AccountId
from shared.services import billing, checkouts
from shared.services.checkouts import AlreadySubscribed, StartedCheckout

PROVIDER: Final = "stripe"
BUTTONS, BUTTONS_SPAN = 20, timedelta(minutes=1)  # each asks Stripe, which limits us as a whole
TRIES = 3  # at a payment page, when what was there turns out to be over

log = structlog.get_logger()


class PriceUnavailable(DomainError):
    """We don't sell it: nobody does, or Stripe would charge something else than we show."""

    code = "price_unavailable"


class NothingToManage(DomainError):
    """The account has never paid, so there is no portal for it."""

    code = "nothing_to_manage"


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
        self._pace = Pace(times=BUTTONS, span=BUTTONS_SPAN)
        self.news = StripeNews(database, gateway, clock, site_url=site_url)

    async def subscribe(
        self, account_id: AccountId, *, lookup_key: str, wording_version: str
    ) -> str:
        """Return where to pay, or the portal for who pays already."""
        price = self._plan.price(lookup_key)
        if price is None:
            message = "no such price"
            raise PriceUnavailable(message)
        self._pace.keep(account_id, self._clock.now())
        async with self.news.turn(f"checkout:{account_id}"):
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
                    return await self._visit(account_id, PortalPage.HOME)
                if (url := await self._pay_page(started, price)) is not None:
                    return url
        message = "the payment page was over each time"
        raise ProviderError(PROVIDER, message, retryable=True)

    async def portal(self, account_id: AccountId, page: PortalPage) -> str:
        """Return the address of Stripe's portal, at the page that was asked for."""
        self._pace.keep(account_id, self._clock.now())
        return await self._visit(account_id, page)

    async def erase(self, customer_id: str) -> None:
        """Have Stripe end what the customer subscribes to, and delete the customer."""
        await self._gateway.delete_customer(customer_id)

    async def _visit(self, account_id: AccountId, page: PortalPage) -> str:
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
            await self.news.refresh(customer_id)
            message = "Stripe has no such customer"
            raise NothingToManage(message) from None

    async def _pay_page(self, started: StartedCheckout, price: Price) -> str | None:
        """Return where to pay; None where what was there is over, and has to be begun again."""
        if not await self._close(started.others) and started.customer_id is not None:
            await self.news.refresh(started.customer_id)
            return None
        if started.session_id is not None and started.customer_id is not None:
            found = await self._gateway.checkout(started.session_id)
            if found is not None and found.status == checkouts.OPEN and found.url is not None:
                return found.url
            await self.news.refresh(started.customer_id)
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

    def _return_url(self, outcome: str) -> str:
        return f"{self._site_url}{paths.BILLING}/?returned={outcome}"


def _sold(price: Price, found: PriceSeen | None) -> str:
    """Return the id of Stripe's price if it is just what we show."""
    if found is not None:
        theirs = (found.amount, found.interval, found.interval_count, found.is_active)
        if theirs == (price.amount, price.interval.value, 1, True):
            return found.price_id
    log.error("price_differs", price=price.lookup_key)
    message = f"Stripe does not have {price.lookup_key} as we show it"
    raise PriceUnavailable(message)
