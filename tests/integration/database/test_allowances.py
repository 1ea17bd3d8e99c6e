"""Allowances: each holder has each once, whoever asks at once and whatever becomes of accounts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete
from sqlmodel import Session, col, select

from shared.database import Database, DatabaseUrls
from shared.ids import AccountId
from shared.phone import PhoneNumber
from shared.services import allowances, calls, phone_lines, talk_time
from shared.tables.account import Account
from shared.tables.talk_time import AllowanceTaken
from tests.support.builders import KIM, NOW, SAM, open_call, registered_account
from tests.support.database import open_test_database


def verify(database: Database, account_id: AccountId, number: PhoneNumber = SAM) -> int:
    """Do what proving a number does; return the seconds that it gave."""

    def attach_and_grant(session: Session) -> int:
        phone_lines.attach_verified(session, account_id=account_id, number=number, now=NOW)
        return allowances.grant_trial(session, account_id=account_id, number=number, now=NOW)

    return database.transact_now(attach_and_grant)


def left(database: Database, account_id: AccountId) -> int:
    return database.transact_now(talk_time.overview, account_id=account_id, now=NOW).seconds_left


def delete_account(database: Database, account_id: AccountId) -> None:
    database.transact_now(
        lambda session: session.execute(delete(Account).where(col(Account.id) == account_id))
    )


def test_who_called_before_has_five_minutes_and_fifteen_more_once_verified(
    database: Database,
) -> None:
    caller = open_call(database).account_id
    owner = registered_account(database)

    assert left(database, caller) == 300
    assert verify(database, owner) == 900
    assert (left(database, owner), left(database, caller)) == (1200, 0)


def test_a_call_of_a_withheld_number_has_a_minute_each_time(database: Database) -> None:
    accounts = [open_call(database, sid, number=None).account_id for sid in ("CA1", "CA2")]

    assert [left(database, account_id) for account_id in accounts] == [60, 60]


def test_proving_the_same_number_again_or_another_one_gives_nothing(database: Database) -> None:
    owner = registered_account(database)

    assert [verify(database, owner, number) for number in (SAM, SAM, KIM)] == [900, 0, 0]


def test_a_number_that_moves_gives_nothing_and_what_it_gave_stays(database: Database) -> None:
    sam, kim = registered_account(database, "sam"), registered_account(database, "kim")
    verify(database, sam, SAM)

    assert verify(database, kim, SAM) == 0
    assert (left(database, sam), left(database, kim)) == (900, 0)


def test_a_refused_trial_uses_up_nothing(database: Database) -> None:
    sam, kim = registered_account(database, "sam"), registered_account(database, "kim")
    verify(database, sam, SAM)
    verify(database, kim, SAM)  # the number had it, Kim's account and identity did not
    verify(database, sam, KIM)  # the account had it, Kim's number did not

    assert verify(database, kim, KIM) == 900


@pytest.mark.parametrize("number", [SAM, KIM])
def test_who_deletes_the_account_and_registers_again_gets_nothing(
    database: Database, number: PhoneNumber
) -> None:
    first = registered_account(database)
    verify(database, first, SAM)
    delete_account(database, first)

    again = registered_account(database)

    assert again != first
    assert verify(database, again, number) == 0
    assert left(database, again) == 0


def test_a_number_whose_account_is_gone_does_not_get_its_five_minutes_again(
    database: Database,
) -> None:
    delete_account(database, open_call(database, "CA1").account_id)

    assert open_call(database, "CA2").seconds_left == 0


def test_nothing_is_kept_of_whose_it_was_but_blind_indexes(database: Database) -> None:
    verify(database, registered_account(database))

    def remembered(session: Session) -> list[AllowanceTaken]:
        rows = list(session.exec(select(AllowanceTaken)))
        session.expunge_all()
        return rows

    rows = database.transact_now(remembered)

    assert {row.allowance for row in rows} == {"trial"}
    assert [len(row.holder_index) for row in rows] == [32] * 3
    assert {(row.seconds, row.taken_at) for row in rows} == {(900, NOW)}


def test_of_many_who_verify_at_once_each_holder_has_the_trial_once(
    database_urls: DatabaseUrls,
) -> None:
    with open_test_database(database_urls, pool_size=12) as database:
        owners = [registered_account(database, f"subject-{number}") for number in range(3)]
        # Every account asks for both numbers, in both orders, all at the same time.
        asked = [(owner, number) for owner in owners for number in (SAM, KIM, KIM, SAM)]
        with ThreadPoolExecutor(12) as threads:
            granted = list(
                threads.map(
                    lambda pair: database.transact_now(
                        allowances.grant_trial, account_id=pair[0], number=pair[1], now=NOW
                    ),
                    asked,
                )
            )

        assert sorted(granted) == [0] * 10 + [900] * 2
        assert sorted(left(database, owner) for owner in owners) == [0, 900, 900]


def test_of_many_first_calls_at_once_one_brings_the_five_minutes(
    database_urls: DatabaseUrls,
) -> None:
    def take(number: int) -> AccountId:
        return database.transact_now(
            calls.take_call, call_sid=f"CA{number}", number=SAM, is_attested=True, now=NOW
        ).account_id

    with open_test_database(database_urls, pool_size=10) as database:
        with ThreadPoolExecutor(10) as threads:
            (account_id,) = set(threads.map(take, range(10)))

        assert left(database, account_id) == 300
