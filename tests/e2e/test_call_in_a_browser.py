"""A real phone call, read in a browser while it is being said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from buddy_site.build import ROOT
from sandbox.phone.caller import dial
from sandbox.phone.steps import press, say
from shared.seed.installation import DEMO_NUMBER
from tests.e2e.conftest import SignIn, Visit
from tests.e2e.pages.call import CallPage
from tests.e2e.pages.calls import CallsPage
from tests.e2e.pages.site_page import is_ready
from tests.e2e.running_site import RunningSite
from tests.support.ports import free_port
from tests.support.serving import serving
from tests.support.voice_service import SHORT_WORDS, scripted_vendors, voice_settings
from voice.app import create_app

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORDS = "please tell me what happened in the marmalade factory near the river this morning"


@pytest_asyncio.fixture(loop_scope="session")
async def twilio_url(site: RunningSite) -> AsyncIterator[str]:
    """Run a voice service on the site's own database and yield where to phone it."""
    port = free_port()
    folder = Path(site.environment["BUDDY_DATA_DIR"])
    async with scripted_vendors(port) as vendors:
        settings = voice_settings(site.database_urls, folder, port=port, vendors=vendors)
        app = create_app(settings, announcements=SHORT_WORDS)
        async with serving(app, port=port):
            yield vendors["twilio"]


async def test_words_appear_while_they_are_spoken_and_nobody_else_sees_them(
    visit: Visit, sign_in: SignIn, site: RunningSite, twilio_url: str
) -> None:
    page = await visit("/")
    await sign_in(page, "Sam Demo")
    stranger = await visit("/")
    await sign_in(stranger, "Alex Other")
    seen_by_stranger = CallPage(stranger).frames()
    calls = CallsPage(page)
    await calls.calls_link.click()

    loop = asyncio.get_running_loop()
    spoken: dict[str, float] = {}

    def note(line: str) -> None:
        spoken.setdefault(line, loop.time())

    calling = asyncio.create_task(
        dial(
            twilio_url,
            press("3"),
            say(WORDS),
            caller=DEMO_NUMBER.e164,
            progress=note,
        )
    )
    await calls.live_call.click()
    call = await CallPage(page).arrived()
    await stranger.goto(page.url)
    await expect(call.transcript).to_contain_text("Ethan")
    await expect(call.interim).to_contain_text("please tell me what")
    shown_at = loop.time()
    await expect(call.said_by_caller).to_contain_text(WORDS)
    await expect(call.said_by_buddy.last).to_contain_text(f"You said {WORDS}.")
    report = await calling
    await expect(call.ending).to_have_text("You hung up")
    await call.all_calls.click()

    assert report.problems(max_gap=4) == []
    assert shown_at - spoken[f"you: {WORDS}"] < len(WORDS) / 25  # before the last word was said
    await expect(calls.call("Ethan")).to_contain_text(re.compile(r"\d+ s"))  # its seconds
    await is_ready(stranger)
    await expect(CallPage(stranger).missing).to_be_visible()
    assert seen_by_stranger
    assert not [frame for frame in seen_by_stranger if "marmalade" in frame]
    assert _files_that_tell(Path(site.environment["BUDDY_DATA_DIR"])) == []
    assert not (ROOT / ".states").exists()  # Reflex keeps its state in memory


def _files_that_tell(folder: Path) -> list[Path]:
    """Return the files in which somebody's words, number or address stand in clear."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in files)
    secrets = (b"marmalade", b"5550123", b"demo@gotobuddy")
    return [path for path in files if any(s in path.read_bytes().lower() for s in secrets)]
