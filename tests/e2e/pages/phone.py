"""An account's numbers, and the steps of proving one."""

from __future__ import annotations

import re

from playwright.async_api import Locator, expect

from tests.e2e.pages.site_page import SitePage


class PhonePage(SitePage):
    """Which step is shown, the server decides."""

    path = "/phone"

    @property
    def number(self) -> Locator:
        return self.page.get_by_label("Phone number")

    @property
    def country(self) -> Locator:
        return self.page.get_by_label("Country")

    @property
    def code(self) -> Locator:
        return self.page.get_by_label("Six-digit code")

    @property
    def resend(self) -> Locator:
        return self.page.get_by_role("button", name="Send a new text")

    @property
    def call_instead(self) -> Locator:
        return self.page.get_by_role("button", name=re.compile("^Call me"))

    @property
    def change(self) -> Locator:
        return self.page.get_by_role("button", name="Change the number")

    @property
    def seconds_left(self) -> Locator:
        """The countdown to the next code."""
        return self.page.locator("[data-left]")

    @property
    def proved(self) -> Locator:
        """What is said once a number is the account's."""
        return self.page.get_by_role("status").filter(has_text="is yours")

    @property
    def lines(self) -> Locator:
        return self.page.get_by_role("list", name="Proved numbers").get_by_role("listitem")

    @property
    def offer(self) -> Locator:
        """The question whether calls from before shall come along."""
        return self.page.get_by_role("region", name="Calls from before")

    async def ask_for_a_code(self, number: str) -> None:
        """Type the number and submit the form."""
        await self.number.fill(number)
        await self.page.get_by_role("button", name="Text me a code").click()

    async def paste(self, code: str) -> None:
        """Put all of it into the field at once."""
        await self.code.focus()
        await self.page.keyboard.insert_text(code)

    async def remove(self, number: str) -> None:
        """Take a number off the account, in two steps."""
        line = self.lines.filter(has_text=number)
        await line.get_by_text("Remove", exact=True).click()
        await line.get_by_role("button", name=f"Remove {number}").click()
        await expect(line).to_have_count(0)
