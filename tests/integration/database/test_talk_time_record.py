"""Talk time as its owner reads it."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from shared.database import Database
from shared.ids import AccountId, CallId
from shared.services import allowances, calls, erasure, phone_lines, talk_time, talk_time_record
from shared.services.talk_time_record import EntryKind, LedgerRow
from tests.support.builders import (
    KIM,
    NOW,
    SAM,
    open_call,
    published_persona,
    registered_account,
    subscribe,
)


def entries(database: Database, account_id: AccountId, limit: int = 50) -> tuple[LedgerRow, ...]:
    return database.transact_now(talk_time_record.entries, account_id=account_id, limit=limit)


def claimed(database: Database) -> tuple[AccountId, CallId]:
    """Talk 7 seconds with Ben from a number nobody knows, then prove that it is one's own."""
    opened = open_call(database, "CA1")
    version_id = published_persona(database)
    database.transact_now(
        calls.choose_persona, call_id=opened.call_id, persona_version_id=version_id, now=NOW
    )
    owner = registered_account(database)

    def prove(session: Session) -> None:
        phone_lines.attach_verified(session, account_id=owner, number=SAM, now=NOW)
        allowances.grant_trial(session, account_id=owner, number=SAM, now=NOW)

    database.transact_now(talk_time.reserve, call_id=opened.call_id, used_seconds=0, now=NOW)
    database.transact_now(prove)
    database.transact_now(
        calls.end_call,
        call_id=opened.call_id,
        end_reason="caller_hung_up",
        used_seconds=7,
        now=NOW,
    )
    return owner, opened.call_id


def test_every_entry_is_told_with_its_ground_and_what_was_left_after_it(
    database: Database,
) -> None:
    owner, call_id = claimed(database)

    told = [
        (row.kind, row.seconds, row.used_seconds, row.balance, row.call_id, row.buddy)
        for row in entries(database, owner)
    ]

    assert told == [
        (EntryKind.CALL, -7, 7, 1193, call_id, "Ben"),
        (EntryKind.TRIAL, 900, 0, 1200, None, None),
        (EntryKind.CLAIM, 300, 0, 300, None, None),
    ]


def test_the_newest_come_first_and_no_more_than_asked_for(database: Database) -> None:
    owner, _ = claimed(database)

    (newest,) = entries(database, owner, limit=1)

    assert (newest.kind, newest.balance) == (EntryKind.CALL, 1193)


def test_of_a_deleted_call_only_the_seconds_are_told(database: Database) -> None:
    owner, call_id = claimed(database)
    database.transact_now(erasure.delete_call, account_id=owner, call_id=call_id, now=NOW)

    newest = entries(database, owner)[0]

    assert (newest.kind, newest.seconds, newest.call_id, newest.buddy) == (
        EntryKind.CALL,
        -7,
        None,
        None,
    )


def test_nobody_reads_anothers_ledger_or_calls(database: Database) -> None:
    claimed(database)
    stranger = registered_account(database, "kim")

    assert entries(database, stranger) == ()


def test_a_standing_tells_what_is_left_held_and_talked(database: Database) -> None:
    owner, _ = claimed(database)
    running = open_call(database, "CA2").call_id
    database.transact_now(talk_time.reserve, call_id=running, used_seconds=4, now=NOW)

    before = database.transact_now(talk_time_record.standing, account_id=owner, now=NOW)
    subscribe(database, owner, until=NOW + timedelta(days=30))
    after = database.transact_now(talk_time_record.standing, account_id=owner, now=NOW)

    assert (before.seconds_left, before.held_seconds, before.running_calls) == (1179, 14, 1)
    assert (before.talked_seconds, before.is_unlimited, after.is_unlimited) == (11, False, True)


def test_a_call_on_a_plan_is_told_though_it_took_nothing(database: Database) -> None:
    owner, _ = claimed(database)
    subscribe(database, owner, until=NOW + timedelta(days=30))
    opened = open_call(database, "CA2")
    assert open_call(database, "CA3", number=KIM).account_id != owner
    database.transact_now(
        calls.end_call,
        call_id=opened.call_id,
        end_reason="caller_hung_up",
        used_seconds=90,
        now=NOW,
    )

    newest = entries(database, owner)[0]

    assert (newest.kind, newest.seconds, newest.used_seconds) == (EntryKind.CALL, 0, 90)
