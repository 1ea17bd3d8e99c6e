"""The list of calls."""

from __future__ import annotations

from playwright.async_api import Locator

from tests.e2e.pages.site_page import SitePage


class CallsPage(SitePage):
    """Every call of the account, those in progress first."""

    path = "/calls"

    @property
    def none(self) -> Locator:
        return self.page.get_by_text("No calls here yet.")

    def call(self, words: str) -> Locator:
        """Return the newest row that says this."""
        return self.page.get_by_role("link").filter(has_text=words).first
