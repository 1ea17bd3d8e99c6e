"""Talk time: nothing is created, nothing is lost, whoever asks at once and whatever dies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from shared.database import Database, DatabaseUrls
from shared.ids import AccountId, CallId
from shared.services import calls, phone_lines, talk_time
from shared.services.calls import CallNotFound
from shared.services.talk_time import LEASE_SECONDS, QUANTUM_SECONDS
from shared.tables.talk_time import LedgerEntry, Reservation
from tests.support.builders import NOW, SAM, open_call, registered_account, subscribe
from tests.support.database import DatabaseServer, open_test_database

LEASE = timedelta(seconds=LEASE_SECONDS)
MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Books:
    """What the tables say about an account."""

    left: int
    held: int  # by open reservations
    ledger: int
    used: int


def books(database: Database, account_id: AccountId) -> Books:
    def read(session: Session) -> Books:
        ledger = session.exec(select(LedgerEntry).where(LedgerEntry.account_id == account_id)).all()
        held = session.exec(
            select(Reservation.taken_seconds).where(
                Reservation.account_id == account_id, Reservation.status == talk_time.OPEN
            )
        ).all()
        return Books(
            left=talk_time.overview(session, account_id=account_id, now=NOW).seconds_left,
            held=sum(held),
            ledger=sum(entry.seconds for entry in ledger),
            used=sum(entry.used_seconds for entry in ledger),
        )

    return database.transact_now(read)


def reserve(database: Database, call_id: CallId, used: int, now: datetime = NOW) -> tuple[int, int]:
    granted = database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=used, now=now)
    assert granted.seconds_left is not None
    return granted.held_seconds, granted.seconds_left


def settle(database: Database, call_id: CallId, used: int, now: datetime = NOW) -> int:
    return database.transact_now(talk_time.settle, call_id=call_id, used_seconds=used, now=now)


def sweep(database: Database, now: datetime) -> tuple[CallId, ...]:
    return database.transact_now(talk_time.sweep, now=now)


@dataclass(slots=True)
class Account:
    """An account with a number of its own, and calls to talk in."""

    database: Database
    account_id: AccountId
    _sids: Iterator[int] = field(default_factory=itertools.count)

    def call(self) -> CallId:
        opened = open_call(self.database, f"CA{self.account_id}{next(self._sids)}")
        assert opened.account_id == self.account_id
        return opened.call_id

    def grant(self, seconds: int, cause: str = "test") -> bool:
        return self.database.transact_now(
            talk_time.grant,
            account_id=self.account_id,
            seconds=seconds,
            cause=f"{cause}:{self.account_id}",
            now=NOW,
        )

    def books(self) -> Books:
        return books(self.database, self.account_id)


_subjects = itertools.count()


def account_with(database: Database, seconds: int) -> Account:
    """Return a new account that holds Sam's number and so many seconds."""
    account_id = registered_account(database, f"subject-{next(_subjects)}")
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)
    account = Account(database, account_id)
    if seconds:
        account.grant(seconds, "first")
    return account


def test_a_call_is_kept_a_quantum_ahead_until_nothing_is_left(database: Database) -> None:
    account = account_with(database, 25)
    call_id = account.call()

    granted = [reserve(database, call_id, used) for used in (0, 7, 14, 21, 25)]

    assert granted == [(10, 15), (17, 8), (24, 1), (25, 0), (25, 0)]


def test_asking_again_takes_nothing_more(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()

    assert [reserve(database, call_id, 0) for _ in range(3)] == [(10, 290)] * 3


def test_settling_gives_back_what_was_not_used_and_books_once(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)

    booked = [settle(database, call_id, used) for used in (4, 4, 9)]

    assert booked == [4, 4, 4]
    assert account.books() == Books(left=296, held=0, ledger=296, used=4)


def test_a_settled_call_is_granted_nothing(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)
    settle(database, call_id, 4)

    assert reserve(database, call_id, 9) == (10, 296)
    assert account.books().held == 0


def test_the_same_cause_grants_once(database: Database) -> None:
    account = account_with(database, 0)

    assert [account.grant(60), account.grant(60)] == [True, False]
    assert account.books() == Books(left=60, held=0, ledger=60, used=0)


def test_a_dead_call_is_charged_what_it_held_and_ends(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)
    reserve(database, call_id, 7)

    early = sweep(database, NOW + LEASE)
    swept = sweep(database, NOW + LEASE + MOMENT)
    again = sweep(database, NOW + LEASE + MOMENT)

    (card,) = database.transact_now(
        calls.history, account_id=account.account_id, before=None, limit=9
    )
    assert (early, swept, again) == ((), (call_id,), ())
    assert (card.seconds, card.end_reason, card.is_live) == (17, "failed", False)
    assert account.books() == Books(left=283, held=0, ledger=283, used=17)


def test_a_call_that_was_swept_and_lives_goes_on_without_loss(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)
    sweep(database, NOW + LEASE + MOMENT)

    granted = reserve(database, call_id, 35, NOW + LEASE + MOMENT)
    detail = database.transact_now(calls.detail, account_id=account.account_id, call_id=call_id)
    settle(database, call_id, 40)

    assert granted == (45, 255)
    assert (detail.card.is_live, detail.card.status) == (True, "in-progress")
    assert account.books() == Books(left=260, held=0, ledger=260, used=40)


def test_a_hang_up_after_the_sweep_is_booked_as_it_was(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)
    sweep(database, NOW + LEASE + MOMENT)

    database.transact_now(
        calls.end_call, call_id=call_id, end_reason="caller_hung_up", used_seconds=3, now=NOW
    )

    (card,) = database.transact_now(
        calls.history, account_id=account.account_id, before=None, limit=9
    )
    assert (card.seconds, card.end_reason) == (3, "caller_hung_up")
    assert account.books() == Books(left=297, held=0, ledger=297, used=3)


def test_what_was_talked_while_nobody_could_be_asked_is_paid(database: Database) -> None:
    account = account_with(database, 300)
    call_id = account.call()
    reserve(database, call_id, 0)

    assert settle(database, call_id, 25) == 25
    assert account.books().left == 275


def test_a_call_that_never_could_reserve_is_paid_when_it_ends(database: Database) -> None:
    account = account_with(database, 300)

    settle(database, account.call(), 12)

    assert account.books() == Books(left=288, held=0, ledger=288, used=12)


def test_nobody_is_charged_below_zero(database: Database) -> None:
    account = account_with(database, 5)
    call_id = account.call()
    reserve(database, call_id, 0)

    settle(database, call_id, 30)

    assert account.books() == Books(left=0, held=0, ledger=0, used=30)


def test_an_unlimited_account_books_its_use_and_keeps_its_seconds(database: Database) -> None:
    account = account_with(database, 300)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))
    call_id = account.call()

    granted = database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=0, now=NOW)
    settle(database, call_id, 7)

    assert (granted.held_seconds, granted.seconds_left) == (10, None)
    assert account.books() == Books(left=300, held=0, ledger=300, used=7)
    assert database.transact_now(
        talk_time.overview, account_id=account.account_id, now=NOW
    ).is_unlimited


def test_a_plan_that_ends_during_a_call_charges_only_what_follows(database: Database) -> None:
    account = account_with(database, 300)
    subscribe(database, account.account_id, until=NOW + MOMENT)
    call_id = account.call()
    database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=0, now=NOW)

    reserve(database, call_id, 10, NOW + MOMENT)
    settle(database, call_id, 14, NOW + MOMENT)

    assert account.books() == Books(left=296, held=0, ledger=296, used=14)


def unlimited(database: Database, call_id: CallId, used: int, now: datetime) -> int:
    """Renew a call that must find itself unlimited; return what it holds."""
    granted = database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=used, now=now)
    assert granted.seconds_left is None
    return granted.held_seconds


def test_who_subscribes_while_talking_is_charged_nothing_from_then_on(database: Database) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    for used in (0, 7, 14):
        reserve(database, call_id, used)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))

    held = [unlimited(database, call_id, used, NOW) for used in (21, 61, 500)]
    during = account.books()
    settle(database, call_id, 505)

    assert held == [31, 71, 510]
    assert during == Books(left=46, held=0, ledger=46, used=0)  # 14 s were told before
    assert account.books() == Books(left=46, held=0, ledger=46, used=505)


def test_who_subscribes_and_hangs_up_before_the_next_renewal_pays_no_more(
    database: Database,
) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    reserve(database, call_id, 0)
    reserve(database, call_id, 7)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))

    settle(database, call_id, 12)

    assert account.books() == Books(left=53, held=0, ledger=53, used=12)


def test_before_and_after_a_plan_is_charged_and_nothing_in_between(database: Database) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    reserve(database, call_id, 0)
    reserve(database, call_id, 7)
    subscribe(database, account.account_id, until=NOW + MOMENT)
    unlimited(database, call_id, 14, NOW)  # up to 24 s: 7 of them were told before the plan

    reserve(database, call_id, 24, NOW + MOMENT)
    settle(database, call_id, 30, NOW + MOMENT)

    assert account.books() == Books(left=47, held=0, ledger=47, used=30)  # 60 - 7 - 6


def test_a_call_that_dies_once_its_account_subscribed_costs_no_more(database: Database) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    reserve(database, call_id, 0)
    reserve(database, call_id, 7)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))

    sweep(database, NOW + LEASE + MOMENT)

    assert account.books() == Books(left=53, held=0, ledger=53, used=17)


def test_a_plan_does_not_give_back_what_a_call_used_before_it_seemed_dead(
    database: Database,
) -> None:
    account = account_with(database, 60)
    call_id = account.call()
    for used in (0, 7, 14):
        reserve(database, call_id, used)
    sweep(database, NOW + LEASE + MOMENT)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))

    unlimited(database, call_id, 40, NOW + LEASE + MOMENT)
    settle(database, call_id, 50, NOW + LEASE + MOMENT)

    assert account.books() == Books(left=46, held=0, ledger=46, used=50)


def test_what_a_sweep_booked_before_a_plan_stays_booked_when_the_call_lives(
    database: Database,
) -> None:
    account = account_with(database, 15)
    call_id = account.call()
    for used in (0, 7, 12):  # three seconds ahead, for there are no more
        reserve(database, call_id, used)
    subscribe(database, account.account_id, until=NOW + timedelta(days=30))
    sweep(database, NOW + LEASE + MOMENT)

    unlimited(database, call_id, 12, NOW + LEASE + MOMENT)
    settle(database, call_id, 40, NOW + LEASE + MOMENT)

    assert account.books() == Books(left=3, held=0, ledger=3, used=40)


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
