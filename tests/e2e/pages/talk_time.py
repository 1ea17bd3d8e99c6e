"""The talk time page."""

from __future__ import annotations

from typing import ClassVar

from playwright.async_api import Locator

from tests.e2e.pages.site_page import SitePage


class TalkTimePage(SitePage):
    """What is left, and where every second went."""

    path: ClassVar[str] = "/talk-time"

    @property
    def left(self) -> Locator:
        return self.page.get_by_role("region", name="Talk time left")

    @property
    def in_header(self) -> Locator:
        return self.page.get_by_test_id("minutes")

    @property
    def changes(self) -> Locator:
        return self.page.get_by_role("table").locator("tbody tr")

    @property
    def older(self) -> Locator:
        return self.page.get_by_role("button", name="Show older changes")
