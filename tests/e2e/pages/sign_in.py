"""The sign-in page, and the account chooser of the sandbox's Google behind it."""

from __future__ import annotations

from playwright.async_api import Locator

from tests.e2e.pages.site_page import SitePage


class SignInPage(SitePage):
    """Where strangers who want a private page are sent."""

    path = "/sign-in"

    @property
    def google(self) -> Locator:
        return self.page.get_by_role("link", name="Continue with Google")

    async def sign_in_as(self, name: str) -> None:
        """Go through the account chooser; which page follows depends on where one came from."""
        await self.google.click()
        await self.page.get_by_role("button", name=name).click()

    async def refuse(self) -> None:
        """Say no at Google."""
        await self.google.click()
        await self.page.get_by_role("button", name="Cancel").click()
