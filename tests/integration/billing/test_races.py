"""Webhooks over many processes, at once, twice, in any order, while Stripe's answers come late."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from buddy_site.flows.billing import BillingFlow
from shared.database import Database
from shared.domain.billing import EventSeen, SubscriptionSeen
from shared.seed.prices import paid_plan
from tests.integration.billing.test_mirror import at_stripe, rows
from tests.support.fake_billing import FakeBilling
from tests.support.paying import SITE, Till, paying_account

LIVES = 4
CHANGES = 6
PATIENCE_SECONDS = 30.0


class TickingClock:
    """Goes on by a microsecond at every look, as the wall clock does at least."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return self._now


class LateBilling(FakeBilling):
    """Keeps some answers on their way until all others have arrived."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__(site_url=SITE)
        self.may_be_late = True
        self.late = 0
        self.arrive = asyncio.Event()
        self._dice = dice

    async def subscriptions(self, customer_id: str) -> tuple[SubscriptionSeen, ...]:
        found = await super().subscriptions(customer_id)
        if self.may_be_late and self._dice.random() < 0.4:
            self.late += 1
            await self.arrive.wait()
        return found


def change(vendor: FakeBilling, subscription_id: str, dice: random.Random) -> None:
    """Let something become of a subscription."""
    _, now = vendor.subscription(subscription_id)
    changes: list[Callable[[], object]] = [
        lambda: vendor.renew(subscription_id),
        lambda: vendor.renew(subscription_id, is_paid=False),
        lambda: vendor.change(subscription_id, cancel_at_period_end=not now.cancel_at_period_end),
    ]
    dice.choice(changes)()


@pytest.mark.parametrize("seed", range(LIVES))
async def test_rows_end_as_stripe_has_them_whatever_comes_last(
    database: Database, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same each time, to be looked into
    vendor, clock = LateBilling(dice), TickingClock()
    till = Till(database, vendor)
    url = await till.begin(paying_account(database))
    subscription_id = vendor.pay(url.rpartition("/")[2])
    deliveries: set[asyncio.Task[None]] = set()

    def deliver(events: list[EventSeen]) -> None:
        for event in events:  # to a process each
            process = BillingFlow(database, vendor, clock, site_url=SITE, plan=paid_plan())
            deliveries.add(asyncio.create_task(process.news.take_webhook(event)))

    async with asyncio.timeout(PATIENCE_SECONDS):
        for number in range(CHANGES):
            vendor.may_be_late = number < CHANGES - 1
            told = len(vendor.happened)
            change(vendor, subscription_id, dice)
            deliver([*vendor.happened[told:], *dice.sample(vendor.happened, k=2)])
            while sum(not task.done() for task in deliveries) > vendor.late:
                await asyncio.wait(deliveries, timeout=0.01)
        late = vendor.late
        vendor.arrive.set()
        await asyncio.gather(*deliveries)

    assert late > 0
    assert rows(till) == at_stripe(till)
