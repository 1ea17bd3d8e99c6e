"""The plan: what it costs, how it stands, and the ways to Stripe's pages and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from buddy_site import billing_words, paths, runtime, words
from buddy_site.gateways.billing import PortalPage
from buddy_site.state.followed import follow_account
from buddy_site.state.private import PrivateState, to_sign_in
from shared.database import StoreUnavailable
from shared.domain.billing import Standing
from shared.errors import DomainError, ProviderError
from shared.ids import AccountId
from shared.services import billing
from shared.services.billing import BillingView, PaymentView
from shared.wordings import ConsentKind, current

PAID, PORTAL = "paid", "portal"  # where a browser says that it comes back from
AGREED = ("on", "true", True)  # what a ticked box is in a form
# Seconds between two questions to Stripe while a payment is to be confirmed: webhooks mostly
# come within two, and whoever has left the page for the night needs no more of them.
PATIENCE = (2.0, 3.0, 5.0, 5.0, 5.0, 10.0, 20.0, 30.0, 60.0, 60.0, 120.0)
SLOW_AFTER = 4  # questions; that is a quarter of a minute

UNREACHABLE = "We can't reach Stripe right now. Nothing was charged; try again in a minute."
BUYING = (Standing.NONE, Standing.INCOMPLETE, Standing.CANCELED, Standing.REFUNDED)
RUNNING = (
    Standing.ACTIVE,
    Standing.PAST_DUE,
    Standing.LAPSED,
    Standing.NEEDS_ACTION,
    Standing.UNPAID,
    Standing.PAUSED,
)
RESUMING = {Standing.CANCELING: "Keep my plan", Standing.PAUSED: "Go on with my plan"}
OWING = (Standing.PAST_DUE, Standing.LAPSED, Standing.UNPAID, Standing.NEEDS_ACTION)


@dataclass
class PriceRow:
    """A price to choose."""

    lookup_key: str
    line: str
    note: str


@dataclass
class PaymentRow:
    """A bill as the list shows it."""

    when: str
    amount: str
    status: str
    url: str


class BillingState(PrivateState, rx.State):
    """The billing page."""

    is_loaded: bool = False
    standing: str = Standing.NONE.value
    title: str = ""
    tone: str = "info"
    lines: list[str] = []
    fair_use: str = ""
    prices: list[PriceRow] = []
    chosen: str = ""
    consent: str = ""
    payments: list[PaymentRow] = []

    may_buy: bool = False  # nothing runs that a second plan would double
    has_number: bool = False
    is_confirming: bool = False
    is_slow: bool = False
    is_running: bool = False
    resume: str = ""  # what going on with the plan is called, where it has to be asked for
    may_change_card: bool = False
    switch_to: str = ""
    pay_url: str = ""
    is_action: bool = False
    checkout_url: str = ""

    refusal: str = ""
    is_busy: bool = False

    @rx.event
    async def load(self) -> Any:
        """Show how it stands."""
        return await self._refresh(is_new=True)

    @rx.event(background=True)
    async def follow(self) -> AsyncIterator[Any]:
        """Keep the page as it is in the database while it is open."""
        async for event in follow_account(self, paths.BILLING):
            yield event

    @rx.event(background=True)
    async def confirm(self) -> AsyncIterator[Any]:
        """Ask Stripe for what its webhooks have not told yet, ever more rarely."""
        async with self:
            try:
                someone = await self._admitted()
            except StoreUnavailable:
                return
            returned, socket = self._came_from(), self.router.session.session_id
        if someone is None or not returned:
            return
        site = runtime.current()
        with site.hub.watch_account(someone.account_id) as watcher:
            for asked, patience in enumerate(PATIENCE):
                if returned == PAID:
                    await watcher.changed(patience)
                async with self:
                    if self.router.session.session_id != socket or self._came_from() != returned:
                        return
                    if returned == PAID and not self.is_confirming:
                        return
                await self._look(someone.account_id)
                async with self:
                    self.is_slow = asked >= SLOW_AFTER
                    event = await self._refresh()
                if event is not None:
                    yield event
                if event is not None or returned == PORTAL:
                    return
                yield

    @rx.event
    async def choose(self, lookup_key: Any) -> Any:
        """Show what would be agreed to for this price."""
        if not isinstance(lookup_key, str) or runtime.current().plan.price(lookup_key) is None:
            return None
        self.chosen, self.refusal = lookup_key, ""
        return await self._refresh()

    @rx.event
    async def subscribe(self, form: Any) -> AsyncIterator[Any]:
        """Lead to Stripe's page, once it was agreed that the plan renews by itself."""
        has_agreed = isinstance(form, dict) and form.get("renewal") in AGREED
        chosen = self.chosen
        if self.is_busy:
            return
        if not has_agreed:
            self.refusal = "Please tick the box: a plan renews by itself until you cancel it."
            return
        self.is_busy = True
        yield
        site = runtime.current()
        yield await self._leave(
            lambda account_id: site.billing.subscribe(
                account_id,
                lookup_key=chosen,
                wording_version=current(ConsentKind.RENEWAL).version,
            )
        )

    @rx.event
    async def manage(self, page: Any) -> Any:
        """Lead to a page of Stripe's portal."""
        if not isinstance(page, str) or page not in set(PortalPage):
            return None
        site = runtime.current()
        return await self._leave(
            lambda account_id: site.billing.portal(account_id, PortalPage(page))
        )

    async def _leave(self, ask: Any) -> EventSpec | None:
        """Go where Stripe says, or say why not."""
        self.refusal = ""
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(paths.BILLING)
            url = await ask(someone.account_id)
        except StoreUnavailable:
            self.refusal = words.TROUBLE
        except ProviderError:
            self.refusal = UNREACHABLE
        except DomainError as refusal:
            self.refusal = words.refusal(refusal)
        else:
            return rx.redirect(url)
        finally:
            self.is_busy = False
        return None

    async def _look(self, account_id: AccountId) -> None:
        try:
            await runtime.current().billing.news.look(account_id)
        except ProviderError:  # the database's, too: the page says so by itself
            return

    def _came_from(self) -> str:
        """Return where the browser says that it comes back from."""
        returned = self.router.url.query_parameters.get("returned", "")
        return returned if returned in (PAID, PORTAL) else ""

    async def _refresh(self, *, is_new: bool = False) -> Any:
        """Read anew; a page that was just opened has nothing to say about what went before."""
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(paths.BILLING)
            if is_new:
                self.refusal, self.is_busy, self.is_slow = "", False, False
            await self._read(someone.account_id)
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        self.is_loaded = True
        return None

    async def _read(self, account_id: AccountId) -> None:
        site, where = runtime.current(), words.zone(self._zone())
        view = await site.database.transact(
            billing.overview,
            account_id=account_id,
            has_returned=self._came_from() == PAID,
            now=site.clock.now(),
        )
        said = billing_words.standing(view, where)
        self.standing, self.title = view.standing.value, said.title
        self.tone, self.lines = said.tone, list(said.lines)
        self._show_prices(view)
        self._show_buttons(view)
        self.payments = [
            PaymentRow(
                when=billing_words.day(payment.created_at, where),
                amount=billing_words.money(_amount(payment)),
                status=billing_words.payment_status(payment),
                url=payment.url or "",
            )
            for payment in view.payments
        ]
        self.trouble = ""

    def _show_prices(self, view: BillingView) -> None:
        plan = runtime.current().plan
        self.fair_use = plan.fair_use
        self.prices = [
            PriceRow(
                price.lookup_key,
                billing_words.price_line(price),
                billing_words.price_note(price, plan),
            )
            for price in plan.prices
        ]
        chosen = plan.price(self.chosen) or plan.prices[0]
        self.chosen = chosen.lookup_key
        self.consent = current(ConsentKind.RENEWAL).text.format(
            price=billing_words.money(chosen.amount), interval=chosen.interval.value
        )
        self.has_number = view.has_verified_number

    def _show_buttons(self, view: BillingView) -> None:
        standing = view.standing
        self.may_buy = standing in BUYING
        self.is_confirming = standing is Standing.CONFIRMING
        self.is_running = standing in RUNNING
        self.resume = RESUMING.get(standing, "")
        self.may_change_card = view.has_customer and standing in (*RUNNING, Standing.CANCELING)
        subscription = view.subscription
        self.switch_to = (
            billing_words.other_interval(subscription.interval)
            if standing is Standing.ACTIVE and subscription is not None
            else ""
        )
        self.pay_url = (view.pay_url or "") if standing in OWING else ""
        self.is_action = standing is Standing.NEEDS_ACTION
        self.checkout_url = view.checkout_url or ""


def _amount(payment: PaymentView) -> Any:
    return payment.paid if payment.paid.minor > 0 else payment.due
