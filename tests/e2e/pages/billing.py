"""The plan, and the pages that Stripe hosts for it."""

from __future__ import annotations

import re

from playwright.async_api import Locator, expect

from tests.e2e.pages.site_page import SitePage

HOSTED = re.compile(r"/(c/pay|p/session)/")


class BillingPage(SitePage):
    """How a plan stands, and the ways to change it."""

    path = "/billing"

    @property
    def plan(self) -> Locator:
        return self.page.get_by_role("region", name="Your plan")

    @property
    def title(self) -> Locator:
        return self.plan.get_by_role("heading", level=2)

    @property
    def consent(self) -> Locator:
        return self.page.get_by_role("checkbox", name=re.compile("renews by itself"))

    @property
    def bills(self) -> Locator:
        return self.page.get_by_role("row").filter(has_text="$")

    async def choose(self, price: str) -> None:
        """Choose a price and wait until what would be agreed to says so."""
        await self.page.get_by_role("radio", name=re.compile(re.escape(price))).click()
        amount = price.partition(" ")[0]
        await expect(self.page.get_by_text(f"{amount} every")).to_be_visible()

    async def go_to_payment(self) -> None:
        """Agree that the plan renews, and go to Stripe's page."""
        await self.consent.check()
        await self.page.get_by_role("button", name="Continue to payment").click()
        await self.page.wait_for_url(HOSTED)

    async def manage(self, button: str) -> None:
        """Go to a page of Stripe's portal."""
        await self.plan.get_by_role("button", name=button).click()
        await self.page.wait_for_url(HOSTED)

    async def press(self, test_id: str) -> None:
        """Press a button of a page that Stripe hosts."""
        await self.page.get_by_test_id(test_id).first.click()

    async def back(self, test_id: str) -> None:
        """Press a button that leads back to the site."""
        await self.press(test_id)
        await self.arrived()
