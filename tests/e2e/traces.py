"""What a failed browser test leaves to look at: a trace and a picture of every page.

`test-results/<test>/` holds them; `.venv/bin/playwright show-trace trace-1.zip` opens a trace with
every step, the page before and after it, the console and the network.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Error

from buddy_site.build import ROOT

RESULTS = ROOT / "test-results"
FAILED = pytest.StashKey[bool]()


def note_outcome(item: pytest.Item, report: pytest.TestReport) -> None:
    """Remember that the test failed, whether in itself or in what it needed."""
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed


@asynccontextmanager
async def traced(
    context: BrowserContext, item: pytest.Item, results: Path = RESULTS
) -> AsyncIterator[None]:
    """Trace a browser profile for as long as the test lasts; keep it only if the test fails."""
    await context.tracing.start(snapshots=True, title=item.name)
    try:
        yield
    finally:
        if item.stash.get(FAILED, False):
            await _keep(context, results / folder_name(item.nodeid))
        else:
            await context.tracing.stop()


def folder_name(nodeid: str) -> str:
    """Return a folder's name that says which test it was."""
    return re.sub(r"[^A-Za-z0-9]+", "-", nodeid.removeprefix("tests/")).strip("-")[:150]


async def _keep(context: BrowserContext, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    number = next(n for n in itertools.count(1) if not (folder / f"trace-{n}.zip").exists())
    for place, page in enumerate(context.pages):
        with suppress(Error):  # a page that crashed has no picture, and the trace says so
            await page.screenshot(path=folder / f"page-{number}-{place + 1}.png", full_page=True)
    await context.tracing.stop(path=folder / f"trace-{number}.zip")
