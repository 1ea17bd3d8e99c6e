"""Paying as people do: to Stripe's pages and back, with cards that work and cards that don't."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from shared.phone import PhoneNumber
from shared.services import consents, phone_lines
from shared.wordings import ConsentKind, current
from tests.e2e.conftest import Visit
from tests.e2e.pages.billing import BillingPage
from tests.e2e.running_site import RunningSite

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def stripe(site: RunningSite) -> AsyncIterator[httpx2.AsyncClient]:
    """Steer the sandbox's Stripe, and leave it as it was."""
    async with httpx2.AsyncClient(base_url=site.stripe_url) as http:
        yield http
        await http.post("/_control/webhooks", json={"drop": 0})


async def payer(site: RunningSite, visit: Visit, *, width: int = 1280, mode: str = "light") -> Page:
    """Open the page as a grown-up with a verified number, signed in."""
    name = uuid.uuid4().hex[:10]
    token = site.token_for(f"payer-{name}")
    account_id, now = site.account_of(token), datetime.now(UTC)
    site.database.transact_now(
        consents.give,
        account_id=account_id,
        kind=ConsentKind.ADULT,
        wording_version=current(ConsentKind.ADULT).version,
        now=now,
    )
    site.database.transact_now(
        phone_lines.attach_verified,
        account_id=account_id,
        number=PhoneNumber(f"+1415555{int(name[:4], 16) % 10_000:04d}"),
        now=now,
    )
    page = await visit("/", mode=mode, width=width)
    await page.context.add_cookies([{"name": "buddy_session", "value": token, "url": site.url}])
    return page


async def test_a_plan_is_bought_canceled_in_two_clicks_and_kept_after_all(
    site: RunningSite, visit: Visit
) -> None:
    billing = await BillingPage(await payer(site, visit, width=320, mode="dark")).open()
    await expect(billing.title).to_have_text("No plan")
    await expect(billing.consent).not_to_be_checked()
    assert (await billing.width(), await billing.flaws()) == (320, [])

    await billing.page.get_by_role("button", name="Continue to payment").click()
    await expect(billing.alert).to_contain_text("Please tick the box")
    await billing.choose("$149.00 a year")
    await billing.go_to_payment()
    await expect(billing.page.get_by_test_id("due")).to_have_text("$149.00")
    await billing.back("back")
    await expect(billing.title).to_have_text("No plan")
    await billing.choose("$14.99 a month")
    await billing.go_to_payment()
    await billing.press("pay-declined")
    await expect(billing.page.get_by_test_id("error")).to_be_visible()
    await billing.back("pay")

    await expect(billing.title).to_have_text("Unlimited")
    await expect(billing.plan).to_contain_text("we will charge $14.99 to your card")
    await expect(billing.bills).to_have_count(1)
    assert (await billing.width(), await billing.flaws()) == (320, [])

    await billing.manage("Cancel plan")
    await billing.back("confirm-cancel")
    await expect(billing.title).to_have_text("Your plan is canceled")
    await expect(billing.plan).to_contain_text("Nothing more will be charged.")
    await billing.manage("Keep my plan")
    await billing.press("resume")
    await billing.back("return")
    await expect(billing.title).to_have_text("Unlimited")


async def test_a_payment_that_no_webhook_tells_of_is_confirmed_all_the_same(
    site: RunningSite, visit: Visit, stripe: httpx2.AsyncClient
) -> None:
    await stripe.post("/_control/webhooks", json={"drop": 100})
    billing = await BillingPage(await payer(site, visit)).open()
    await billing.go_to_payment()

    await billing.press("pay-asks-once")
    await billing.press("challenge-fail")
    await expect(billing.page.get_by_test_id("error")).to_be_visible()
    await billing.press("pay-asks-once")
    await billing.back("challenge-approve")

    await expect(billing.title).to_have_text("Confirming your payment")
    await expect(billing.title).to_have_text("Unlimited")
