"""`make soak SEED=…`: a million random events on talk time, each proved, on a private PostgreSQL.

The events and the proof are those of the test suite's property test; see
`tests/support/talk_time_world.py`. Several worlds run side by side, each in a database of its
own. What came of the last run is written to docs/soak.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.database import DatabaseUrls
from tests.support.database import database_server, open_test_database
from tests.support.talk_time_proof import prove_every_change
from tests.support.talk_time_world import World

REPORT = Path(__file__).resolve().parent.parent / "docs" / "soak.md"
WORLDS = 4
PEOPLE = 100  # in each world
STEP = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one world; talk time in seconds."""

    happened: Counter[str]
    calls: int
    granted: int
    cost: int
    left: int
    left_behind: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="stop early, and say so in the report"
    )
    asked = parser.parse_args()
    began = time.monotonic()
    with ExitStack() as stack:
        server = stack.enter_context(database_server("-c autovacuum=on"))
        urls = [stack.enter_context(server.migrated_database()) for _ in range(WORLDS)]
        workers = stack.enter_context(
            ProcessPoolExecutor(WORLDS, mp_context=multiprocessing.get_context("spawn"))
        )
        running = [
            workers.submit(
                live, number, asked.seed, asked.events // WORLDS, asked.minutes, urls[number]
            )
            for number in range(WORLDS)
        ]
        outcomes = [world.result() for world in running]
    _write(outcomes, asked.seed, asked.events, time.monotonic() - began)


def live(number: int, seed: int, events: int, minutes: float, urls: DatabaseUrls) -> Outcome:
    """Let one world run to its end."""
    with open_test_database(urls) as database:
        world = World(database, f"{seed}:{number}", people=PEOPLE)
        prove_every_change(database)
        began = time.monotonic()
        while world.events < events and (time.monotonic() - began) < minutes * 60:
            world.run(min(STEP, events - world.events))
            pace = world.events / (time.monotonic() - began)
            print(
                f"world {number}: {world.events:>9,} events, {pace:,.0f} a second, "
                f"{(events - world.events) / pace / 60:,.0f} minutes to go",
                flush=True,
            )
        world.finish()
    left = sum(account.left for account in world.accounts.values())
    return Outcome(world.happened, world.calls, world.granted, world.cost, left, world.left_behind)


def _write(outcomes: list[Outcome], seed: int, asked: int, seconds: float) -> None:
    happened = sum((one.happened for one in outcomes), Counter[str]())
    events = happened.total()
    stopped = "" if events == asked else f" (stopped before {asked:,})"
    calls, granted, cost, left, left_behind = (
        sum(getattr(one, name) for one in outcomes)
        for name in ("calls", "granted", "cost", "left", "left_behind")
    )
    line = (
        f"| {datetime.now(UTC):%Y-%m-%d} | {seed} | {events:,}{stopped} | {seconds:,.0f} "
        f"| {calls:,} | {granted:,} | {cost:,} | {left:,} | {left_behind:,} "
        f"| {granted - cost - left - left_behind} |"
    )
    text = REPORT.read_text().rstrip("\n")
    REPORT.write_text(f"{text}\n{line}\n")
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in happened.most_common())
    print(f"{line}\n{kinds}\nwritten to {REPORT.name}")


if __name__ == "__main__":
    main()
