"""The site as people meet it: in Chromium, signed in through the account chooser."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import Route, expect

from buddy_site import paths
from shared.phone import PhoneNumber
from shared.services import phone_lines
from tests.e2e.conftest import SignIn, Visit
from tests.e2e.pages.call import CallPage
from tests.e2e.pages.calls import CallsPage
from tests.e2e.pages.home import HomePage
from tests.e2e.pages.landing import LandingPage
from tests.e2e.pages.sign_in import SignInPage
from tests.e2e.pages.site_page import SitePage, is_ready
from tests.e2e.running_site import BEN, Caller, RunningSite

pytestmark = pytest.mark.asyncio(loop_scope="session")

STRANGER = "Alex Other"
EVERYBODYS = (
    "/sign-in",
    "/no-such-page",
    paths.TERMS,
    paths.PRIVACY_POLICY,
    paths.CRISIS,
)


@pytest.mark.parametrize(
    ("mode", "width"), [("light", 320), ("dark", 320), ("dark", 390), ("light", 1280)]
)
async def test_landing_page_fits_and_can_be_read_by_everyone(
    visit: Visit, site: RunningSite, mode: str, width: int
) -> None:
    landing = LandingPage(await visit("/", mode=mode, width=width))

    await expect(landing.heading).to_have_count(1)
    await expect(landing.number).to_be_visible()
    await expect(landing.test_phone).to_have_attribute("href", f"{site.twilio_url}/phone")
    assert await landing.buddies.count() == 6
    assert await landing.width() <= width
    assert await landing.flaws() == []


@pytest.mark.parametrize(("mode", "width"), [("dark", 320), ("light", 1280)])
async def test_every_page_of_an_account_can_be_read_by_everyone(
    visit: Visit, sign_in: SignIn, site: RunningSite, mode: str, width: int
) -> None:
    caller = Caller(site, f"CAaxe{width}")
    caller.choose()
    caller.say("caller", "Is anybody there?")
    caller.say("buddy", "Somebody is.", unheard="And there is more to say")
    page = await visit("/", mode=mode, width=width)
    await sign_in(page, "Sam Demo")

    shown = SitePage(page)
    for path in (*EVERYBODYS, *paths.PRIVATE, f"/calls/{caller.call_id}"):
        await page.goto(path)
        await is_ready(page)
        await expect(shown.heading).to_have_count(1)
        assert await shown.width() <= width, path
        assert await shown.flaws() == [], path
    caller.hang_up()


async def test_colours_follow_the_system_and_the_switch(visit: Visit) -> None:
    page = await visit("/", mode="dark")
    await expect(page.locator("html")).to_have_class(re.compile("dark"))

    await LandingPage(page).colour_switch.click()

    await expect(page.locator("html")).to_have_class(re.compile("light"))
    await page.reload()
    await expect(page.locator("html")).to_have_class(re.compile("light"))


async def test_keyboard_reaches_the_content_first(visit: Visit) -> None:
    page = await visit("/")

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.locator("main")).to_be_focused()


async def test_page_that_breaks_is_replaced_by_one_that_says_so(visit: Visit) -> None:
    page = await visit("/sign-in")

    async def break_the_landing_page(route: Route) -> None:
        answer = await route.fetch()
        script = (await answer.text()).replace(
            "className:`keypad`", "className:(()=>{throw new Error(`on purpose`)})()"
        )
        # Not kept, or the browser would show the broken one again.
        headers = {**answer.headers, "cache-control": "no-store"}
        await route.fulfill(response=answer, body=script, headers=headers)

    await page.route("**/assets/_index-*.js", break_the_landing_page)
    await page.goto("/")

    await expect(page.get_by_role("heading", name="That went wrong")).to_be_visible()
    await page.unroute("**/assets/_index-*.js")
    await page.get_by_role("link", name="Load the first page").click()
    await expect(page.get_by_role("heading", name="Six AI buddies")).to_be_visible()


async def test_private_page_leads_through_sign_in_and_back(visit: Visit) -> None:
    page = await visit("/calls")
    await page.wait_for_url(re.compile(r"/sign-in/?\?next=/calls$"))

    await SignInPage(page).sign_in_as("Sam Demo")

    calls = await CallsPage(page).arrived()
    await expect(calls.heading).to_have_text("Your calls")


async def test_saying_no_at_google_is_met_kindly(visit: Visit) -> None:
    page = SignInPage(await visit("/sign-in"))

    await page.refuse()

    await expect(page.alert).to_contain_text("Google told us that you said no.")


async def test_words_appear_while_they_are_said_and_stay_as_a_record(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    page = await visit("/")
    await sign_in(page, "Sam Demo")
    calls, call = CallsPage(page), CallPage(page)
    await calls.calls_link.click()
    caller = Caller(site, "CAlive")
    await expect(calls.live_call).to_be_visible()
    await calls.live_call.click()
    await expect(call.silence).to_be_visible()

    caller.choose()
    caller.say("buddy", "What is in your fridge?")
    await expect(call.transcript).to_contain_text("What is in your fridge?")
    caller.show_interim("caller", "half a cab")
    await expect(call.interim).to_contain_text("half a cab")
    caller.say("caller", "Half a cabbage.")
    await expect(call.transcript).to_contain_text("Half a cabbage.")
    await expect(call.interim).to_have_count(0)
    caller.say("buddy", "Then you have dinner. First, salt.")
    caller.rewrite("buddy", "Then you have dinner.", unheard="First, salt.")
    await expect(call.unheard).to_have_text("First, salt.")
    caller.show_interim("caller", "off the")
    await expect(call.interim).to_contain_text("off the")
    caller.divide("off_record")
    await expect(call.off_the_record).to_be_visible()
    await expect(call.interim).to_have_count(0)
    caller.divide("on_record")
    await expect(call.off_the_record).to_have_count(0)
    caller.choose(BEN)
    caller.say("buddy", "Ben here.")
    await expect(call.dividers).to_have_text(["Off the record for 1 s", "Ethan handed over to Ben"])
    await expect(call.said_by_buddy.last).to_contain_text("Ben")
    caller.hang_up(used_seconds=65)

    await expect(call.ending).to_have_text("You hung up")
    await expect(page.get_by_text("1 min 05 s")).to_be_visible()
    await call.all_calls.click()
    await expect(calls.call("1 min 05 s")).to_be_visible()


async def test_a_tab_that_lost_its_socket_catches_up(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    caller = Caller(site, "CAtunnel")
    page = await visit("/")
    await sign_in(page, "Sam Demo")
    transcript = (await CallPage(page, caller.call_id).open()).transcript
    caller.say("caller", "Before the tunnel.")
    await expect(transcript).to_contain_text("Before the tunnel.")

    site.tunnel.cut()
    caller.say("caller", "In the tunnel.")

    await expect(transcript).to_contain_text("In the tunnel.")
    caller.say("caller", "After the tunnel.")
    await expect(transcript).to_contain_text("After the tunnel.")
    await expect(transcript.get_by_text("Before the tunnel.")).to_have_count(1)
    caller.hang_up()


async def test_site_that_restarts_is_found_again_with_every_word(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    caller = Caller(site, "CArestart")
    page = await visit("/")
    await sign_in(page, "Sam Demo")
    call = await CallPage(page, caller.call_id).open()
    caller.say("caller", "Before the restart.")
    transcript = call.transcript
    await expect(transcript).to_contain_text("Before the restart.")

    with site.stopped():
        caller.say("caller", "While nobody listened.")
        await expect(call.connection_lost).to_be_visible()

    await expect(transcript).to_contain_text("While nobody listened.")
    await expect(call.connection_lost).to_have_count(0)
    caller.say("caller", "After the restart.")
    await expect(transcript).to_contain_text("After the restart.")
    caller.hang_up()


async def test_nobody_else_sees_anything_of_a_call(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    caller = Caller(site, "CAother")
    caller.choose()
    caller.say("caller", "My secret recipe.")
    page = await visit("/")
    await sign_in(page, STRANGER)
    call = CallPage(page)
    seen = call.frames()

    for path in ("/calls", "/home", f"/calls/{caller.call_id}"):
        await page.goto(path)
        await is_ready(page)
    await expect(call.missing).to_be_visible()
    caller.say("caller", "Still my secret.")
    caller.show_interim("caller", "A whispered secret")
    await page.goto("/calls/call_000000000000000000000000")
    await is_ready(page)

    await expect(call.missing).to_be_visible()
    assert seen
    assert not [text for text in seen if "secret" in text]
    caller.hang_up()


async def test_signing_out_empties_the_tab_and_stops_other_tabs(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    caller = Caller(site, "CAout")
    caller.say("caller", "Only for my eyes.")
    page = await visit("/")
    await sign_in(page, "Sam Demo")
    other = await page.context.new_page()
    call = await CallPage(other, caller.call_id).open()
    await expect(call.transcript).to_contain_text("Only for my eyes.")

    await SitePage(page).sign_out()
    caller.say("caller", "Said after signing out.")

    await other.wait_for_url(re.compile(r"/sign-in/?\?next="))
    await expect(other.get_by_text("Said after signing out.")).to_have_count(0)
    await expect(SitePage(page).sign_in_link).to_be_visible()
    assert [c for c in await page.context.cookies() if c["name"] == "buddy_session"] == []
    caller.hang_up()


async def test_next_person_in_the_same_tab_is_sent_nothing_of_the_last_one(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    caller = Caller(site, "CAnext")
    caller.say("caller", "A word of the first person.")
    page = await visit("/")
    await sign_in(page, "Sam Demo")
    call = await CallPage(page, caller.call_id).open()
    await expect(call.transcript).to_contain_text("A word of the first person.")
    await call.sign_out()
    seen = call.frames()

    await sign_in(page, STRANGER)

    assert any("Alex" in text for text in seen)
    assert not [text for text in seen if "first person" in text or "demo@" in text]
    caller.hang_up()


async def test_a_call_of_ones_own_shows_beside_an_empty_history(
    visit: Visit, sign_in: SignIn, site: RunningSite
) -> None:
    number = PhoneNumber("+14155550177")
    token = site.token_for("robin")
    account_id = site.account_of(token)
    page = await visit("/")
    await sign_in(page, "Robin Third")
    await expect(HomePage(page).no_number).to_be_visible()
    calls = await CallsPage(page).open()
    await expect(calls.none).to_be_visible()

    site.database.transact_now(
        phone_lines.attach_verified,
        account_id=account_id,
        number=number,
        now=datetime.now(UTC),
    )
    caller = Caller(site, "CArobin", number)

    await expect(calls.live_call).to_be_visible()
    caller.hang_up(used_seconds=0)
