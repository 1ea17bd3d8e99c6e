"""Ten thousand asks for codes from a thousand addresses: no more is sent than the budget allows."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlmodel import Session

from buddy_site.flows.phone_verification import Ask, PhoneVerification
from shared import wordings
from shared.database import DatabaseUrls
from shared.domain.verification import Channel, Limits
from shared.domain.verification_refusals import TooManyCodes
from shared.ids import AccountId
from shared.phone import PhoneNumber
from shared.services import consents
from shared.services.new_accounts import AccountKind, new_account
from shared.wordings import ConsentKind
from tests.support.builders import NOW
from tests.support.database import open_test_database
from tests.support.fake_codes import FakeCodes

ASKS, ADDRESSES, ACCOUNTS = 10_000, 1_000, 400
AT_ONCE = 8


class Noon:
    """A clock that stands still: all of it happens in one hour."""

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def test_a_thousand_addresses_spend_no_more_than_the_hours_budget(
    database_urls: DatabaseUrls,
) -> None:
    codes, outcomes = FakeCodes(), Counter[str]()
    with open_test_database(database_urls, pool_size=AT_ONCE) as database:
        accounts = await database.transact(_accounts)
        proving = PhoneVerification(
            database, Noon(), codes, countries=("US", "CA"), constant=lambda _name, usual: usual
        )
        asks = itertools.islice(_asks(accounts), ASKS)

        async def pump() -> None:
            for ask in asks:
                try:
                    await proving.send(ask)
                except TooManyCodes as refusal:
                    outcomes[refusal.scope] += 1
                else:
                    outcomes["sent"] += 1

        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(pump())

    budget = Limits().all
    assert outcomes.total() == ASKS
    assert outcomes["sent"] == codes.asked["start"] == budget
    assert codes.asked["line_type"] == budget


def _accounts(session: Session) -> list[AccountId]:
    made = [new_account(session, AccountKind.REGISTERED, now=NOW) for _ in range(ACCOUNTS)]
    for account_id in made:
        consents.give(
            session,
            account_id=account_id,
            kind=ConsentKind.ADULT,
            wording_version=wordings.current(ConsentKind.ADULT).version,
            now=NOW,
        )
    return made


def _asks(accounts: list[AccountId]) -> Iterator[Ask]:
    """Every ask from another address, for another number, by the next account."""
    areas = ("415", "212", "305", "604", "416", "514")
    for number in itertools.count():
        area, block, last = areas[number % 6], 200 + number // 6 % 700, 1000 + number // 6
        yield Ask(
            accounts[number % ACCOUNTS],
            PhoneNumber(f"+1{area}{block}{last:04}"),
            Channel.SMS,
            address=f"10.{number % ADDRESSES // 250}.7.{number % 250}",
        )
