"""How long words take from the voice service into an open page."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Page, async_playwright

from bench.figures import percentile, table
from tests.e2e.running_site import Caller, RunningSite, running_site
from tests.support.database import database_server
from voice.conversation.commands import Side
from voice.transcript import TranscriptWriter
from voice.transcript_rows import NewEntry

ENTRIES = 60
WATCH = """() => {
    window.seen = {};
    new MutationObserver(() => {
        for (const node of document.querySelectorAll('#transcript .words')) {
            const text = node.textContent.trim();
            if (!(text in window.seen)) window.seen[text] = Date.now();
        }
    }).observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def measure() -> str:
    with (
        tempfile.TemporaryDirectory() as folder,
        database_server() as server,
        running_site(server, Path(folder)) as site,
    ):
        delays = asyncio.run(_measure(site))
    return table(
        "Words on the live page",
        "From the moment the voice service hands an entry to its writer until Chromium has it in "
        f"the page ({ENTRIES} entries, four a second, one tab).",
        ["what", "p50 ms", "p95 ms"],
        [
            [
                "final words to the page",
                f"{percentile(delays, 0.5):.0f}",
                f"{percentile(delays, 0.95):.0f}",
            ]
        ],
    )


async def _measure(site: RunningSite) -> list[float]:
    caller = Caller(site, "CAbench")
    caller.choose()
    writer = TranscriptWriter(site.database_urls.pooled, site.database.key_ring)
    writing = asyncio.create_task(writer.run())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = await browser.new_page()
        await _sign_in(page, site)
        await page.goto(f"{site.url}/calls/{caller.call_id}")
        await page.get_by_test_id("ready").wait_for(state="attached")
        await page.get_by_text("Words appear here as they are said.").wait_for()
        await page.evaluate(WATCH)
        written = {}
        for number in range(1, ENTRIES + 1):
            text = f"These are the words of entry {number}."
            written[text] = time.time()
            writer.write(
                NewEntry(
                    call_id=caller.call_id,
                    sequence=number,
                    side=Side.CALLER,
                    text=text,
                    said_at=datetime.now(UTC),
                    offset_ms=number,
                )
            )
            await asyncio.sleep(0.25)
        await page.get_by_text(text).wait_for()
        seen = await page.evaluate("window.seen")
        await browser.close()
    writing.cancel()
    await asyncio.wait([writing])
    return [seen[text] - at * 1000 for text, at in written.items() if text in seen]


async def _sign_in(page: Page, site: RunningSite) -> None:
    await page.goto(f"{site.url}/sign-in")
    await page.get_by_test_id("ready").wait_for(state="attached")
    await page.get_by_role("link", name="Continue with Google").click()
    await page.get_by_role("button", name="Sam Demo").click()
    await page.wait_for_url("**/home/")
