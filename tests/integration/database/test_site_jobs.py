"""What the site does by itself: each job once, and what comes round by one process at a time."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import Session, select

from buddy_site import jobs
from shared import outbox
from shared.clock import SystemClock
from shared.database import Database, DatabaseUrls
from shared.errors import ProviderError
from shared.services import checkouts, erasure
from shared.tables.guarding import Erasure
from tests.support.paying import Till, paying_account

PATIENCE_SECONDS = 10.0


async def test_what_comes_round_is_done_by_one_process_at_a_time(
    database_urls: DatabaseUrls,
) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await may_end.wait()

    async with asyncio.timeout(PATIENCE_SECONDS):
        periodic = jobs.every(60, "test.work", work)
        first = asyncio.create_task(jobs.once(periodic, database_urls.direct))
        await begun.wait()
        while_it_runs = await jobs.once(periodic, database_urls.direct)
        may_end.set()
        done = await first
        afterwards = await jobs.once(periodic, database_urls.direct)

    assert (while_it_runs, done, afterwards) == (False, True, True)


async def test_what_fails_comes_round_again(database_urls: DatabaseUrls) -> None:
    async def work() -> None:
        provider, message = "stripe", "away"
        raise ProviderError(provider, message, retryable=True)

    periodic = jobs.every(60, "test.work", work)

    assert not await jobs.once(periodic, database_urls.direct)
    assert not await jobs.once(periodic, "postgresql://127.0.0.1:9/none")


async def test_work_is_done_at_start_and_then_again(
    database: Database, database_urls: DatabaseUrls
) -> None:
    rounds = asyncio.Queue[None]()

    async def work() -> None:
        rounds.put_nowait(None)

    running = asyncio.create_task(
        jobs.run(
            database,
            database_urls.direct,
            SystemClock(),
            handlers={},
            periodic=[jobs.every(0.01, "test.work", work)],
        )
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await rounds.get()
            await rounds.get()
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


class NoRecords:
    """A telephone company that is not asked."""

    async def delete_call(self, call_sid: str) -> None:
        raise AssertionError(call_sid)

    async def delete_message(self, message_sid: str) -> None:
        raise AssertionError(message_sid)


async def test_an_account_that_goes_takes_its_customer_along(database: Database) -> None:
    till = Till(database)
    account_id = paying_account(database)
    subscription_id = await till.subscribe(account_id)
    clock = SystemClock()
    erasure_id = database.transact_now(
        erasure.delete_account, account_id=account_id, now=clock.now()
    )
    handlers = jobs.handlers(database, clock, till.flow, NoRecords())
    (job,) = database.transact_now(
        outbox.claim, kinds=(erasure.ERASE_STRIPE,), limit=5, now=clock.now()
    )

    await handlers[job.kind](job)

    def finished(session: Session) -> bool:
        return session.exec(select(Erasure.finished_at)).one() is not None

    assert till.vendor.customers == {}
    assert till.vendor.subscription(subscription_id)[1].status == "canceled"
    assert database.transact_now(finished)
    assert erasure_id == job.payload["erasure_id"]
    assert database.transact_now(checkouts.to_look_up, created_before=clock.now()) == ()
