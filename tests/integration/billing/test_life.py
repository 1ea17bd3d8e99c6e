"""A whole life of a subscription at the sandbox's Stripe, with every webhook as bad as can be.

At every station our rows are compared with the vendor's own books, one by one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import Session, select

from buddy_site.flows.billing import BillingFlow
from buddy_site.gateways.billing import PortalPage
from buddy_site.gateways.stripe_billing import StripeBilling
from sandbox.config import SandboxConfig
from sandbox.serving import serving
from sandbox.stripe.app import create_app
from shared.database import Database
from shared.domain.billing import Standing
from shared.ids import AccountId
from shared.seed.prices import paid_plan
from shared.services import billing, entitlements
from shared.tables.billing import Payment, Subscription
from tests.integration.billing.site import webhook_of
from tests.support.paying import MONTHLY, SITE, WORDING, paying_account

MONTH = timedelta(days=31, hours=2)  # a renewal's bill is made final an hour after the period


@dataclass
class MovedClock:
    """The wall clock, moved as far as the vendor's."""

    moved: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved


@dataclass
class Life:
    """The vendor, our site's part in it, and whose life it is."""

    database: Database
    clock: MovedClock
    flow: BillingFlow
    stripe: StripeBilling
    http: httpx2.AsyncClient
    account_id: AccountId

    async def control(self, path: str, **body: Any) -> Any:
        answer = await self.http.post(f"/_control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def settle(self) -> None:
        await self.control("webhooks", settle=True)

    async def pass_time(self, span: timedelta) -> None:
        """Let time pass at both ends, and all webhooks come."""
        self.clock.moved += span
        await self.control("clock", advance_seconds=int(span.total_seconds()))
        await self.settle()

    async def press(self, address: str, **form: str) -> str:
        """Send the form of a page that the vendor hosts; return where it leads."""
        path = address.removeprefix(str(self.http.base_url).rstrip("/"))
        answer = await self.http.post(path, data=form)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def task(self, page: PortalPage) -> str:
        """Return the task that a deep link into the portal leads to."""
        url = await self.flow.portal(self.account_id, page)
        answer = await self.http.get(url)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async def use_card(self, card: str) -> str:
        return await self.press(await self.task(PortalPage.PAYMENT_METHOD), card=card)

    def standing(self) -> Standing:
        return self.view().standing

    def view(self) -> billing.BillingView:
        return self.database.transact_now(
            billing.overview, account_id=self.account_id, has_returned=False, now=self.clock.now()
        )

    def is_unlimited(self) -> bool:
        return self.database.transact_now(
            entitlements.of, self.account_id, now=self.clock.now()
        ).is_unlimited

    async def compared(self) -> dict[str, int]:
        """Return what was paid and refunded, after comparing all rows with the vendor's books."""
        await self.settle()
        state = (await self.http.get("/_control/state")).json()
        ours, bills, subscriptions = self.database.transact_now(self._rows)
        assert subscriptions == {
            row["id"]: (row["status"], row["lookup_key"], row["current_period_end"])
            for row in state["subscriptions"]
        }
        assert bills == {
            row["id"]: (row["status"], row["amount_paid"], row["currency"], row["subscription"])
            for row in state["invoices"]
            if row["status"] != "draft"
        }
        theirs = {"paid": state["paid"], "refunded": state["refunded"]}
        assert ours == theirs
        return ours

    @staticmethod
    def _rows(session: Session) -> tuple[dict[str, int], dict[str, Any], dict[str, Any]]:
        payments = session.exec(select(Payment)).all()
        money = {
            "paid": sum(row.paid_minor for row in payments if row.status == "paid"),
            "refunded": sum(row.refunded_minor for row in payments),
        }
        bills = {
            row.invoice_id: (row.status, row.paid_minor, row.currency, row.subscription_id)
            for row in payments
        }
        subscriptions = {
            row.id: (row.status, row.lookup_key, int(row.current_period_end.timestamp()))
            for row in session.exec(select(Subscription))
        }
        return money, bills, subscriptions


@pytest.fixture
async def life(database: Database) -> AsyncIterator[Life]:
    clock = MovedClock()
    app = create_app(SandboxConfig(stripe_webhook_url=""))
    async with serving(app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        gateway = StripeBilling(
            secret_key="sk_test_sandbox",
            webhook_secret="whsec_sandbox",
            site_url=SITE,
            base_url=url,
        )
        flow = BillingFlow(database, gateway, clock, site_url=SITE, plan=paid_plan())
        async with webhook_of(gateway, flow) as webhook:
            life = Life(database, clock, flow, gateway, http, paying_account(database))
            await life.control("seed", webhook_url=webhook)
            yield life
        await gateway.close()


async def subscribed(life: Life, *, card: str = "good") -> None:
    url = await life.flow.subscribe(life.account_id, lookup_key=MONTHLY, wording_version=WORDING)
    await life.press(url, card=card)
    await life.settle()


async def test_a_life_from_the_first_payment_to_the_refund(life: Life) -> None:
    await subscribed(life)
    assert (life.standing(), life.is_unlimited()) == (Standing.ACTIVE, True)
    assert await life.compared() == {"paid": 1499, "refunded": 0}

    # Three renewals: doubled, turned round, and lost.
    for mischief in ({"duplicate": 20}, {"reorder": True}, {"drop": 20}):
        await life.control("webhooks", **mischief)
        await life.pass_time(MONTH)
        await life.control("webhooks", duplicate=0, reorder=False, drop=0)
    await life.flow.news.reconcile()
    assert await life.compared() == {"paid": 4 * 1499, "refunded": 0}

    # A renewal that fails, while they go on talking; another card, and it is paid.
    await life.control("webhooks", reorder=True, duplicate=10)
    await life.use_card("fails_later")
    await life.pass_time(MONTH)
    assert (life.standing(), life.is_unlimited()) == (Standing.PAST_DUE, True)
    assert (await life.compared())["paid"] == 4 * 1499
    await life.press(await life.use_card("good"), confirm="yes")
    await life.settle()
    assert (life.standing(), life.is_unlimited()) == (Standing.ACTIVE, True)
    assert (await life.compared())["paid"] == 5 * 1499

    # From months to years, at once.
    choosing = await life.task(PortalPage.SWITCH)
    confirming = await life.press(choosing, price="price_sandboxYearly")
    await life.press(confirming, confirm="yes")
    paid = (await life.compared())["paid"]
    view = life.view()
    assert paid > 5 * 1499 + 10_000
    assert view.subscription is not None
    assert (view.subscription.interval, view.standing) == ("year", Standing.ACTIVE)

    # Canceled, kept after all, canceled again; and the money of the year goes back.
    await life.press(await life.task(PortalPage.CANCEL), confirm="yes")
    await life.settle()
    assert life.standing() is Standing.CANCELING
    portal = await life.flow.portal(life.account_id, PortalPage.HOME)
    await life.press(f"{portal}/subscriptions/{view.subscription.subscription_id}/resume")
    await life.settle()
    assert life.standing() is Standing.ACTIVE
    await life.press(await life.task(PortalPage.CANCEL), confirm="yes")
    client = life.stripe._transport.client
    (charge, *_) = (await client.v1.charges.list_async({"limit": 1})).data
    await client.v1.refunds.create_async({"charge": charge.id})
    assert await life.compared() == {"paid": paid, "refunded": charge.amount}

    await life.pass_time(timedelta(days=370))
    assert (life.standing(), life.is_unlimited()) == (Standing.REFUNDED, False)
    assert await life.compared() == {"paid": paid, "refunded": charge.amount}


async def test_a_card_that_never_pays_again_ends_the_grace_and_the_plan(life: Life) -> None:
    await subscribed(life)
    await life.use_card("fails_later")

    await life.pass_time(MONTH)
    in_grace = (life.standing(), life.is_unlimited())
    await life.pass_time(timedelta(days=8))
    after_grace = (life.standing(), life.is_unlimited())
    await life.pass_time(timedelta(days=30))

    assert in_grace == (Standing.PAST_DUE, True)
    assert after_grace == (Standing.LAPSED, False)
    assert (life.standing(), life.is_unlimited()) == (Standing.CANCELED, False)
    assert await life.compared() == {"paid": 1499, "refunded": 0}


async def test_a_bank_that_asks_is_answered_on_the_bills_page(life: Life) -> None:
    await subscribed(life)
    asking = await life.use_card("asks_always")
    await life.press(asking, answer="approve")

    await life.pass_time(MONTH)
    view = life.view()
    assert (view.standing, view.pay_url is not None) == (Standing.NEEDS_ACTION, True)
    await life.press(f"{view.pay_url}/challenge", answer="approve")
    await life.settle()

    assert life.standing() is Standing.ACTIVE
    assert await life.compared() == {"paid": 2 * 1499, "refunded": 0}


async def test_a_first_card_that_is_declined_begins_nothing(life: Life) -> None:
    await subscribed(life, card="declined")
    assert (life.standing(), life.is_unlimited()) == (Standing.INCOMPLETE, False)
    assert life.view().payments == ()

    await subscribed(life)  # the same page, which is still open

    assert (life.standing(), life.is_unlimited()) == (Standing.ACTIVE, True)
    assert (await life.compared())["paid"] == 1499


async def test_an_erased_account_leaves_no_customer_that_pays(life: Life) -> None:
    await subscribed(life)
    (customer,) = {
        row["customer"] for row in (await life.http.get("/_control/state")).json()["subscriptions"]
    }

    await life.flow.erase(customer)
    await life.flow.erase(customer)
    await life.settle()

    assert not await life.stripe.is_customer(customer)
    assert (life.standing(), life.is_unlimited()) == (Standing.CANCELED, False)
