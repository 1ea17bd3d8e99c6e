"""From the button to the payment page: one page for an account and price, whatever is clicked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from buddy_site.flows.billing import (
    BUTTONS,
    BUTTONS_SPAN,
    NothingToManage,
    PriceUnavailable,
)
from buddy_site.flows.pace import TooOften
from buddy_site.gateways.billing import PortalPage
from shared.domain.billing import Standing
from shared.errors import ProviderError
from shared.money import Money
from shared.services import consents
from shared.services.accounts import AdultUnconfirmed
from shared.services.checkouts import NumberUnverified
from shared.services.consents import UnknownWording
from shared.tables.billing import Checkout
from shared.wordings import ConsentKind, current
from tests.support.builders import KIM, NOW, registered_account
from tests.support.paying import MONTHLY, WORDING, YEARLY, Till, paying_account


def statuses(till: Till) -> list[tuple[str, str]]:
    def read(session: Session) -> list[tuple[str, str]]:
        rows = session.exec(
            select(Checkout).order_by(col(Checkout.created_at), col(Checkout.lookup_key))
        )
        return [(row.lookup_key, row.status) for row in rows]

    return till.database.transact_now(read)


async def test_two_tabs_and_double_clicks_make_one_page(till: Till) -> None:
    account_id = paying_account(till.database)

    urls = await asyncio.gather(*(till.begin(account_id) for _ in range(5)))

    assert len(set(urls)) == 1
    assert (len(till.vendor.pages), len(till.vendor.customers)) == (1, 1)
    assert statuses(till) == [(MONTHLY, "open")]


async def test_two_processes_make_one_page(till: Till) -> None:
    account_id = paying_account(till.database)
    other = Till(till.database, till.vendor)

    urls = await asyncio.gather(till.begin(account_id), other.begin(account_id))

    assert len(set(urls)) == 1
    assert (len(till.vendor.pages), len(till.vendor.customers)) == (1, 1)


async def test_choosing_another_price_closes_the_first_page(till: Till) -> None:
    account_id = paying_account(till.database)
    await till.begin(account_id, MONTHLY)

    await till.begin(account_id, YEARLY)

    assert [page.seen.status for page in till.vendor.pages.values()] == ["expired", "open"]
    assert statuses(till) == [(MONTHLY, "expired"), (YEARLY, "open")]


async def test_who_paid_meanwhile_in_another_tab_is_not_sold_a_second_one(till: Till) -> None:
    account_id = paying_account(till.database)
    url = await till.begin(account_id, MONTHLY)
    till.vendor.pay(url.rpartition("/")[2])  # and no webhook has come

    again = await till.begin(account_id, MONTHLY)
    other = await till.begin(account_id, YEARLY)

    assert "/p/session/" in again
    assert "/p/session/" in other
    assert len(till.vendor.pages) == 1
    assert till.view(account_id).standing is Standing.ACTIVE


async def test_who_subscribes_already_is_sent_to_the_portal(till: Till) -> None:
    account_id = paying_account(till.database)
    await till.subscribe(account_id)

    url = await till.begin(account_id, YEARLY)

    assert url.endswith("/p/session/home")
    assert len(till.vendor.pages) == 1


async def test_a_page_that_expired_gives_way_to_a_new_one(till: Till) -> None:
    account_id = paying_account(till.database)
    first = await till.begin(account_id)
    await till.vendor.expire_checkout(first.rpartition("/")[2])

    second = await till.begin(account_id)

    assert first != second
    assert statuses(till) == [(MONTHLY, "expired"), (MONTHLY, "open")]


async def test_a_page_about_to_expire_is_not_handed_out_again(till: Till) -> None:
    account_id = paying_account(till.database)
    first = await till.begin(account_id)
    till.vendor.now += timedelta(minutes=58)

    assert await till.begin(account_id) != first


async def test_nobody_pays_without_a_verified_number(till: Till) -> None:
    account_id = registered_account(till.database)
    with pytest.raises(AdultUnconfirmed):
        await till.begin(account_id)
    till.database.transact_now(
        consents.give,
        account_id=account_id,
        kind=ConsentKind.ADULT,
        wording_version=current(ConsentKind.ADULT).version,
        now=NOW,
    )

    with pytest.raises(NumberUnverified):
        await till.begin(account_id)

    assert (till.vendor.customers, statuses(till)) == ({}, [])


async def test_the_renewal_is_agreed_to_in_known_words_and_kept(till: Till) -> None:
    account_id = paying_account(till.database)
    with pytest.raises(UnknownWording):
        await till.flow.subscribe(account_id, lookup_key=MONTHLY, wording_version="renewal-0")
    assert statuses(till) == []

    await till.begin(account_id)

    kept = till.database.transact_now(consents.overview, account_id=account_id)
    assert (ConsentKind.RENEWAL, WORDING) in [(one.kind, one.wording_version) for one in kept]


OTHER_PRICES: list[dict[str, object]] = [
    {"amount": Money(1999)},
    {"amount": Money(1499, "eur")},
    {"interval": "week"},
    {"interval_count": 2},
    {"is_active": False},
]


async def test_a_price_that_is_not_ours_is_not_sold(till: Till) -> None:
    account_id = paying_account(till.database)
    ours = till.vendor.prices[MONTHLY]

    for change in OTHER_PRICES:
        till.vendor.prices[MONTHLY] = replace(ours, **change)  # type: ignore[arg-type]
        with pytest.raises(PriceUnavailable):
            await till.begin(account_id)

    assert till.vendor.pages == {}
    assert {status for _, status in statuses(till)} == {"failed"}


async def test_a_price_nobody_has_is_not_sold(till: Till) -> None:
    account_id = paying_account(till.database)

    with pytest.raises(PriceUnavailable):
        await till.begin(account_id, "unlimited_free")

    assert statuses(till) == []


@pytest.mark.parametrize("call", ["price", "create_customer", "create_checkout"])
async def test_what_failed_on_the_way_is_taken_up_again(till: Till, call: str) -> None:
    account_id = paying_account(till.database)
    till.vendor.fail_next(call)
    with pytest.raises(ProviderError):
        await till.begin(account_id)

    await till.begin(account_id)

    assert statuses(till) == [(MONTHLY, "open")]
    assert (len(till.vendor.pages), len(till.vendor.customers)) == (1, 1)


async def test_what_was_refused_is_begun_anew(till: Till) -> None:
    account_id = paying_account(till.database)
    till.vendor.fail_next("create_checkout", retryable=False)
    with pytest.raises(ProviderError):
        await till.begin(account_id)

    await till.begin(account_id)

    assert sorted(statuses(till)) == [(MONTHLY, "failed"), (MONTHLY, "open")]


async def test_a_customer_who_is_gone_at_stripe_is_made_anew(till: Till) -> None:
    account_id = paying_account(till.database)
    await till.begin(account_id)
    (customer_id,) = till.vendor.customers
    await till.vendor.delete_customer(customer_id)
    till.vendor.pages.clear()

    url = await till.begin(account_id)

    assert url.startswith("https://pay.example/c/pay/")
    assert customer_id not in till.vendor.customers
    assert len(till.vendor.customers) == 1


async def test_every_page_of_the_portal_can_be_reached(till: Till) -> None:
    account_id = paying_account(till.database)
    with pytest.raises(NothingToManage):
        await till.flow.portal(account_id, PortalPage.CANCEL)
    await till.subscribe(account_id)

    urls = [await till.flow.portal(account_id, place) for place in PortalPage]

    assert urls == [f"https://pay.example/p/session/{place}" for place in PortalPage]


async def test_whoever_hammers_the_buttons_is_told_to_wait_and_nobody_else(till: Till) -> None:
    sam, kim = paying_account(till.database), paying_account(till.database, "kim", KIM)
    for _ in range(BUTTONS):
        await till.begin(sam)
    asked = sum(till.vendor.asked.values())

    with pytest.raises(TooOften):
        await till.begin(sam)
    with pytest.raises(TooOften):
        await till.flow.portal(sam, PortalPage.HOME)
    assert sum(till.vendor.asked.values()) == asked
    await till.begin(kim)
    till.vendor.now += BUTTONS_SPAN

    assert await till.begin(sam)
