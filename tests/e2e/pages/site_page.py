"""What every page of the site has: the way there, its header, and how it is examined.

One class a page, each with its places by name. A test says what a person does and sees; which
role, label or id finds it is written here, once.
"""

from __future__ import annotations

import re
from typing import ClassVar, Self

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, WebSocket


class SitePage:
    """A page of the site in a browser's tab."""

    path: ClassVar[str] = "/"

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self) -> Self:
        """Go there by its address, and wait until it is alive."""
        await self.page.goto(self.path)
        return await self.arrived()

    async def arrived(self) -> Self:
        """Wait until the browser is there, however it came, and the page is alive."""
        await self.page.wait_for_url(self.address)
        await is_ready(self.page)
        return self

    @property
    def address(self) -> re.Pattern[str]:
        """What the address looks like: a page's own may end in a slash and have a query."""
        return re.compile(rf"^https?://[^/]+{self.path.rstrip('/')}/?(\?.*)?$")

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def alert(self) -> Locator:
        return self.page.get_by_role("alert")

    @property
    def connection_lost(self) -> Locator:
        return self.page.get_by_text("The connection is gone.")

    @property
    def sign_in_link(self) -> Locator:
        return self.page.get_by_role("link", name="Sign in")

    @property
    def calls_link(self) -> Locator:
        return self.page.get_by_role("link", name="Calls", exact=True).first

    @property
    def live_call(self) -> Locator:
        """The row of a call in progress, wherever calls are listed."""
        return self.page.get_by_role("link").filter(has_text="Live now")

    async def sign_out(self) -> None:
        """Sign out and wait until the site has let go."""
        await self.page.get_by_role("button", name="Sign out").first.click()
        await self.page.wait_for_url(re.compile(r"^https?://[^/]+/$"))

    async def width(self) -> int:
        """Return how wide the page is, in CSS pixels: more than the window means scrolling."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth"))

    async def flaws(self) -> list[str]:
        """Return what axe finds wrong, one line each."""
        found = await Axe().run(self.page)
        return [
            f"{flaw['id']}: {flaw['nodes'][0]['html'][:120]}"
            for flaw in found.response["violations"]
        ]

    def frames(self) -> list[str]:
        """Return the list that everything the server sends to the tab from now on will be in."""
        seen: list[str] = []

        def keep(frame: str | bytes) -> None:
            seen.append(str(frame))

        def follow(socket: WebSocket) -> None:
            socket.on("framereceived", keep)

        self.page.on("websocket", follow)
        return seen


async def is_ready(page: Page) -> None:
    """Wait until the page is alive and its first data are there."""
    await page.get_by_test_id("ready").wait_for(state="attached")
