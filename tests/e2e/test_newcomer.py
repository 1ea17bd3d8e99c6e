"""From the landing page to a paid account and a live call, with nothing but a browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from sandbox.config import SandboxConfig
from tests.e2e.conftest import PATIENCE_MS, Visit
from tests.e2e.pages.billing import BillingPage
from tests.e2e.pages.call import CallPage
from tests.e2e.pages.calls import CallsPage
from tests.e2e.pages.home import HomePage
from tests.e2e.pages.landing import LandingPage
from tests.e2e.pages.phone import PhonePage
from tests.e2e.pages.sign_in import SignInPage
from tests.e2e.pages.telephone import Telephone
from tests.e2e.running_site import RunningSite
from tests.support.serving import serving
from tests.support.voice_service import (
    SHORT_WORDS,
    say_no_fillers,
    shorten_greetings,
    voice_settings,
)
from voice.app import create_app

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBER = "+14155550141"
NEWCOMER = {
    "sub": "nora",
    "email": "nora@gotobuddy.example",
    "name": "Nora New",
    "given_name": "Nora",
}
WORDS = "is the kettle on"
MONTHLY_MINOR = 1499


@pytest_asyncio.fixture(loop_scope="session")
async def voice(site: RunningSite) -> AsyncIterator[None]:
    """Run a voice service where the site's own Twilio looks for it."""
    folder, found = Path(site.environment["BUDDY_DATA_DIR"]), site.vendors
    vendors = {
        "twilio": found.twilio_url,
        "deepgram": found.deepgram_url,
        "openai": found.openai_url,
    }
    settings = voice_settings(site.database_urls, folder, port=site.voice_port, vendors=vendors)
    site.database.transact_now(shorten_greetings)
    site.database.transact_now(say_no_fillers)
    app = create_app(settings, announcements=SHORT_WORDS)
    async with serving(app, port=site.voice_port):
        yield


@pytest_asyncio.fixture(loop_scope="session")
async def nora(site: RunningSite) -> AsyncIterator[None]:
    """Have somebody at Google whom the site has never seen."""
    async with httpx2.AsyncClient(base_url=site.google_url) as google:
        await google.post("/_control/seed", json={"accounts": [NEWCOMER]})
        yield
        await google.post("/_control/reset")


@dataclass(frozen=True)
class Books:
    """What our database says of an account."""

    talk_seconds: int
    line_seconds: int | None  # as Twilio's last status callback said
    booked_seconds: int
    is_balanced: bool
    paid_minor: int
    plan: str


def our_books(site: RunningSite) -> Books:
    with psycopg.connect(site.database_urls.direct) as connection:
        row = connection.execute(
            """
            SELECT c.talk_seconds, c.line_seconds,
                   (SELECT sum(used_seconds)::int FROM ledger_entry l
                     WHERE l.account_id = c.account_id),
                   (SELECT t.seconds_left = coalesce(sum(l.seconds), 0) FROM ledger_entry l
                     WHERE l.account_id = c.account_id),
                   (SELECT sum(paid_minor)::int FROM payment p WHERE p.account_id = c.account_id),
                   (SELECT status FROM subscription s WHERE s.account_id = c.account_id)
              FROM call c
              JOIN google_identity g ON g.account_id = c.account_id AND g.subject = 'nora'
              JOIN talk_time t ON t.account_id = c.account_id
            """
        ).fetchall()
    assert len(row) == 1
    return Books(*row[0])


async def vendors_books(site: RunningSite, call_id: str) -> tuple[int, int]:
    """Return the seconds that Twilio would bill for the call, and what Stripe has taken."""
    with psycopg.connect(site.database_urls.direct) as connection:
        ids = connection.execute(
            "SELECT c.call_sid, b.stripe_customer_id FROM call c"
            " JOIN billing_customer b ON b.account_id = c.account_id WHERE c.id = %s",
            (call_id,),
        ).fetchone()
    assert ids is not None
    call_sid, customer = ids
    config = SandboxConfig()
    async with httpx2.AsyncClient(auth=(config.account_sid, config.auth_token)) as http:
        call = await http.get(
            f"{site.twilio_url}/api/2010-04-01/Accounts/{config.account_sid}/Calls/{call_sid}.json"
        )
        state = await http.get(f"{site.stripe_url}/_control/state")
    paid = sum(
        invoice["amount_paid"]
        for invoice in state.json()["invoices"]
        if invoice["customer"] == customer
    )
    return int(call.json()["duration"]), paid


@pytest_asyncio.fixture(loop_scope="session")
async def other_window(chromium: Browser) -> AsyncIterator[Page]:
    """Open a window beside the site's."""
    page = await chromium.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    await page.close()


@pytest.mark.usefixtures("voice", "nora")
async def test_newcomer_comes_to_a_paid_account_and_a_call_that_everyones_books_agree_on(
    visit: Visit, site: RunningSite, other_window: Page
) -> None:
    page, telephone = await visit("/", width=390), Telephone(other_window)
    test_phone = await LandingPage(page).test_phone.get_attribute("href")
    assert test_phone is not None

    # Signs in, and says to be a grown-up.
    await LandingPage(page).sign_in_link.click()
    await SignInPage(page).sign_in_as("Nora New")
    home = await HomePage(page).arrived()
    await expect(home.heading).to_have_text("Hello, Nora")
    await home.confirm_adult()

    # Proves the number with the code that its telephone got.
    phone = await PhonePage(page).open()
    await phone.ask_for_a_code(NUMBER)
    await expect(phone.code).to_be_visible()
    await telephone.page.goto(test_phone)
    await phone.paste(await telephone.newest_code(NUMBER))
    await expect(phone.proved).to_be_visible()

    # Pays.
    billing = await BillingPage(page).open()
    await billing.choose("$14.99 a month")
    await billing.go_to_payment()
    await billing.back("pay")
    await expect(billing.title).to_have_text("Unlimited")

    # Calls, and reads along.
    calls = await CallsPage(page).open()
    await telephone.page.goto(test_phone)
    await telephone.dial(NUMBER)
    await calls.live_call.click()
    call = await CallPage(page).arrived()
    call_id = page.url.rstrip("/").rpartition("/")[2]
    await expect(telephone.heard).to_contain_text("press a key")
    await telephone.page.keyboard.press("2")
    await expect(call.said_by_buddy.last).to_contain_text(re.compile("ben", re.IGNORECASE))
    await telephone.say(WORDS)
    await expect(call.said_by_caller.last).to_contain_text(WORDS)
    await expect(call.said_by_buddy.last).to_contain_text(f"You said {WORDS}")
    await telephone.hang_up()
    await expect(call.ending).to_have_text("You hung up")

    # Seconds and money are the same everywhere.
    await expect((await BillingPage(page).open()).bills).to_contain_text(["$14.99"])
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while (ours := our_books(site)).line_seconds is None:
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)
    billed_seconds, taken_minor = await vendors_books(site, call_id)
    assert (ours.paid_minor, taken_minor, ours.plan) == (MONTHLY_MINOR, MONTHLY_MINOR, "active")
    assert ours.line_seconds == billed_seconds
    assert 0 < ours.talk_seconds <= billed_seconds
    assert ours.booked_seconds == ours.talk_seconds
    assert ours.is_balanced
