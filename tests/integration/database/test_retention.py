"""Retention: what is kept long enough goes, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, select, update

from shared import outbox
from shared.database import Database
from shared.domain.retention import RetentionRules
from shared.ids import AccountId, CallId
from shared.services import accounts, calls, personas, phone_lines, retention
from shared.services.erasure import KINDS
from shared.tables.account import Account, SignInSession
from shared.tables.call import Call
from shared.tables.verification import GuardWindow
from tests.support.builders import NOW, SAM, open_call, registered_account
from voice.jobs.__main__ import keep_no_longer

RULES = RetentionRules()
MOMENT = timedelta(seconds=1)


class StoppedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


def call_days_ago(database: Database, days: int, call_sid: str, *, hidden: bool = False) -> CallId:
    """Have a call that began and ended so many days ago."""
    then = NOW - timedelta(days=days) - MOMENT
    opened = open_call(database, call_sid, number=None if hidden else SAM, now=then)
    database.transact_now(
        calls.end_call,
        call_id=opened.call_id,
        end_reason="caller_hung_up",
        used_seconds=3,
        now=then,
    )
    return opened.call_id


def sam(database: Database) -> AccountId:
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)
    return account_id


def enforce(database: Database) -> dict[str, int]:
    return dict(database.transact_now(retention.enforce, rules=RULES, now=NOW).deleted)


def overdue(database: Database) -> dict[str, int]:
    return dict(database.transact_now(retention.overdue, rules=RULES, now=NOW))


def left(database: Database) -> set[str]:
    return set(database.transact_now(lambda session: session.exec(select(Call.id)).all()))


def test_old_calls_go_and_vendors_are_asked(database: Database) -> None:
    sam(database)
    call_days_ago(database, RULES.calls_days, "CA1")
    kept = call_days_ago(database, RULES.calls_days - 1, "CA2")

    before = overdue(database)
    deleted = enforce(database)

    jobs = database.transact_now(outbox.claim, kinds=KINDS, limit=9, now=NOW)
    assert (before, deleted, overdue(database)) == ({"calls": 1}, {"calls": 1}, {})
    assert left(database) == {kept}
    assert [job.payload["call_sids"] for job in jobs] == [["CA1"]]


def test_an_account_may_choose_a_shorter_time(database: Database) -> None:
    account_id = sam(database)
    call_days_ago(database, 30, "CA1")
    kept = call_days_ago(database, 20, "CA2")

    def choose(session: Session) -> None:
        session.get_one(Account, account_id).transcript_days = 30

    database.transact_now(choose)

    assert enforce(database) == {"calls": 1}
    assert left(database) == {kept}


def test_numbers_that_nobody_claimed_are_forgotten(database: Database) -> None:
    call_days_ago(database, RULES.temporary_days, "CA1")
    call_days_ago(database, RULES.withheld_days, "CA2", hidden=True)
    fresh = call_days_ago(database, 0, "CA3", hidden=True)

    assert enforce(database) == {"accounts": 2}
    assert left(database) == {fresh}


def test_a_number_that_called_again_is_kept_and_a_running_call_too(database: Database) -> None:
    old = call_days_ago(database, RULES.temporary_days, "CA1")
    new = call_days_ago(database, 1, "CA2")
    running = open_call(
        database, "CA3", number=None, now=NOW - timedelta(days=RULES.withheld_days + 1)
    )

    assert enforce(database) == {}
    assert left(database) == {old, new, running.call_id}


def test_an_account_with_an_owner_stays_whatever_its_age(database: Database) -> None:
    account_id = sam(database)
    _age(database, Account, days=3000)

    enforce(database)

    profile = database.transact_now(accounts.profile, account_id=account_id, now=NOW)
    assert [line.number for line in profile.lines] == [SAM.e164]


def test_what_has_served_its_purpose_goes(database: Database) -> None:
    sam(database)

    def add(session: Session) -> None:
        for hours, key in ((0, b"new"), (24 * RULES.guards_days + 1, b"old")):
            then = NOW - timedelta(hours=hours)
            session.add(GuardWindow(scope="number", key=key, started_at=then, used=1))
        ended = NOW - timedelta(days=RULES.sessions_days) - MOMENT
        session.execute(update(SignInSession).values(ended_at=ended))

    database.transact_now(add)

    assert enforce(database) == {"guards": 1, "sessions": 1}
    assert enforce(database) == {}


async def test_the_job_goes_on_until_nothing_is_overdue(database: Database) -> None:
    sam(database)
    for number in range(retention.ERASED_AT_ONCE + 1):
        call_days_ago(database, 3, f"CA{number}")
    database.transact_now(personas.set_constant, name="retention_calls_days", value=2.0, now=NOW)

    await keep_no_longer(database, StoppedClock())

    assert left(database) == set()


def _age(database: Database, table: type[Account], *, days: int) -> None:
    database.transact_now(
        lambda session: session.execute(update(table).values(created_at=NOW - timedelta(days=days)))
    )
