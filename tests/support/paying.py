"""An account that may pay, and the site's dealings with a vendor in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from buddy_site.flows.billing import BillingFlow
from shared.database import Database
from shared.ids import AccountId
from shared.phone import PhoneNumber
from shared.seed.prices import paid_plan
from shared.services import billing, consents, phone_lines
from shared.services.billing import BillingView
from shared.wordings import ConsentKind, current
from tests.support.builders import NOW, SAM, registered_account
from tests.support.fake_billing import FakeBilling

SITE = "http://localhost:3000"
MONTHLY, YEARLY = "unlimited_monthly", "unlimited_yearly"
WORDING = current(ConsentKind.RENEWAL).version


def paying_account(
    database: Database, subject: str = "sam", number: PhoneNumber = SAM
) -> AccountId:
    """Return a grown-up's account with a verified number."""
    account_id = registered_account(database, subject)
    database.transact_now(
        consents.give,
        account_id=account_id,
        kind=ConsentKind.ADULT,
        wording_version=current(ConsentKind.ADULT).version,
        now=NOW,
    )
    database.transact_now(
        phone_lines.attach_verified, account_id=account_id, number=number, now=NOW
    )
    return account_id


@dataclass
class VendorClock:
    """Shows the vendor's time, so that both agree."""

    vendor: FakeBilling

    def now(self) -> datetime:
        return self.vendor.now


@dataclass
class Till:
    """The flow under test, its database and its vendor."""

    database: Database
    vendor: FakeBilling = field(default_factory=lambda: FakeBilling(site_url=SITE))

    def __post_init__(self) -> None:
        self.flow = BillingFlow(
            self.database, self.vendor, VendorClock(self.vendor), site_url=SITE, plan=paid_plan()
        )

    async def begin(self, account_id: AccountId, lookup_key: str = MONTHLY) -> str:
        return await self.flow.subscribe(account_id, lookup_key=lookup_key, wording_version=WORDING)

    async def subscribe(self, account_id: AccountId, lookup_key: str = MONTHLY) -> str:
        """Pay as a person does, and let the webhooks come; return the subscription."""
        url = await self.begin(account_id, lookup_key)
        subscription_id = self.vendor.pay(url.rpartition("/")[2])
        await self.deliver()
        return subscription_id

    async def deliver(self) -> None:
        """Bring everything that happened, as often as it happened."""
        for event in tuple(self.vendor.happened):
            await self.flow.news.take_webhook(event)

    def view(self, account_id: AccountId, *, has_returned: bool = False) -> BillingView:
        return self.database.transact_now(
            billing.overview,
            account_id=account_id,
            has_returned=has_returned,
            now=self.vendor.now,
        )
