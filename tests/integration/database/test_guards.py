"""Guards: counted once for each that got through, whoever asks at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from shared.database import Database, DatabaseUrls
from shared.domain.verification import Counted, Limits, Scope, counted
from shared.domain.verification_refusals import TooManyCodes
from shared.services import guards
from shared.tables.verification import GuardWindow
from tests.support.builders import NOW, SAM
from tests.support.database import open_test_database

LIMITS = Limits(number=3, all=4)


def uses(account_id: str = "acc_1", limits: Limits = LIMITS) -> tuple[Counted, ...]:
    return counted(number=SAM, account_id=account_id, address="::1", limits=limits, now=NOW)


def used(database: Database) -> dict[str, int]:
    def read(session: Session) -> dict[str, int]:
        windows = session.exec(select(GuardWindow))
        return {window.scope: window.used for window in windows}

    return database.transact_now(read)


def take(database: Database, account_id: str = "acc_1", limits: Limits = LIMITS) -> str:
    """Take one of each; return by which scope it was refused."""
    try:
        database.transact_now(guards.take, uses(account_id, limits))
    except TooManyCodes as refusal:
        return refusal.scope
    return ""


def test_the_ask_beyond_the_limit_is_refused_and_counted_nowhere(database: Database) -> None:
    taken = [take(database) for _ in range(5)]

    assert taken == ["", "", "", "number", "number"]
    assert used(database) == dict.fromkeys((scope.value for scope in Scope), 3)


def test_what_the_widest_refuses_is_not_counted_by_the_narrowest(database: Database) -> None:
    for _ in range(3):
        take(database)
    wide = Limits(number=99, all=3)

    assert take(database, limits=wide) == "all"
    assert used(database)["number"] == 3


def test_a_refusal_says_when_it_ends(database: Database) -> None:
    with pytest.raises(TooManyCodes) as caught:
        database.transact_now(guards.take, uses(limits=Limits(account=0)))

    assert (caught.value.scope, caught.value.until) == (Scope.ACCOUNT, NOW + timedelta(hours=1))
    assert used(database) == {}


def test_the_next_window_starts_anew(database: Database) -> None:
    for _ in range(3):
        take(database)
    later = counted(
        number=SAM,
        account_id="acc_1",
        address="::1",
        limits=Limits(number=1, account=1, address=1, prefix=1, country=1, all=1),
        now=NOW + timedelta(hours=1),
    )

    database.transact_now(guards.take, later)


def test_of_many_at_once_exactly_so_many_get_through(database_urls: DatabaseUrls) -> None:
    limits = Limits(number=99, number_day=99, account=99, address=99, prefix=99, country=99, all=25)
    with (
        open_test_database(database_urls, pool_size=8) as database,
        ThreadPoolExecutor(8) as threads,
    ):
        taken = list(threads.map(lambda n: take(database, f"acc_{n % 3}", limits), range(60)))

        assert (taken.count(""), taken.count("all")) == (25, 35)
        assert used(database)["number"] == 25


def test_keys_are_stored_blind(database: Database) -> None:
    take(database)

    def keys(session: Session) -> list[bytes]:
        return [window.key for window in session.exec(select(GuardWindow))]

    stored = database.transact_now(keys)
    assert len(set(stored)) == len(Scope)
    assert not any(b"4155550123" in key or b"acc_1" in key for key in stored)
