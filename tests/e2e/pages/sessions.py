"""Where an account's owner is signed in."""

from __future__ import annotations

from playwright.async_api import Locator

from tests.e2e.pages.site_page import SitePage


class SessionsPage(SitePage):
    """One row a browser, this one first."""

    path = "/sessions"

    @property
    def browsers(self) -> Locator:
        return self.page.get_by_role("list", name="Browsers").get_by_role("listitem")

    @property
    def here(self) -> Locator:
        return self.browsers.filter(has_text="This one")

    async def sign_out(self) -> None:
        """Sign the one other browser out, in two steps."""
        other = self.browsers.filter(has_not_text="This one")
        await other.get_by_text("Sign out", exact=True).click()
        await other.get_by_role("button", name="Yes, sign it out").click()
