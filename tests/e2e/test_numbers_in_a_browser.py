"""Proving a number in a browser; the code is read where the sandbox shows what telephones got."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page, expect

from shared.phone import PhoneNumber
from shared.services import personas, phone_lines
from tests.e2e.conftest import Visit
from tests.e2e.pages.phone import PhonePage
from tests.e2e.pages.site_page import is_ready
from tests.e2e.running_site import Caller, RunningSite

pytestmark = pytest.mark.asyncio(loop_scope="session")

OpenPhone = Callable[..., Awaitable[PhonePage]]


@pytest.fixture
def phone_of(visit: Visit, site: RunningSite) -> OpenPhone:
    """Open the page of numbers as somebody who is signed in."""

    async def open_page(subject: str, **how: Any) -> PhonePage:
        page: Page = await visit("/", **how)
        await page.context.add_cookies(
            [
                {
                    "name": "buddy_session",
                    "value": site.token_for(subject, is_adult=True),
                    "url": site.url,
                }
            ]
        )
        return await PhonePage(page).open()

    return open_page


async def read_code(site: RunningSite, number: str) -> str:
    """Return the newest code that a telephone got."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{site.twilio_url}/_control/messages", params={"to": number}) as answer,
    ):
        return str((await answer.json())["messages"][0]["code"])


async def want_fine(phone: PhonePage, width: int) -> None:
    """Nobody scrolls sideways, and axe finds nothing."""
    assert await phone.width() <= width
    assert await phone.flaws() == []


@pytest.mark.parametrize(("mode", "width"), [("light", 320), ("dark", 1280)])
async def test_a_pasted_code_proves_the_number_after_a_wrong_one_and_a_reload(
    phone_of: OpenPhone, site: RunningSite, mode: str, width: int
) -> None:
    number = f"+1415555{width:04}"
    phone = await phone_of(f"paste{width}", mode=mode, width=width)
    await want_fine(phone, width)

    await phone.number.fill(f" +1 (415) 555-{width:04} ")
    await phone.page.keyboard.press("Tab")
    await expect(phone.number).to_have_value(f"(415) 555-{width:04}")
    await phone.number.press("Enter")
    await expect(phone.code).to_be_focused()
    await expect(phone.seconds_left).to_have_text(re.compile(r"in 0:\d\d"))
    await expect(phone.resend).to_be_disabled()
    code = await read_code(site, number)

    await phone.paste(f"{(int(code) + 1) % 10**6:06}")
    await expect(phone.alert).to_have_text("That's not the code. 4 tries left.")
    await want_fine(phone, width)
    await phone.page.reload()
    await expect(phone.code).to_be_focused()
    await phone.paste(f" {code[:3]}-{code[3:]}")

    await expect(phone.proved).to_contain_text("15 min of talk time came with it")
    await expect(phone.lines).to_have_count(1)
    await expect(phone.number).to_have_value("")
    await want_fine(phone, width)


async def test_a_code_is_sent_again_or_said_and_the_number_can_be_changed(
    phone_of: OpenPhone, site: RunningSite
) -> None:
    site.database.transact_now(
        personas.set_constant,
        name="verification_first_resend_seconds",
        value=2,
        now=datetime.now(UTC),
    )
    try:
        phone = await phone_of("patient", width=390)
        await phone.ask_for_a_code("415 555 0131")
        await expect(phone.resend).to_be_enabled()

        await phone.call_instead.click()
        await expect(phone.page.get_by_text("We are calling")).to_be_visible()
        first = await read_code(site, "+14155550131")
        await phone.change.click()
        await expect(phone.number).to_have_value("(415) 555-0131")
        await phone.ask_for_a_code("415 555 0132")
        await phone.paste(first)
        await expect(phone.alert).to_contain_text("That's not the code")
        await phone.paste(await read_code(site, "+14155550132"))
    finally:
        site.database.transact_now(
            personas.set_constant,
            name="verification_first_resend_seconds",
            value=30,
            now=datetime.now(UTC),
        )

    await expect(phone.proved).to_be_visible()
    await expect(phone.lines).to_contain_text(["+1 415-555-0132"])


async def test_a_landline_is_called_and_other_countries_are_told(
    phone_of: OpenPhone, site: RunningSite
) -> None:
    phone = await phone_of("landline", width=390)

    await phone.ask_for_a_code("+44 20 7946 0000")
    await expect(phone.alert).to_contain_text("numbers of United Kingdom yet")
    await expect(phone.number).to_have_value("+44 20 7946 0000")
    await phone.ask_for_a_code("604 555 0161")
    await expect(phone.page.get_by_text("looks like a landline")).to_be_visible()
    await want_fine(phone, 390)
    await phone.page.reload()
    await phone.call_instead.click()
    await phone.paste(await code_said_to(phone, site, "+16045550161"))

    await expect(phone.proved).to_be_visible()
    await expect(phone.country).to_have_value("CA")


async def test_calls_from_before_come_along_on_a_yes(
    phone_of: OpenPhone, site: RunningSite
) -> None:
    for sid in ("CAbefore1", "CAbefore2"):
        caller = Caller(site, sid, PhoneNumber("+14155550133"))
        caller.choose()
        caller.hang_up()
    phone = await phone_of("claimer", width=390)

    await phone.ask_for_a_code("415 555 0133")
    await phone.paste(await code_said_to(phone, site, "+14155550133"))
    await expect(phone.offer).to_contain_text("We found 2 calls from this number, the latest today")
    await want_fine(phone, 390)
    await phone.page.goto("/home")  # the question waits there as well
    await phone.page.get_by_role("button", name="Yes, bring them along").click()

    await expect(phone.page.get_by_text("They are yours now, under Calls.")).to_be_visible()
    await expect(phone.offer).to_have_count(0)
    await phone.page.goto("/calls")
    await is_ready(phone.page)
    await expect(phone.page.get_by_role("link").filter(has_text="Ethan")).to_have_count(2)


async def test_a_number_moves_to_who_proves_it_and_its_former_owner_is_told(
    phone_of: OpenPhone, site: RunningSite
) -> None:
    number = PhoneNumber("+14155550134")
    former = site.account_of(site.token_for("former"))
    site.database.transact_now(
        phone_lines.attach_verified, account_id=former, number=number, now=datetime.now(UTC)
    )
    caller = Caller(site, "CAmoves", number)
    caller.choose()
    caller.hang_up()
    new, old = await phone_of("mover"), await phone_of("former", mode="dark", width=390)

    await new.ask_for_a_code("415 555 0134")
    await new.paste(await code_said_to(new, site, number.e164))
    await expect(new.proved).to_be_visible()
    await expect(new.offer).to_have_count(0)

    await old.page.goto("/home")
    news = old.page.get_by_role("region", name="News of your account")
    await expect(news).to_contain_text("+1 415-555-0134 has moved")
    await want_fine(old, 390)
    await old.page.get_by_role("button", name="Got it").click()
    await expect(news).to_have_count(0)
    await old.page.goto("/calls")
    await expect(old.page.get_by_role("link").filter(has_text="Ethan")).to_have_count(1)

    await new.remove("+1 415-555-0134")
    await expect(new.page.get_by_text("is off your account")).to_be_visible()


async def code_said_to(phone: PhonePage, site: RunningSite, number: str) -> str:
    """Wait for the step that asks for the code, and return it."""
    await expect(phone.code).to_be_visible()
    return await read_code(site, number)
