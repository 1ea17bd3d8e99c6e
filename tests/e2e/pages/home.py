"""The first page after signing in."""

from __future__ import annotations

from playwright.async_api import Locator, expect

from tests.e2e.pages.site_page import SitePage


class HomePage(SitePage):
    """Talk time, the number, the latest calls."""

    path = "/home"

    @property
    def no_number(self) -> Locator:
        return self.page.get_by_text("No phone number belongs to this account yet")

    @property
    def checklist(self) -> Locator:
        return self.page.get_by_role("region", name="Getting started")

    @property
    def adult(self) -> Locator:
        return self.checklist.get_by_role("checkbox", name="I am 18 years old or older.")

    @property
    def confirm(self) -> Locator:
        return self.checklist.get_by_role("button", name="Confirm")

    @property
    def prove_number(self) -> Locator:
        return self.checklist.get_by_role("link", name="Prove your number")

    @property
    def hide_checklist(self) -> Locator:
        return self.checklist.get_by_role("button", name="Hide")

    @property
    def show_checklist(self) -> Locator:
        return self.page.get_by_role("button", name="Show the checklist")

    async def confirm_adult(self) -> None:
        """Say to be 18 or over, and wait until the checklist knows."""
        await self.adult.check()
        await self.confirm.click()
        await expect(self.adult).to_have_count(0)
