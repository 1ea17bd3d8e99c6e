"""The sandbox's own pages: a telephone, and the codes that it got."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect


class Telephone:
    """The test phone, as the site links to it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def state(self) -> Locator:
        return self.page.get_by_test_id("state")

    @property
    def heard(self) -> Locator:
        """What was heard last."""
        return self.page.get_by_test_id("heard").last

    async def dial(self, number: str) -> None:
        """Call the buddies from this number."""
        await expect(self.state).to_have_text("Ready")
        await self.page.get_by_label("Your number").fill(number)
        await self.page.get_by_test_id("dial").click()

    async def say(self, words: str) -> None:
        """Have words spoken."""
        await self.page.get_by_test_id("words").fill(words)
        await self.page.keyboard.press("Enter")

    async def newest_code(self, number: str) -> str:
        """Read the newest code that a number was sent, on the page of messages."""
        await self.page.get_by_role("link", name="Messages").click()
        message = self.page.get_by_test_id("message").filter(has_text=number).first
        return await message.get_by_test_id("message-code").inner_text()

    async def hang_up(self) -> None:
        """End the call."""
        await self.page.get_by_test_id("hang-up").click()
        await expect(self.state).to_have_text("You hung up")
