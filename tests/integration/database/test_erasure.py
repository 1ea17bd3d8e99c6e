"""Erasing: nothing of a call or an account is left, but what must outlive it."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session, SQLModel, select

from shared import outbox
from shared.database import Database, DatabaseUrls, key_ring
from shared.ids import AccountId, CallId
from shared.listener import CALL_COMMANDS
from shared.outbox import MAX_ATTEMPTS, ClaimedJob
from shared.services import accounts, calls, erasure, phone_lines, talk_time
from shared.services.calls import CallNotFound
from shared.services.erasure import ERASE_STRIPE, ERASE_TWILIO, KINDS, AccountNotFound
from shared.tables.billing import BillingCustomer, Payment
from shared.tables.call import Entry
from shared.tables.guarding import TextMessage
from shared.tables.talk_time import AllowanceTaken, LedgerEntry
from tests.support.builders import NOW, SAM, claims, open_call, registered_account, subscribe

LATER = NOW + timedelta(seconds=4)


def sam(database: Database) -> AccountId:
    """Return a registered account that holds Sam's number and a little of everything."""
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)
    database.transact_now(
        talk_time.grant, account_id=account_id, seconds=300, cause="test", now=NOW
    )
    subscribe(database, account_id, until=NOW + timedelta(days=30))

    def add(session: Session) -> None:
        session.add(
            BillingCustomer(account_id=account_id, stripe_customer_id="cus_1", created_at=NOW)
        )
        session.add(
            Payment(
                invoice_id="in_1",
                account_id=account_id,
                status="paid",
                currency="usd",
                due_minor=1499,
                paid_minor=1499,
                created_at=NOW,
                synced_at=NOW,
            )
        )

    database.transact_now(add)
    return account_id


def talk(database: Database, call_id: CallId, *, message_sid: str) -> None:
    def add(session: Session) -> None:
        ring, call_account = key_ring(session), calls.owner(session, call_id=call_id)
        assert call_account is not None
        session.add(
            Entry(
                call_id=call_id,
                sequence=1,
                side="caller",
                offset_ms=0,
                said_at=NOW,
                sealed_text=ring.seal("words", "entry", call_id, 1),
            )
        )
        session.add(
            TextMessage(
                id=f"txt_{message_sid}",
                account_id=call_account,
                call_id=call_id,
                kind="talk_time_over",
                message_sid=message_sid,
                status="sent",
                created_at=NOW,
            )
        )

    database.transact_now(add)


def jobs(database: Database) -> list[tuple[str, dict[str, object]]]:
    claimed = database.transact_now(outbox.claim, kinds=KINDS, limit=99, now=LATER)
    return [told(job) for job in claimed]


def told(job: ClaimedJob) -> tuple[str, dict[str, object]]:
    """Return which vendor a job asks for what."""
    return job.kind, {name: ids for name, ids in job.payload.items() if name != "erasure_id"}


def rows(database: Database, account_id: AccountId) -> dict[str, int]:
    """Return in which tables the account's id still stands."""

    def count(session: Session) -> dict[str, int]:
        found = {}
        for table in SQLModel.metadata.sorted_tables:
            query = text(f'SELECT count(*) FROM "{table.name}" AS row WHERE row::text LIKE :id')  # noqa: S608 - our own tables
            number = session.execute(query, {"id": f"%{account_id}%"}).scalar_one()
            if number:
                found[table.name] = number
        return found

    return database.transact_now(count)


def test_a_deleted_call_is_gone_here_and_asked_away_at_the_vendor(database: Database) -> None:
    account_id = sam(database)
    opened = open_call(database, "CA1")
    talk(database, opened.call_id, message_sid="SM1")
    database.transact_now(
        calls.end_call, call_id=opened.call_id, end_reason="caller_hung_up", used_seconds=7, now=NOW
    )
    kept = open_call(database, "CA2")

    database.transact_now(
        erasure.delete_call, account_id=account_id, call_id=opened.call_id, now=LATER
    )

    cards = database.transact_now(calls.history, account_id=account_id, before=None, limit=9)
    assert [card.call_id for card in cards] == [kept.call_id]
    assert jobs(database) == [
        (ERASE_TWILIO, {"call_sids": ["CA1"]}),
        (ERASE_TWILIO, {"message_sids": ["SM1"]}),
    ]
    assert database.transact_now(lambda session: session.exec(select(Entry)).all()) == []


def test_nobody_deletes_anothers_call(database: Database) -> None:
    sam(database)
    opened = open_call(database, "CA1")
    stranger = registered_account(database, "kim")

    with pytest.raises(CallNotFound):
        database.transact_now(
            erasure.delete_call, account_id=stranger, call_id=opened.call_id, now=NOW
        )

    assert jobs(database) == []


def test_a_call_deleted_while_it_runs_is_paid_and_told_to_end(
    database: Database, database_urls: DatabaseUrls
) -> None:
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)
    database.transact_now(
        talk_time.grant, account_id=account_id, seconds=300, cause="test", now=NOW
    )
    call_id = open_call(database, "CA1").call_id
    database.transact_now(talk_time.reserve, call_id=call_id, used_seconds=0, now=NOW)

    with psycopg.connect(database_urls.direct, autocommit=True) as listening:
        listening.execute(f"LISTEN {CALL_COMMANDS}")
        database.transact_now(
            erasure.delete_call, account_id=account_id, call_id=call_id, now=LATER
        )
        commands = [told.payload for told in listening.notifies(timeout=5, stop_after=1)]

    left = database.transact_now(talk_time.overview, account_id=account_id, now=LATER)
    booked = database.transact_now(
        lambda session: session.exec(
            select(LedgerEntry.seconds).where(LedgerEntry.account_id == account_id)
        ).all()
    )
    assert commands == [f"end:{call_id}"]
    assert (left.seconds_left, sum(booked)) == (296, 296)


def test_a_deleted_call_gives_back_what_it_held_though_twilio_told_of_its_end_first(
    database: Database,
) -> None:
    opened = open_call(database, "CA1")
    database.transact_now(
        calls.update_status,
        call_sid="CA1",
        status="completed",
        sequence_number=None,
        duration_seconds=1,
        now=NOW,
    )
    database.transact_now(talk_time.reserve, call_id=opened.call_id, used_seconds=0, now=NOW)

    database.transact_now(
        erasure.delete_call, account_id=opened.account_id, call_id=opened.call_id, now=NOW
    )

    left = database.transact_now(talk_time.overview, account_id=opened.account_id, now=NOW)
    assert left.seconds_left == 300


def test_of_a_deleted_account_only_the_books_and_its_allowances_are_left(
    database: Database,
) -> None:
    account_id = sam(database)
    opened = open_call(database, "CA1")
    talk(database, opened.call_id, message_sid="SM1")
    token = database.transact_now(
        accounts.sign_in, identity=claims(email="sam@example.com"), user_agent="", now=NOW
    ).token

    erasure_id = database.transact_now(erasure.delete_account, account_id=account_id, now=LATER)

    assert set(rows(database, account_id)) <= {"job"}
    assert database.transact_now(accounts.signed_in, token=token, now=LATER) is None
    claimed = database.transact_now(outbox.claim, kinds=KINDS, limit=99, now=LATER)
    assert [told(job) for job in claimed] == [
        (ERASE_TWILIO, {"call_sids": ["CA1"]}),
        (ERASE_TWILIO, {"message_sids": ["SM1"]}),
        (ERASE_STRIPE, {"customer_id": "cus_1"}),
    ]
    payment = database.transact_now(lambda session: session.get_one(Payment, "in_1").account_id)
    assert payment is None
    pending = []
    for job in (claimed[0], claimed[0], *claimed[1:]):  # a worker may die between two steps
        database.transact_now(erasure.vendor_done, job=job, now=LATER)
        database.transact_now(outbox.complete, job=job, now=LATER)
        view = database.transact_now(erasure.view, erasure_id=erasure_id)
        assert view is not None
        pending.append((view.pending, view.finished_at))
    assert pending == [(2, None), (2, None), (1, None), (0, LATER)]


def test_a_number_whose_account_is_gone_gets_no_second_pre_trial(database: Database) -> None:
    before = open_call(database, "CA1")
    account_id = registered_account(database)
    database.transact_now(phone_lines.attach_verified, account_id=account_id, number=SAM, now=NOW)

    database.transact_now(erasure.delete_account, account_id=account_id, now=LATER)
    again = open_call(database, "CA2", now=LATER)

    taken = database.transact_now(lambda session: session.exec(select(AllowanceTaken)).all())
    assert (before.seconds_left, again.seconds_left) == (300, 0)
    assert again.account_id != account_id
    assert taken


def test_an_account_is_deleted_once(database: Database) -> None:
    account_id = registered_account(database)
    database.transact_now(erasure.delete_account, account_id=account_id, now=NOW)

    with pytest.raises(AccountNotFound):
        database.transact_now(erasure.delete_account, account_id=account_id, now=NOW)


def test_what_a_vendor_refused_too_often_is_tried_again_when_asked(database: Database) -> None:
    account_id = sam(database)
    call_id = open_call(database, "CA1").call_id
    database.transact_now(erasure.delete_call, account_id=account_id, call_id=call_id, now=NOW)
    now = NOW
    for _ in range(MAX_ATTEMPTS):
        (job,) = database.transact_now(outbox.claim, kinds=KINDS, limit=9, now=now)
        database.transact_now(outbox.fail, job=job, error="ProviderError", jitter=1.0, now=now)
        now += timedelta(hours=1)
    given_up = database.transact_now(outbox.claim, kinds=KINDS, limit=9, now=now)

    revived = database.transact_now(erasure.try_again, now=now)

    assert (given_up, revived) == ((), 1)
    assert len(database.transact_now(outbox.claim, kinds=KINDS, limit=9, now=now)) == 1
