"""A browser and a running site.

`site` (once a test run) is the real site in a process of its own on a free port, with pages
built only if they are not current, a fresh database with the seeds, and the sandbox's Google.
`site.environment` starts any other program of the product beside it, on the same database and
keys: `python -m voice` or `python -m sandbox` for a test with a real call.

`visit(mode="light", width=1280)` opens a browser of its own, `sign_in(page, "Sam Demo")` clicks
through the account chooser, and `Caller` of `running_site.py` makes calls without a telephone.
Where things are on a page is in `pages/`; a test that fails leaves a trace in `test-results/`.
Tests here share one event loop, because the browser lives as long as they all do.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from buddy_site.build import ROOT
from tests.e2e.pages.home import HomePage
from tests.e2e.pages.landing import LandingPage
from tests.e2e.pages.sign_in import SignInPage
from tests.e2e.pages.site_page import is_ready
from tests.e2e.running_site import RunningSite, running_site
from tests.e2e.traces import note_outcome, traced
from tests.support.database import DatabaseServer

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 15_000

Visit = Callable[..., Awaitable[Page]]
SignIn = Callable[[Page, str], Awaitable[None]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let a test's fixtures know how it went."""
    report = yield
    note_outcome(item, report)
    return report


@pytest.fixture(scope="session")
def site(
    database_server_of_run: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """Run the site for every test of this folder: its calls are on pages that a browser sees."""
    with running_site(database_server_of_run, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Start the browser; a test that has none fails, and says what to install."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_chromium_path(), args=["--no-sandbox"]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(
    chromium: Browser, site: RunningSite, request: pytest.FixtureRequest
) -> AsyncIterator[Visit]:
    """Open a page in a browser profile of its own."""
    async with AsyncExitStack() as opened:

        async def open_page(
            path: str = "/", *, mode: Literal["light", "dark"] = "light", width: int = 1280
        ) -> Page:
            context = await chromium.new_context(
                base_url=site.url,
                viewport={"width": width, "height": 844},
                color_scheme=mode,
                timezone_id="America/New_York",
            )
            opened.push_async_callback(context.close)
            await opened.enter_async_context(traced(context, request.node))
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            await page.goto(path)
            await is_ready(page)
            return page

        yield open_page


@pytest.fixture
def sign_in() -> SignIn:
    """Sign in as a person does: by the link, the button and the account chooser."""

    async def go(page: Page, name: str) -> None:
        await (await LandingPage(page).open()).sign_in_link.click()
        await SignInPage(page).sign_in_as(name)
        await HomePage(page).arrived()

    return go


def _chromium_path() -> str:
    """Return the browser that set-up found or installed."""
    noted = ROOT / ".setup" / "browser"
    found: Any = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and noted.exists() and Path(noted.read_text()).exists():
        found = noted.read_text()
    if found is None:
        pytest.fail("no browser: install the package chromium, then run the tests again")
    return str(found)
