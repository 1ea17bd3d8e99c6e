"""What buddies call the owner of an account, and how they talk with them."""

from __future__ import annotations

import re

from playwright.async_api import Locator, expect

from tests.e2e.pages.site_page import SitePage


class ProfilePage(SitePage):
    """Each field is saved by itself."""

    path = "/profile"

    @property
    def name(self) -> Locator:
        return self.page.get_by_label("Your name, as buddies say it")

    @property
    def time_zone(self) -> Locator:
        return self.page.get_by_label("Time zone")

    @property
    def pin(self) -> Locator:
        return self.page.get_by_label(re.compile("PIN$"))

    @property
    def memory(self) -> Locator:
        return self.page.get_by_role("checkbox", name="Buddies may remember me")

    @property
    def saved(self) -> Locator:
        """The word beside whatever was saved last."""
        return self.page.get_by_role("status").filter(has_text="Saved")

    def choice(self, group: str, words: str) -> Locator:
        """Return one of the choices that are saved at once."""
        return self.page.get_by_role("group", name=group).get_by_role(
            "radio", name=words, exact=True
        )

    async def save_name(self, name: str) -> None:
        """Save it and wait until the page says so."""
        await self.name.fill(name)
        await self.page.get_by_role("button", name="Save name").click()
        await expect(self.page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
