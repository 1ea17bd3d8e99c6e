"""Jobs: enqueued in the transaction that causes them, claimed by any worker, retried.

A job runs at least once. While it is worked on, `run_at` is the end of the lease: a worker
that dies gives it back by doing nothing. Handlers must therefore stand being run again. A
payload holds ids, never words or names.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from shared.clock import Clock
from shared.database import Database, StoreUnavailable
from shared.listener import JOBS, Listener, notify
from shared.tables.job import Job

LEASE = timedelta(seconds=120)  # a summary by a slow model takes less
HANDLER_LIMIT_SECONDS = 100.0  # well within the lease, so that two workers never meet on a job
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=10)
MAX_ATTEMPTS = 8
POLL_SECONDS = 1.0  # for retries that become due, and notifications that got lost
AT_ONCE = 5  # jobs wait for vendors, not for the processor

WAITING, DONE, FAILED = "waiting", "done", "failed"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that is this worker's until its lease ends."""

    id: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    attempt: int


def enqueue(
    session: Session,
    *,
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    now: datetime,
    delay: timedelta = timedelta(),
) -> bool:
    """Add a job when the transaction commits; one of this kind and key is there only once."""
    added = session.execute(
        insert(Job)
        .values(
            kind=kind,
            key=key,
            payload=dict(payload),
            status=WAITING,
            run_at=now + delay,
            attempts=0,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["kind", "key"])
        .returning(col(Job.id))
    )
    if added.first() is None:
        return False
    notify(session, JOBS, kind)
    return True


def claim(
    session: Session, *, kinds: Iterable[str], limit: int, now: datetime
) -> tuple[ClaimedJob, ...]:
    """Take jobs that are due; no other worker gets them until the lease ends."""
    due = (
        select(Job.id)
        .where(Job.status == WAITING, Job.run_at <= now, col(Job.kind).in_(list(kinds)))
        .order_by(col(Job.run_at), col(Job.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(
        update(Job)
        .where(col(Job.id).in_(due.scalar_subquery()))
        .values(run_at=now + LEASE, attempts=Job.attempts + 1)
        .returning(col(Job.id), col(Job.kind), col(Job.key), col(Job.payload), col(Job.attempts))
        .execution_options(synchronize_session=False)
    )
    return tuple(sorted((ClaimedJob(*row) for row in rows), key=lambda job: job.id))


def complete(session: Session, *, job: ClaimedJob, now: datetime) -> bool:
    """Close a job that is done; False if another worker has taken it over since."""
    return _close(session, job, status=DONE, ended_at=now, last_error=None)


def fail(session: Session, *, job: ClaimedJob, error: str, jitter: float, now: datetime) -> bool:
    """Put a job back for later, or give it up after too many attempts.

    `error` names what happened and must hold nothing a caller said; `jitter`, 0 to 1, spreads
    jobs that failed together.
    """
    if job.attempt >= MAX_ATTEMPTS:
        return _close(session, job, status=FAILED, ended_at=now, last_error=error)
    delay = min(FIRST_RETRY * 2 ** (job.attempt - 1), LONGEST_RETRY) * (0.5 + jitter / 2)
    return _close(session, job, status=WAITING, run_at=now + delay, last_error=error)


def revive(session: Session, *, kinds: Iterable[str], now: datetime) -> int:
    """Give the jobs of these kinds that were given up another round; return how many."""
    revived = session.execute(
        update(Job)
        .where(col(Job.status) == FAILED, col(Job.kind).in_(list(kinds)))
        .values(status=WAITING, attempts=0, run_at=now, ended_at=None)
        .returning(col(Job.kind))
        .execution_options(synchronize_session=False)
    ).all()
    for kind in {row[0] for row in revived}:
        notify(session, JOBS, kind)
    return len(revived)


class Worker:
    """Carries jobs out until cancelled."""

    def __init__(
        self,
        database: Database,
        dsn_direct: str,
        handlers: Mapping[str, Callable[[ClaimedJob], Awaitable[None]]],
        clock: Clock,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._clock = clock
        self._wake = asyncio.Event()
        self._listener = Listener(
            dsn_direct, {JOBS: self._on_job}, self._on_gap, application_name="jobs"
        )

    async def run(self) -> None:
        """Work; a job that is under way when this is cancelled is run again later."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listener.run())
            for _ in range(AT_ONCE):
                tasks.create_task(self._work())

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                jobs = await self._database.transact(
                    claim, kinds=tuple(self._handlers), limit=1, now=self._clock.now()
                )
                for job in jobs:
                    await self._carry_out(job)
            except StoreUnavailable as error:  # what was under way comes back with its lease
                log.warning("jobs_unreachable", error=str(error))
                jobs = ()
            if not jobs:
                await self._wait()

    async def _carry_out(self, job: ClaimedJob) -> None:
        try:
            async with asyncio.timeout(HANDLER_LIMIT_SECONDS):
                await self._handlers[job.kind](job)
        except Exception as error:  # noqa: BLE001 - a job's outermost frame
            name = type(error).__name__
            log.warning("job_failed", kind=job.kind, job=job.id, attempt=job.attempt, error=name)
            await self._database.transact(
                fail,
                job=job,
                error=name,
                jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
                now=self._clock.now(),
            )
            return
        await self._database.transact(complete, job=job, now=self._clock.now())
        log.info("job_done", kind=job.kind, job=job.id, attempt=job.attempt)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _on_job(self, _kind: str) -> None:
        self._wake.set()

    async def _on_gap(self) -> None:
        self._wake.set()


def _close(session: Session, job: ClaimedJob, **values: object) -> bool:
    closed = session.execute(
        update(Job)
        .where(
            col(Job.id) == job.id,
            col(Job.attempts) == job.attempt,  # else its lease ended and another has it
            col(Job.status) == WAITING,
        )
        .values(**values)
        .returning(col(Job.id))
        .execution_options(synchronize_session=False)
    )
    return closed.first() is not None
