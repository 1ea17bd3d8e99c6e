"""What the tables say of an account's talk time, and accounts to talk with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, select

from shared.database import Database
from shared.ids import AccountId, CallId
from shared.services import phone_lines, talk_time
from shared.services.talk_time import LEASE_SECONDS
from shared.tables.talk_time import LedgerEntry, Reservation
from tests.support.builders import NOW, SAM, open_call, registered_account

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
