"""How long a look-up in the configuration takes, and how fast an edit is seen."""

from __future__ import annotations

import asyncio
import time
import timeit
from datetime import UTC, datetime

from bench.figures import percentile, table
from shared.configuration import PAUSE_TIME, Configuration
from shared.seed.installation import seed
from shared.services import personas
from tests.support.database import database_server, open_test_database

EDITS = 100


def measure() -> str:
    return asyncio.run(_measure())


async def _measure() -> str:
    with (
        database_server() as server,
        server.migrated_database() as urls,
        open_test_database(urls) as database,
    ):
        await database.transact(seed, now=datetime.now(UTC))
        configuration = await Configuration.start(database, urls.direct)
        lookups = 1_000_000
        pause = timeit.timeit(lambda: configuration.pause_seconds(1), number=lookups) / lookups
        constant = timeit.timeit(lambda: configuration.constant("x", 1.0), number=lookups) / lookups
        seen = []
        for number in range(EDITS):
            wanted = 0.5 + number / 1000
            began = time.perf_counter()
            await database.transact(
                personas.set_constant, name=PAUSE_TIME, value=wanted, now=datetime.now(UTC)
            )
            while abs(configuration.pause_seconds(None) - wanted) > 1e-9:
                await asyncio.sleep(0.0005)
            seen.append((time.perf_counter() - began) * 1000)
        await configuration.close()
    return table(
        "Configuration",
        "A look-up in a running process; an edit from its call until another connection's cache "
        f"has it ({EDITS} edits).",
        ["what", "p50", "p95"],
        [
            ["pause time of a buddy", f"{pause * 1e9:.0f} ns", ""],
            ["constant by name", f"{constant * 1e9:.0f} ns", ""],
            [
                "edit until seen",
                f"{percentile(seen, 0.5):.1f} ms",
                f"{percentile(seen, 0.95):.1f} ms",
            ],
        ],
    )
