"""The sandbox's own pages, in a browser: a telephone, what is sent to telephones, and Stripe's."""

from __future__ import annotations

import base64
import io
import re
import wave

import aiohttp
import numpy as np
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from sandbox.config import SandboxConfig
from sandbox.engines.tones import pcm_from_text
from sandbox.serving import serving
from sandbox.twilio.app import create_app
from tests.integration.sandbox.stripe.shop import shop
from tests.integration.sandbox.twilio.talking import NOTICE, Buddy, sandbox_with

pytestmark = pytest.mark.asyncio(loop_scope="session")

MENU = "Press a key."


async def buddy(line: Buddy) -> None:
    await line.say(f"{NOTICE} {MENU}")
    key = await line.until_key()
    await line.say(f"This is {key}.")
    while True:
        await line.say(f"You said {await line.listen()}")


async def test_a_buddy_is_called_from_a_page(chromium: Browser) -> None:
    async with sandbox_with(buddy) as url:
        page = await chromium.new_page(viewport={"width": 390, "height": 844})
        failures = _failures_on(page)
        await page.goto(f"{url}/phone")
        state = page.get_by_test_id("state")
        await expect(state).to_have_text("Ready")
        await expect(page.get_by_label("Your number")).to_have_value("+14155550123")
        unfocused = await _flaws(page)
        await page.get_by_test_id("dial").click()
        await _hears(page, "press a key.")
        await page.keyboard.press("3")  # the keyboard is the keypad where nobody types
        await _hears(page, "this is 3.")
        await page.get_by_test_id("words").fill("good day")
        await page.keyboard.press("Enter")
        await _hears(page, "you said good day")
        await page.set_input_files(
            "#file", {"name": "tea.wav", "mimeType": "audio/wav", "buffer": _wav("more tea")}
        )
        await _hears(page, "you said more tea")
        flaws = await _flaws(page)
        await page.emulate_media(color_scheme="dark")
        flaws += await _flaws(page)
        scrolled = await page.evaluate("document.documentElement.scrollWidth")
        await page.get_by_test_id("hang-up").click()
        await expect(state).to_have_text("You hung up")
        script = await page.locator(".entry:not(.mark) .words").all_inner_texts()
        await page.close()

    assert script == [
        "Calling +14155550100 from +14155550123",
        "i am an ai. press a key.",
        "Key 3",
        "this is 3.",
        "good day",
        "you said good day",
        "tea.wav",
        "you said more tea",
        "You hung up",
    ]
    assert (unfocused, flaws, failures) == ([], [], [])
    assert scrolled == 390


async def test_codes_and_texts_are_read_on_a_page(chromium: Browser) -> None:
    config = SandboxConfig(script=True, sms_url="http://127.0.0.1:1/nobody")
    async with serving(create_app(config)) as url:
        page = await chromium.new_page(viewport={"width": 390, "height": 844})
        failures = _failures_on(page)
        await page.goto(f"{url}/messages?to=%2B14155550123")
        await expect(page.get_by_test_id("count")).to_have_text("0 messages of +14155550123")
        for to, channel in (("+14155550123", "sms"), ("+12125550123", "call")):
            await _start_verification(config, url, to, channel)
        mine = page.get_by_test_id("message")
        await expect(mine).to_have_count(1)
        code = await mine.get_by_test_id("message-code").inner_text()
        await page.get_by_test_id("show-all").click()
        await expect(mine).to_have_count(2)
        await expect(mine.first).to_contain_text("Spoken call: your GoToBuddy code is")
        await page.get_by_label("Message", exact=True).fill("STOP")
        await page.get_by_test_id("write").click()
        await expect(mine.first).to_contain_text("You have successfully been unsubscribed.")
        await expect(mine).to_have_count(4)
        flaws = await _flaws(page)
        await page.emulate_media(color_scheme="dark")
        flaws += await _flaws(page)
        scrolled = await page.evaluate("document.documentElement.scrollWidth")
        await page.close()

    assert re.fullmatch(r"\d{6}", code)
    assert (flaws, failures, scrolled) == ([], [], 390)


async def test_a_subscription_is_bought_switched_and_cancelled_on_stripes_pages(
    chromium: Browser,
) -> None:
    async with shop() as stripe:
        page = await chromium.new_page(viewport={"width": 320, "height": 800})
        failures = _failures_on(page)

        site = {"success_url": f"{stripe.url}/readyz?paid", "cancel_url": f"{stripe.url}/readyz"}
        consent = {"terms_of_service": "required"}
        session = await stripe.checkout(**site, consent_collection=consent)
        await page.goto(str(session.url))
        flaws = await _flaws_at_320(page)
        await page.get_by_test_id("email").fill("sam@example.com")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.get_by_test_id("pay-asks-once").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("challenge")).to_be_visible()
        flaws += await _flaws_at_320(page)
        await page.get_by_test_id("challenge-fail").click()
        await expect(page.get_by_test_id("error")).to_contain_text("unable to authenticate")
        flaws += await _flaws_at_320(page)
        await page.get_by_test_id("terms").check()
        await page.get_by_test_id("pay").click()
        await page.wait_for_url("**/readyz?paid")

        customer = (await stripe.state())["subscriptions"][0]["customer"]
        portal = await stripe.client.v1.billing_portal.sessions.create_async({"customer": customer})
        await page.goto(portal.url)
        flaws += await _flaws_at_320(page)
        await page.get_by_test_id("update").click()
        await page.get_by_test_id("choose-year").click()
        flaws += await _flaws_at_320(page)
        await page.get_by_test_id("confirm-update").click()
        await expect(page.get_by_test_id("note")).to_have_text("Your plan has been changed.")
        await page.get_by_test_id("update-method").click()
        flaws += await _flaws_at_320(page)
        await page.get_by_test_id("card-good").click()
        await expect(page.get_by_test_id("method")).to_have_text("Visa •••• 4242")
        await page.get_by_test_id("cancel").click()
        await page.get_by_test_id("confirm-cancel").click()
        await expect(page.get_by_test_id("ends")).to_contain_text("Ends on")
        await page.get_by_test_id("resume").click()
        await expect(page.get_by_test_id("cancel")).to_be_visible()
        await page.get_by_test_id("invoice").get_by_role("link").last.click()
        await expect(page.get_by_test_id("invoice-status")).to_have_text("Paid, thank you")
        flaws += await _flaws_at_320(page)
        state = await stripe.state()
        await page.close()

    assert (flaws, failures) == ([], [])
    assert [row["lookup_key"] for row in state["subscriptions"]] == ["unlimited_yearly"]
    assert [row["status"] for row in state["invoices"]] == ["paid", "paid"]


async def _start_verification(config: SandboxConfig, url: str, to: str, channel: str) -> None:
    auth = base64.b64encode(f"{config.account_sid}:{config.auth_token}".encode()).decode()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Basic {auth}"}) as http,
        http.post(
            f"{url}/verify/v2/Services/{config.verify_service_sid}/Verifications",
            data={"To": to, "Channel": channel},
        ) as answer,
    ):
        assert answer.status == 201, await answer.text()


async def _hears(page: Page, text: str) -> None:
    await expect(page.get_by_test_id("heard").last).to_contain_text(text)


async def _flaws_at_320(page: Page) -> list[str]:
    """Look at the page in both themes, and whether it has to be moved sideways."""
    flaws = await _flaws(page)
    await page.emulate_media(color_scheme="dark")
    flaws += await _flaws(page)
    await page.emulate_media(color_scheme="light")
    width = await page.evaluate("document.documentElement.scrollWidth")
    return flaws if width == 320 else [*flaws, f"{page.url} is {width} wide"]


async def _flaws(page: Page) -> list[str]:
    found = await Axe().run(page)
    return [
        f"{flaw['id']}: {flaw['nodes'][0]['html'][:120]}" for flaw in found.response["violations"]
    ]


def _failures_on(page: Page) -> list[str]:
    """Return the list that everything that breaks in the page will be in."""
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: broken.append(said.text) if said.type == "error" else None)
    return broken


def _wav(text: str) -> bytes:
    """Return the words as a stereo file at 24 kHz, as any recorder might write it."""
    mono = np.frombuffer(pcm_from_text(text), dtype="<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(2)
        written.setsampwidth(2)
        written.setframerate(24_000)
        written.writeframes(np.repeat(mono, 2).tobytes())
    return file.getvalue()
