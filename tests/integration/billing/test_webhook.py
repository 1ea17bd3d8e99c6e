"""Stripe's webhook as anyone on the network can reach it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import stripe
from sqlmodel import Session, func, select

from buddy_site.gateways.stripe_billing import StripeBilling
from shared.database import StoreUnavailable
from shared.ids import AccountId
from shared.services import entitlements
from shared.tables.billing import ProcessedWebhook, Subscription
from tests.integration.billing.site import webhook_of
from tests.support.paying import SITE, Till, VendorClock, paying_account

SECRET = "whsec_of_this_test"


class Outage:
    """A database that can be away."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.is_away = False

    async def transact(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_away:
            message = "away"
            raise StoreUnavailable(message)
        return await self._database.transact(*args, **kwargs)


@dataclass
class Door:
    """The webhook, whoever knocks, and what is behind it."""

    till: Till
    outage: Outage
    url: str
    http: httpx2.AsyncClient

    async def knock(self, body: bytes, signature: str | None) -> int:
        headers = {"Stripe-Signature": signature} if signature is not None else {}
        answer = await self.http.post(self.url, content=body, headers=headers)
        return answer.status_code

    def traces(self) -> tuple[int, int]:
        """Return how many subscriptions and events are kept."""

        def count(session: Session) -> tuple[int, int]:
            subscriptions = session.exec(select(func.count()).select_from(Subscription)).one()
            events = session.exec(select(func.count()).select_from(ProcessedWebhook)).one()
            return subscriptions, events

        return self.till.database.transact_now(count)


@pytest.fixture
async def door(till: Till) -> AsyncIterator[Door]:
    outage: Any = Outage(till.database)
    gateway = StripeBilling(secret_key="sk_test_x", webhook_secret=SECRET, site_url=SITE)
    till.flow = type(till.flow)(
        outage, till.vendor, VendorClock(till.vendor), site_url=SITE, plan=till.flow._plan
    )
    async with (
        webhook_of(gateway, till.flow) as url,
        httpx2.AsyncClient(timeout=20) as http,
    ):
        yield Door(till, outage, url, http)


async def paid(till: Till) -> bytes:
    """Have somebody pay; return the webhook's body, of which only the ids count."""
    account_id = paying_account(till.database)
    url = await till.begin(account_id)
    till.vendor.pay(url.rpartition("/")[2])
    event = till.vendor.happened[-1]
    return json.dumps(
        {
            "id": event.event_id,
            "object": "event",
            "type": event.kind,
            "created": int(event.created_at.timestamp()),
            "data": {
                "object": {
                    "id": "cs_1",
                    "object": "checkout.session",
                    "customer": event.customer_id,
                    "status": "expired",  # a lie that nobody may believe
                }
            },
        }
    ).encode()


def signed(body: bytes, *, secret: str = SECRET, age: timedelta = timedelta()) -> str:
    moment = int(time.time() - age.total_seconds())  # noqa: TID251 - Stripe signs by the wall clock
    header: str = stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret, timestamp=moment
    )
    return header


async def test_a_signed_event_has_its_effect_before_it_is_answered(door: Door) -> None:
    body = await paid(door.till)

    statuses = [await door.knock(body, signed(body)) for _ in range(2)]

    (account_id,) = door.till.vendor.customers.values()
    found = door.till.database.transact_now(
        entitlements.of, AccountId(account_id), now=door.till.vendor.now
    )
    assert (statuses, door.traces(), found.is_unlimited) == ([200, 200], (1, 1), True)


async def test_what_stripe_did_not_sign_just_now_is_refused_and_leaves_nothing(door: Door) -> None:
    body = await paid(door.till)
    hour = timedelta(hours=1)
    not_json = b"not json at all"
    knocks = {
        "unsigned": (body, None),
        "empty": (body, ""),
        "nonsense": (body, "t=now,v1=zz"),
        "another secret": (body, signed(body, secret="whsec_guess")),
        "another body": (body.replace(b"evt_", b"evt-"), signed(body)),
        "old": (body, signed(body, age=hour)),
        "of the future": (body, signed(body, age=-hour)),
        "no event": (not_json, signed(not_json)),
        "no object": (b"[]", signed(b"[]")),
        "no bytes": (b"", signed(b"")),
    }

    answers = {name: await door.knock(*knock) for name, knock in knocks.items()}

    assert answers == dict.fromkeys(knocks, 400)
    assert door.traces() == (0, 0)


async def test_a_body_without_end_is_not_read(door: Door) -> None:
    body = b"x" * (600 * 1024)

    assert await door.knock(body, signed(body)) == 413
    assert door.traces() == (0, 0)


async def test_only_a_post_is_taken(door: Door) -> None:
    assert (await door.http.get(door.url)).status_code == 405


async def test_stripe_is_asked_to_come_again_while_something_is_away(door: Door) -> None:
    body = await paid(door.till)

    door.outage.is_away = True
    without_database = await door.knock(body, signed(body))
    door.outage.is_away = False
    door.till.vendor.fail_next("subscriptions")
    without_stripe = await door.knock(body, signed(body))
    before = door.traces()
    then = await door.knock(body, signed(body))

    assert (without_database, without_stripe, then) == (503, 503, 200)
    assert (before, door.traces()) == ((0, 0), (1, 1))


async def test_kinds_that_mean_nothing_here_are_thanked_for(door: Door) -> None:
    body = (await paid(door.till)).replace(b"checkout.session.completed", b"product.created")

    assert await door.knock(body, signed(body)) == 200
    assert door.traces() == (0, 0)
