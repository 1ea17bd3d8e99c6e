"""`python -m voice.jobs`: what is done behind the calls' backs.

Every few seconds it settles the calls whose process died, and ends those of whose end nobody
told us; every hour it deletes what has been kept long enough; every day it asks which models are
about to end. It holds nothing: killed and
started again, it goes on where it was.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter

import structlog

from shared import logs
from shared.clock import Clock, SystemClock
from shared.database import Database, StoreUnavailable, open_database
from shared.domain.retention import RetentionRules
from shared.errors import BuddyError
from shared.services import calls, erasure, personas, retention, talk_time
from shared.settings import Settings
from voice.jobs.sunsets import every_day

log = structlog.get_logger()

RETENTION_SECONDS = 3600.0  # days are promised, not hours
SWEEP_SECONDS = 5.0  # a dead call's seconds are given back this long after its lease at most


async def sweep(database: Database, clock: Clock) -> None:
    """Settle the calls of dead processes and end the forgotten ones."""
    try:
        swept = await database.transact(talk_time.sweep, now=clock.now())
        forgotten = await database.transact(calls.end_forgotten, now=clock.now())
    except StoreUnavailable as error:
        log.warning("sweep_failed", error=str(error))
        return
    if swept or forgotten:
        log.info("calls_swept", dead=len(swept), forgotten=len(forgotten))


async def keep_no_longer(database: Database, clock: Clock) -> None:
    """Delete what has been kept long enough, and have vendors asked again that refused."""
    deleted: Counter[str] = Counter()
    try:
        constants = await database.transact(personas.constants)
        rules = RetentionRules.configured(constants.get)
        has_more = True
        while has_more:
            swept = await database.transact(retention.enforce, rules=rules, now=clock.now())
            deleted.update(swept.deleted)
            has_more = swept.has_more
        await database.transact(erasure.try_again, now=clock.now())
    except StoreUnavailable as error:
        log.warning("retention_failed", error=str(error))
    if deleted:
        log.info("retention_enforced", **deleted)


async def run(settings: Settings, clock: Clock) -> None:
    """Sweep until SIGTERM."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    database = await loop.run_in_executor(
        None, lambda: open_database(settings, application_name="jobs")
    )
    log.info("jobs_ready")
    stopping = asyncio.ensure_future(stopped.wait())
    watching = asyncio.ensure_future(every_day(database, clock, settings))
    retention_at = loop.time()
    try:
        while not stopping.done():
            await sweep(database, clock)
            if loop.time() >= retention_at:
                retention_at = loop.time() + RETENTION_SECONDS
                await keep_no_longer(database, clock)
            await asyncio.wait([stopping], timeout=SWEEP_SECONDS)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await database.close()


def main() -> None:
    settings = Settings()
    logs.configure(settings)
    try:
        asyncio.run(run(settings, SystemClock()))
    except BuddyError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
