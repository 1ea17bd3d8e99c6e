"""Jobs: once enqueued, by whichever worker, until done."""

from __future__ import annotations

import asyncio
import bisect
from datetime import timedelta

import pytest
from sqlmodel import Session

from shared import outbox
from shared.clock import SystemClock
from shared.database import Database, DatabaseUrls
from shared.outbox import ClaimedJob, Worker
from tests.support.builders import NOW

LATER = NOW + timedelta(minutes=1)


class Refused(Exception):
    """What a test's use case or handler raises."""


def enqueue(database: Database, key: str = "call_1") -> bool:
    return database.transact_now(
        outbox.enqueue, kind="title", key=key, payload={"call_id": key}, now=NOW
    )


def claim(database: Database, *, limit: int = 10, after: timedelta = timedelta()) -> list[str]:
    jobs = database.transact_now(outbox.claim, kinds=["title"], limit=limit, now=NOW + after)
    return [job.key for job in jobs]


def test_a_job_is_enqueued_once_and_only_if_the_transaction_commits(database: Database) -> None:
    def enqueue_and_fail(session: Session) -> None:
        outbox.enqueue(session, kind="title", key="call_0", payload={}, now=NOW)
        raise Refused

    with pytest.raises(Refused):
        database.transact_now(enqueue_and_fail)

    assert [enqueue(database), enqueue(database)] == [True, False]
    assert claim(database) == ["call_1"]


def test_a_claimed_job_is_nobody_elses_until_its_lease_ends(database: Database) -> None:
    enqueue(database, "call_1")
    enqueue(database, "call_2")

    assert claim(database, limit=1) == ["call_1"]
    assert claim(database) == ["call_2"]
    assert claim(database) == []
    assert sorted(claim(database, after=outbox.LEASE)) == ["call_1", "call_2"]


def test_two_workers_at_once_never_claim_the_same_job(database: Database) -> None:
    for number in range(20):
        enqueue(database, f"call_{number:02}")

    def claim_all(_session: Session) -> list[str]:
        mine = outbox.claim(_session, kinds=["title"], limit=12, now=NOW)
        theirs = claim(database, limit=12)  # while the first transaction is still open
        assert not {job.key for job in mine} & set(theirs)
        return [*(job.key for job in mine), *theirs]

    assert len(database.transact_now(claim_all)) == 20


def test_a_failed_job_comes_back_later_each_time_until_it_is_given_up(database: Database) -> None:
    enqueue(database)
    now = NOW
    delays = []

    for _ in range(outbox.MAX_ATTEMPTS):
        (job,) = database.transact_now(outbox.claim, kinds=["title"], limit=1, now=now)
        database.transact_now(outbox.fail, job=job, error="Refused", jitter=1.0, now=now)
        # What is due stays due, so the first second at which it is can be searched for by halves.
        started, seconds = now, range(int(outbox.LONGEST_RETRY.total_seconds()))
        waited = bisect.bisect_left(
            seconds, True, key=lambda second: _is_due(database, started + timedelta(seconds=second))
        )
        now = started + timedelta(seconds=waited)
        delays.append(waited)

    assert delays[:4] == [2, 4, 8, 16]
    assert claim(database, after=timedelta(days=9)) == []


def test_a_worker_whose_lease_ended_can_not_close_the_job(database: Database) -> None:
    enqueue(database)
    (first,) = database.transact_now(outbox.claim, kinds=["title"], limit=1, now=NOW)
    (second,) = database.transact_now(
        outbox.claim, kinds=["title"], limit=1, now=NOW + outbox.LEASE
    )

    assert not database.transact_now(outbox.complete, job=first, now=LATER)
    assert database.transact_now(outbox.complete, job=second, now=LATER)


async def test_a_worker_starts_on_a_job_as_soon_as_it_is_enqueued(
    database: Database, database_urls: DatabaseUrls
) -> None:
    done: asyncio.Queue[ClaimedJob] = asyncio.Queue()
    attempts = 0

    async def handle(job: ClaimedJob) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise Refused
        await done.put(job)

    worker = Worker(database, database_urls.direct, {"title": handle}, SystemClock())
    running = asyncio.create_task(worker.run())

    enqueue(database)
    async with asyncio.timeout(20):
        job = await done.get()

    running.cancel()
    await asyncio.wait([running])
    assert (job.key, job.payload, job.attempt) == ("call_1", {"call_id": "call_1"}, 2)


def _is_due(database: Database, now: object) -> bool:
    def look(session: Session) -> bool:
        found = outbox.claim(session, kinds=["title"], limit=1, now=now)  # type: ignore[arg-type]
        session.rollback()
        return bool(found)

    return database.transact_now(look)
