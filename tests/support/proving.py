"""A site that proves numbers: the flow and a real database, a vendor that sends nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from buddy_site.flows.phone_verification import Ask, PhoneVerification
from shared.database import Database
from shared.domain.verification import Channel
from shared.ids import AccountId
from shared.phone import PhoneNumber
from shared.services import phone_lines
from shared.services.verifications import StepView
from tests.support.builders import NOW, SAM, confirm_adult
from tests.support.fake_codes import FakeCodes


@dataclass
class Watch:
    """A clock that a test moves."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class World:
    """A site that can send codes, and somebody who signed in to it."""

    database: Database
    account_id: AccountId
    codes: FakeCodes = field(default_factory=FakeCodes)
    watch: Watch = field(default_factory=Watch)
    constants: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        confirm_adult(self.database, self.account_id)
        self.proving = PhoneVerification(
            self.database,
            self.watch,
            self.codes,
            countries=("US", "CA"),
            constant=self.constants.get,
        )

    async def send(
        self, number: PhoneNumber = SAM, channel: Channel = Channel.SMS, **more: str
    ) -> None:
        ask = Ask(self.account_id, number, channel, address="203.0.113.9", **more)
        await self.proving.send(ask)

    async def step(self) -> StepView | None:
        return await self.proving.step(self.account_id)

    def numbers(self) -> list[str]:
        found = self.database.transact_now(phone_lines.lines, account_id=self.account_id)
        return [line.number for line in found]
