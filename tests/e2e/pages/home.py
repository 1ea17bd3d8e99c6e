"""The first page after signing in."""

from __future__ import annotations

from playwright.async_api import Locator

from tests.e2e.pages.site_page import SitePage


class HomePage(SitePage):
    """Talk time, the number, the latest calls."""

    path = "/home"

    @property
    def no_number(self) -> Locator:
        return self.page.get_by_text("No phone number belongs to this account yet")
