"""Talk time when several ask at once, and whatever happens: nothing is created, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.database import Database, DatabaseUrls
from shared.ids import CallId
from shared.services import phone_lines, talk_time
from shared.services.calls import CallNotFound
from shared.services.talk_time import QUANTUM_SECONDS
from tests.support.builders import NOW, SAM, open_call, registered_account
from tests.support.database import DatabaseServer, open_test_database
from tests.support.talk_time_books import (
    LEASE,
    MOMENT,
    Books,
    account_with,
    books,
    reserve,
    settle,
    sweep,
)


def test_two_calls_at_once_are_told_that_they_share_what_is_left(database: Database) -> None:
    account = account_with(database, 100)
    first, second = account.call(), account.call()

    def told(call_id: CallId) -> tuple[int | None, int]:
        granted = database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=0, now=NOW)
        return granted.seconds_left, granted.calls_at_once

    assert [told(first), told(second), told(first)] == [(90, 1), (80, 2), (80, 2)]
    settle(database, second, 3)
    assert told(first) == (87, 1)


def test_an_unknown_call_is_refused(database: Database) -> None:
    with pytest.raises(CallNotFound):
        reserve(database, CallId("call_unknown"), 0)


def test_of_twenty_at_once_one_gets_the_last_quantum(database_urls: DatabaseUrls) -> None:
    with open_test_database(database_urls, pool_size=20) as database:
        for _ in range(5):
            account = account_with(database, QUANTUM_SECONDS)
            ids = [account.call() for _ in range(20)]
            with ThreadPoolExecutor(20) as threads:
                granted = list(threads.map(lambda call_id: reserve(database, call_id, 0), ids))

            assert sorted(held for held, _ in granted) == [0] * 19 + [QUANTUM_SECONDS]
            assert account.books() == Books(0, QUANTUM_SECONDS, QUANTUM_SECONDS, 0)
            for call_id in ids:
                settle(database, call_id, 0)


def test_a_call_settled_swept_and_renewed_at_once_is_booked_once(
    database_urls: DatabaseUrls,
) -> None:
    later = NOW + LEASE + MOMENT

    def settle_sweep_and_renew(call_id: CallId) -> None:
        settle(database, call_id, 8, later)
        sweep(database, later)
        reserve(database, call_id, 8, later)

    with open_test_database(database_urls, pool_size=12) as database:
        for _ in range(5):
            account = account_with(database, 300)
            call_id = account.call()
            reserve(database, call_id, 0)
            with ThreadPoolExecutor(12) as threads:
                list(threads.map(settle_sweep_and_renew, [call_id] * 12))

            assert account.books() == Books(left=292, held=0, ledger=292, used=8)


def test_a_number_claimed_during_a_call_takes_the_running_reservation_along(
    database: Database,
) -> None:
    opened = open_call(database)
    reserve(database, opened.call_id, 0)
    owner = registered_account(database)

    database.transact_now(phone_lines.attach_verified, account_id=owner, number=SAM, now=NOW)
    during = books(database, owner)
    settle(database, opened.call_id, 4)

    assert during == Books(left=290, held=10, ledger=300, used=0)
    assert books(database, owner) == Books(left=296, held=0, ledger=296, used=4)
    assert books(database, opened.account_id) == Books(0, 0, 0, 0)


# What may happen to three calls of one account: (what, which call, how much).
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["grant", "talk", "talk", "talk", "renew", "settle", "die", "wait", "sweep", "lost"]
        ),
        st.integers(0, 2),
        st.integers(0, 14),
    ),
    max_size=40,
)


@dataclass(slots=True)
class Talked:
    """What really was said in a call, as no table knows it."""

    call_id: CallId
    seconds: int = 0
    held: int = 0
    is_alive: bool = True


@pytest.fixture(scope="module")
def shared_database(database_server_of_run: DatabaseServer) -> Iterator[Database]:
    with database_server_of_run.migrated_database() as urls, open_test_database(urls) as database:
        yield database


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=steps, first=st.integers(0, 60))
def test_whatever_happens_nothing_is_created_and_a_crash_costs_a_quantum_at_most(
    shared_database: Database, script: list[tuple[str, int, int]], first: int
) -> None:
    database = shared_database
    account = account_with(database, first)
    talked = [Talked(account.call()) for _ in range(3)]
    granted, now = first, NOW
    for number, (what, which, amount) in enumerate(script):
        call = talked[which]
        match what:
            case "grant":
                account.grant(amount, f"step-{number}")
                account.grant(amount, f"step-{number}")  # the webhook comes twice
                granted += amount
            case "talk" | "renew" if call.is_alive:
                call.held, _ = reserve(database, call.call_id, call.seconds, now)
                if what == "talk":
                    call.seconds = min(call.held, call.seconds + amount)
            case "lost" if call.is_alive:  # the answer got lost: the call knows nothing of it
                reserve(database, call.call_id, call.seconds, now)
            case "settle" if call.is_alive:
                assert settle(database, call.call_id, call.seconds, now) == call.seconds
                assert settle(database, call.call_id, 99, now) == call.seconds
                call.is_alive = False
            case "die":
                call.is_alive = False
            case "wait":
                now += timedelta(seconds=amount * 3)
            case "sweep":
                sweep(database, now)
            case _:
                pass  # the dead do nothing
        found = account.books()
        assert found.left >= 0
        assert found.left + found.held == found.ledger

    for call in talked:
        if call.is_alive:
            settle(database, call.call_id, call.seconds, now)
    sweep(database, now + LEASE + MOMENT)

    found = account.books()
    spoken = sum(call.seconds for call in talked)
    crashed = sum(not call.is_alive for call in talked)
    assert found.held == 0
    assert found.left == found.ledger == granted - found.used
    assert spoken <= found.used <= spoken + crashed * QUANTUM_SECONDS
