"""The spend guard's books, and which calls are admitted."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.database import Database, DatabaseUrls
from shared.domain.spending import Component, Refusal
from shared.ids import CallId
from shared.phone import PhoneNumber
from shared.seed.vendor_prices import vendor_prices
from shared.services import calls, personas, phone_lines, spending, talk_time
from shared.services.talk_time import LEASE_SECONDS
from tests.support.builders import KIM, NOW, SAM, open_call, registered_account, subscribe
from tests.support.database import open_test_database

MOMENT = timedelta(seconds=1)
LATE = NOW + timedelta(days=1)


def limit(database: Database, name: str, value: float) -> None:
    database.transact_now(personas.set_constant, name=f"spending_{name}", value=value, now=NOW)


def reserve(database: Database, call_id: CallId) -> None:
    database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=0, now=NOW)


def end(database: Database, call_id: CallId, used_seconds: int = 0) -> None:
    database.transact_now(
        calls.end_call,
        call_id=call_id,
        end_reason="caller_hung_up",
        used_seconds=used_seconds,
        now=NOW,
    )


def book(database: Database, micros: Mapping[Component, int]) -> int:
    return database.transact_now(spending.book, micros=micros, now=NOW)


def test_what_is_spent_adds_up_within_a_day_and_starts_anew_with_the_next(
    database: Database,
) -> None:
    totals = [
        book(database, {Component.LINE: 500, Component.MODEL_INPUT: 20}),
        book(database, {Component.LINE: 1000}),
        book(database, {}),
        book(database, {Component.SPEECH: 0}),
    ]

    assert totals == [520, 1520, 1520, 1520]
    assert database.transact_now(spending.spent, now=LATE) == 0


def test_pieces_are_booked_at_their_price(database: Database) -> None:
    total = database.transact_now(
        spending.book_pieces, component=Component.VERIFICATION, pieces=2, now=NOW
    )

    assert total == 2 * vendor_prices()[Component.VERIFICATION].micros


def test_what_many_spend_at_once_is_all_counted(database_urls: DatabaseUrls) -> None:
    orders = [(Component.LINE, Component.SMS), (Component.SMS, Component.LINE)] * 20
    with open_test_database(database_urls, pool_size=10) as database:
        with ThreadPoolExecutor(10) as threads:
            list(threads.map(lambda order: book(database, dict.fromkeys(order, 7)), orders))

        assert database.transact_now(spending.spent, now=NOW) == 2 * 7 * len(orders)


def test_a_first_call_is_admitted(database: Database) -> None:
    assert open_call(database).refusal is None


def test_a_second_call_of_the_number_is_not(database: Database) -> None:
    first = open_call(database, "CA1")

    assert open_call(database, "CA2").refusal is Refusal.LINE_IN_USE
    assert open_call(database, "CA3", number=KIM).refusal is None
    reserve(database, first.call_id)
    assert open_call(database, "CA4").refusal is Refusal.LINE_IN_USE


def test_a_number_may_call_again_once_its_call_is_over(database: Database) -> None:
    end(database, open_call(database, "CA1").call_id)

    assert open_call(database, "CA2").refusal is None


def test_a_number_may_call_again_once_twilio_says_that_its_line_is_free(
    database: Database,
) -> None:
    reserve(database, open_call(database, "CA1").call_id)
    database.transact_now(
        calls.update_status,
        call_sid="CA1",
        status="completed",
        sequence_number=None,
        duration_seconds=9,
        now=NOW,
    )

    assert open_call(database, "CA2").refusal is None


@pytest.mark.parametrize("has_reserved", [True, False])
def test_a_call_that_died_unseen_blocks_its_number_for_a_while_only(
    database: Database, *, has_reserved: bool
) -> None:
    opened = open_call(database, "CA1")
    if has_reserved:
        reserve(database, opened.call_id)
    wait = timedelta(seconds=LEASE_SECONDS) if has_reserved else spending.LONGEST_WAIT

    early = open_call(database, "CA2", now=NOW + wait - MOMENT)
    end(database, early.call_id)
    later = open_call(database, "CA3", now=NOW + wait + MOMENT)

    assert (early.refusal, later.refusal) == (Refusal.LINE_IN_USE, None)


def test_withheld_numbers_do_not_get_in_each_others_way(database: Database) -> None:
    refusals = [open_call(database, sid, number=None).refusal for sid in ("CA1", "CA2")]

    assert refusals == [None, None]


def test_no_more_calls_at_once_than_the_operator_wants(database_urls: DatabaseUrls) -> None:
    numbers = [PhoneNumber(f"+1415555{7000 + number}") for number in range(12)]
    with open_test_database(database_urls, pool_size=12) as database:
        limit(database, "calls_in_all", 5)
        with ThreadPoolExecutor(12) as threads:
            opened = list(
                threads.map(
                    lambda number: open_call(database, f"CA{number.e164}", number=number), numbers
                )
            )

    # Who was refused is on the line until the words of it are over, and counts as well.
    assert [one.refusal for one in opened].count(None) == 5
    assert {one.refusal for one in opened} == {None, Refusal.ALL_LINES_BUSY}


def test_the_kill_switch_and_a_budget_that_is_gone_let_nobody_in(database: Database) -> None:
    limit(database, "daily_budget_micros", 1000)
    before = open_call(database, "CA1").refusal
    book(database, {Component.LINE: 1000})
    over = open_call(database, "CA2", number=KIM).refusal
    limit(database, "is_paused", 1)
    paused = open_call(database, "CA3", number=None).refusal

    assert (before, over, paused) == (None, Refusal.BUDGET_OVER, Refusal.SERVICE_PAUSED)


def test_an_unlimited_account_talks_as_long_as_fair_use_says(database: Database) -> None:
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)
    subscribe(database, account_id, until=NOW + timedelta(days=60))
    limit(database, "fair_use_seconds", 100)
    first = open_call(database, "CA1")
    end(database, first.call_id, used_seconds=70)
    second = open_call(database, "CA2")
    end(database, second.call_id, used_seconds=40)
    third = open_call(database, "CA3")
    next_month = open_call(database, "CA4", now=NOW + timedelta(days=30))

    assert [(one.fair_use_left, one.refusal) for one in (first, second, third, next_month)] == [
        (100, None),
        (30, None),
        (0, Refusal.FAIR_USE_OVER),
        (100, None),
    ]


def test_fair_use_is_no_concern_of_who_pays_by_the_second(database: Database) -> None:
    limit(database, "fair_use_seconds", 0)
    opened = open_call(database)

    assert (opened.fair_use_left, opened.refusal) == (None, None)
