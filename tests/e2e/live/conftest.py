"""A browser on a deployed site, with an account that exists for testing.

`BUDDY_LIVE_SITE_URL` names the site: without it these tests are skipped. `BUDDY_LIVE_STATE` names a
file with the cookies of a signed-in test account; CONTRIBUTING.md says how to make one.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.e2e.conftest import PATIENCE_MS, Visit
from tests.e2e.pages.site_page import is_ready
from tests.e2e.traces import traced


@pytest.fixture
def live_url() -> str:
    """Return the deployed site's address; skip where none is named."""
    url = os.environ.get("BUDDY_LIVE_SITE_URL", "").rstrip("/")
    if not url:
        pytest.skip("BUDDY_LIVE_SITE_URL names no deployed site")
    return url


@pytest.fixture
def signed_in_state() -> Path:
    """Return the file with the test account's cookies; skip where there is none."""
    named = os.environ.get("BUDDY_LIVE_STATE", "")
    if not named:
        pytest.skip("BUDDY_LIVE_STATE names no file with a signed-in test account")
    return Path(named)


@pytest_asyncio.fixture(loop_scope="session")
async def visit_live(
    chromium: Browser, live_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[Visit]:
    """Open a page of the deployed site in a browser profile of its own."""
    async with AsyncExitStack() as opened:

        async def open_page(
            path: str = "/", *, state: Path | None = None, width: int = 1280
        ) -> Page:
            context = await chromium.new_context(
                base_url=live_url, viewport={"width": width, "height": 844}, storage_state=state
            )
            opened.push_async_callback(context.close)
            await opened.enter_async_context(traced(context, request.node))
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            await page.goto(path)
            await is_ready(page)
            return page

        yield open_page
