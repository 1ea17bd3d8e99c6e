"""A deployed site with the vendors' test accounts: what can be seen without touching its database.

Nothing here leaves anything behind in the account but a name that is put back.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

from buddy_site import paths
from tests.e2e.conftest import Visit
from tests.e2e.pages.calls import CallsPage
from tests.e2e.pages.landing import LandingPage
from tests.e2e.pages.profile import ProfilePage
from tests.e2e.pages.sign_in import SignInPage
from tests.e2e.pages.site_page import SitePage, is_ready

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("width", [320, 1280])
async def test_landing_page_says_where_to_call_and_can_be_read(
    visit_live: Visit, width: int
) -> None:
    landing = LandingPage(await visit_live("/", width=width))

    assert await landing.buddies.count() == 6
    assert await landing.width() <= width
    assert await landing.flaws() == []


async def test_browser_is_told_what_not_to_do(visit_live: Visit, live_url: str) -> None:
    page = await visit_live("/")

    answer = await page.request.get("/")

    headers = answer.headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert live_url.startswith("http://localhost") or "strict-transport-security" in headers


async def test_sign_in_leads_to_google_and_asks_it_to_come_back_here(
    visit_live: Visit, live_url: str
) -> None:
    page = SignInPage(await visit_live("/sign-in"))

    async with page.page.expect_request(lambda request: "code_challenge" in request.url) as asked:
        await page.google.click()

    query = parse_qs(urlsplit((await asked.value).url).query)
    assert query["redirect_uri"] == [f"{live_url}{paths.GOOGLE_CALLBACK}"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["state"]
    assert query["nonce"]


async def test_private_pages_send_strangers_to_sign_in(visit_live: Visit) -> None:
    page = await visit_live("/calls")

    await SignInPage(page).arrived()


async def test_forged_webhooks_are_refused(visit_live: Visit) -> None:
    page = await visit_live("/")

    answer = await page.request.post(paths.STRIPE_WEBHOOK, data={"id": "evt_forged"})

    assert answer.status in (400, 403)


async def test_every_page_of_the_test_account_opens(
    visit_live: Visit, signed_in_state: Path
) -> None:
    page = await visit_live("/home", state=signed_in_state)
    shown = SitePage(page)

    for path in paths.PRIVATE:
        await page.goto(path)
        await is_ready(page)
        await expect(shown.heading).to_have_count(1)
        assert await shown.flaws() == [], path
        assert urlsplit(page.url).path.rstrip("/") == path
    await expect((await CallsPage(page).open()).heading).to_have_text("Your calls")


async def test_name_is_kept_and_put_back(visit_live: Visit, signed_in_state: Path) -> None:
    profile = ProfilePage(await visit_live("/profile", state=signed_in_state))
    before = await profile.name.input_value()
    name = "Test" + "".join(c for c in uuid.uuid4().hex if c.isalpha())[:6]

    await profile.save_name(name)
    reopened = await profile.open()

    await expect(reopened.name).to_have_value(name)
    await reopened.save_name(before or "Sam")
