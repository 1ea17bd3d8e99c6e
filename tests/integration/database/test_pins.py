"""PINs as they are kept and checked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from shared.database import Database
from shared.domain.pins import LOCKED_FOR, PinTooEasy
from shared.ids import AccountId
from shared.services import pins
from shared.services.pins import PinAnswer, PinOutcome
from shared.tables.account import Account
from shared.tables.call import Call
from tests.support.builders import NOW, call_in_progress, registered_account

PIN = "8305"


@pytest.fixture
def account_id(database: Database) -> AccountId:
    account_id = registered_account(database)
    database.transact_now(pins.set_pin, account_id=account_id, pin=PIN)
    return account_id


def tried(database: Database, account_id: AccountId, pin: str, *, hours: float = 0) -> PinAnswer:
    now = NOW + timedelta(hours=hours)
    return database.transact_now(pins.check_pin, account_id=account_id, pin=pin, now=now)


def test_right_pin_is_right_and_a_row_says_nothing_of_it(
    database: Database, account_id: AccountId
) -> None:
    other = registered_account(database, "kim")
    database.transact_now(pins.set_pin, account_id=other, pin=PIN)

    def indexes(session: Session) -> set[bytes | None]:
        return set(session.exec(select(Account.pin_index)).all())

    assert tried(database, account_id, PIN) == PinAnswer(PinOutcome.RIGHT, 5)
    kept = database.transact_now(indexes)
    assert len(kept) == 2  # the same PIN of two accounts is not the same bytes
    assert all(PIN.encode() not in (index or b"") for index in kept)


def test_five_wrong_in_a_row_lock_even_the_right_one_out_for_an_hour(
    database: Database, account_id: AccountId
) -> None:
    wrong = [tried(database, account_id, f"830{n}") for n in (1, 2, 3, 4, 6)]

    assert [(one.outcome, one.tries_left) for one in wrong] == [
        (PinOutcome.WRONG, 4),
        (PinOutcome.WRONG, 3),
        (PinOutcome.WRONG, 2),
        (PinOutcome.WRONG, 1),
        (PinOutcome.LOCKED, 0),
    ]
    assert tried(database, account_id, PIN, hours=0.9).outcome is PinOutcome.LOCKED
    after = LOCKED_FOR / timedelta(hours=1)
    assert tried(database, account_id, PIN, hours=after).outcome is PinOutcome.RIGHT


def test_right_pin_gives_all_tries_back(database: Database, account_id: AccountId) -> None:
    for _ in range(4):
        tried(database, account_id, "9999")
    tried(database, account_id, PIN)

    assert tried(database, account_id, "9999").tries_left == 4


def test_guesses_at_the_same_moment_are_counted_each(
    database: Database, account_id: AccountId
) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: tried(database, account_id, f"700{n}"), (1, 2, 3, 4, 5, 6, 7, 8))
        )

    outcomes = sorted(answer.outcome for answer in answers)
    assert outcomes == [PinOutcome.LOCKED] * 4 + [PinOutcome.WRONG] * 4


def test_account_without_a_pin_is_told_so_and_an_easy_one_is_not_kept(database: Database) -> None:
    account_id = registered_account(database)

    with pytest.raises(PinTooEasy):
        database.transact_now(pins.set_pin, account_id=account_id, pin="1234")

    assert tried(database, account_id, "1234") == PinAnswer(PinOutcome.NOT_SET)


def test_removed_pin_proves_nothing(database: Database, account_id: AccountId) -> None:
    database.transact_now(pins.remove_pin, account_id=account_id)

    assert tried(database, account_id, PIN).outcome is PinOutcome.NOT_SET


def test_right_pin_proves_the_call_and_a_wrong_one_does_not(database: Database) -> None:
    call_id = call_in_progress(database)

    def give_pin(session: Session) -> None:
        call = session.get_one(Call, call_id)
        call.proved_at = None
        pins.set_pin(session, account_id=AccountId(call.account_id), pin=PIN)

    database.transact_now(give_pin)

    def proved(pin: str) -> bool:
        database.transact_now(pins.prove_call, call_id=call_id, pin=pin, now=NOW)
        return database.transact_now(
            lambda session: session.get_one(Call, call_id).proved_at == NOW
        )

    assert not proved("8306")
    assert proved(PIN)
