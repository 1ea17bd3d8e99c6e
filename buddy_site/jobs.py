"""What the site does without being asked: jobs of the outbox, and work that comes round.

Several processes may run this. A job is claimed by one of them; work that comes round is done
by whoever holds its lock in the database at that moment, and skipped by the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import psycopg
import structlog

from buddy_site.flows.billing import BillingFlow
from shared.clock import Clock
from shared.database import Database
from shared.outbox import ClaimedJob, Worker
from shared.services import erasure

RECONCILE_SECONDS = 60.0

Handler = Callable[[ClaimedJob], Awaitable[None]]


class CallRecords(Protocol):
    """What the telephone company keeps of us."""

    async def delete_call(self, call_sid: str) -> None: ...

    async def delete_message(self, message_sid: str) -> None: ...


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work that comes round, at start for the first time."""

    seconds: float
    name: str
    do: Callable[[], Awaitable[None]]


def every(seconds: float, name: str, do: Callable[[], Awaitable[None]]) -> Periodic:
    """Say that something is done so often, by one process of all."""
    return Periodic(seconds, name, do)


def handlers(
    database: Database, clock: Clock, billing: BillingFlow, records: CallRecords
) -> Mapping[str, Handler]:
    """Return what each kind of job of the site is done by."""

    async def erase_at_stripe(job: ClaimedJob) -> None:
        await billing.erase(str(job.payload["customer_id"]))
        await database.transact(erasure.vendor_done, job=job, now=clock.now())

    async def erase_at_twilio(job: ClaimedJob) -> None:
        for call_sid in job.payload.get("call_sids", ()):
            await records.delete_call(str(call_sid))
        for message_sid in job.payload.get("message_sids", ()):
            await records.delete_message(str(message_sid))
        await database.transact(erasure.vendor_done, job=job, now=clock.now())

    return {erasure.ERASE_STRIPE: erase_at_stripe, erasure.ERASE_TWILIO: erase_at_twilio}


def periodic(billing: BillingFlow) -> Sequence[Periodic]:
    """Return what comes round."""
    return (every(RECONCILE_SECONDS, "billing.reconcile", billing.news.reconcile),)


async def run(
    database: Database,
    dsn_direct: str,
    clock: Clock,
    *,
    handlers: Mapping[str, Handler],
    periodic: Sequence[Periodic],
) -> None:
    """Work until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Worker(database, dsn_direct, handlers, clock).run())
        for work in periodic:
            tasks.create_task(_come_round(work, dsn_direct))


async def once(work: Periodic, dsn_direct: str) -> bool:
    """Do the work unless another process is at it; say whether it was done."""
    try:
        async with await psycopg.AsyncConnection.connect(
            dsn_direct, autocommit=True, connect_timeout=5, application_name=work.name
        ) as connection:
            cursor = await connection.execute(
                "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (work.name,)
            )
            row = await cursor.fetchone()
            if row is None or not row[0]:
                return False
            await work.do()  # the lock goes with the connection
    except Exception as error:  # noqa: BLE001 - a task's outermost frame: it comes round again
        log.warning("periodic_work_failed", work=work.name, error=type(error).__name__)
        return False
    return True


async def _come_round(work: Periodic, dsn_direct: str) -> None:
    while True:
        await once(work, dsn_direct)
        with suppress(TimeoutError):
            async with asyncio.timeout(work.seconds):
                await asyncio.Event().wait()  # nothing but time brings it round
