"""One call: while it runs, and its record."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page

from tests.e2e.pages.site_page import SitePage


class CallPage(SitePage):
    """A call's words."""

    def __init__(self, page: Page, call_id: str = "") -> None:
        super().__init__(page)
        self._call_id = call_id

    @property
    def address(self) -> re.Pattern[str]:
        return re.compile(rf"/calls/{self._call_id or 'call_[0-9a-z]+'}/?$")

    async def open(self) -> CallPage:
        await self.page.goto(f"/calls/{self._call_id}")
        return await self.arrived()

    @property
    def transcript(self) -> Locator:
        return self.page.get_by_role("log", name="Transcript")

    @property
    def said_by_caller(self) -> Locator:
        return self.transcript.locator(".side-caller")

    @property
    def said_by_buddy(self) -> Locator:
        return self.transcript.locator(".side-buddy")

    @property
    def dividers(self) -> Locator:
        return self.transcript.locator(".transcript-divider")

    @property
    def off_the_record(self) -> Locator:
        return self.page.get_by_role("status").filter(has_text="Off the record.")

    @property
    def unheard(self) -> Locator:
        return self.transcript.locator("s")

    @property
    def interim(self) -> Locator:
        return self.page.get_by_test_id("interim")

    @property
    def silence(self) -> Locator:
        return self.page.get_by_text("Words appear here as they are said.")

    @property
    def ending(self) -> Locator:
        return self.page.get_by_role("status")

    @property
    def missing(self) -> Locator:
        return self.page.get_by_role("heading", name="No such call")

    @property
    def all_calls(self) -> Locator:
        return self.page.get_by_role("link", name="All your calls")
