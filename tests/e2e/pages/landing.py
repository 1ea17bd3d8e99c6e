"""The page that everybody may see."""

from __future__ import annotations

from playwright.async_api import Locator

from tests.e2e.pages.site_page import SitePage


class LandingPage(SitePage):
    """What it is, how to call, who answers."""

    path = "/"

    @property
    def number(self) -> Locator:
        return self.page.get_by_role("link", name="Call +1 415-555-0100")

    @property
    def buddies(self) -> Locator:
        return self.page.get_by_role("navigation", name="The buddies").get_by_role("link")

    @property
    def test_phone(self) -> Locator:
        """The link that a tester's installation has, and no other."""
        return self.page.get_by_role("link", name="the test phone")

    @property
    def colour_switch(self) -> Locator:
        return self.page.get_by_role("button", name="Switch between light and dark")
