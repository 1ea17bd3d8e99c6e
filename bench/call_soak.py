"""`make soak-calls`: ten thousand calls of two seconds, a hundred at once; what is left of them.

The service runs as `python -m voice` on a private PostgreSQL, with the vendors and callers of
the comparison with others (`bench/peers/world`). Every call is of a number never seen before: webhook,
notice, key, the buddy's first words, and the caller hangs up. Memory is read four times a second;
sockets, threads, tasks and rows are counted when all is quiet, before the first call and after the last,
once connections that are kept for the next request have expired. docs/soak.md has what came of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg

from bench.peers import environments, watch
from bench.peers.cells import World, running_world
from bench.peers.contestants import Bot, Ourselves
from tests.support.database import database_server

REPORT = Path(__file__).resolve().parent.parent / "docs" / "soak.md"
END = "<!-- end of calls -->\n"
SECONDS = 2.0  # of a call
WARM_UP = 300  # calls before any count: pools, caches and tables of the interpreter fill up
STEP = 1000
SAMPLE_EVERY = 0.25  # seconds
KEPT_SECONDS = 66.0  # connections to vendors are kept for 60
LONGEST_QUIET = 150.0
ROWS = {
    "calls not ended": "SELECT count(*) FROM call WHERE ended_at IS NULL",
    "reservations open": "SELECT count(*) FROM reservation WHERE status = 'open'",
    "calls not settled": """
        SELECT count(*) FROM call JOIN reservation ON call_id = call.id
        WHERE reservation.used_seconds <> call.talk_seconds
    """,
}


@dataclass(slots=True)
class Memory:
    """Resident megabytes, averaged over each thousand calls."""

    thousands: list[float] = field(default_factory=list)
    _samples: list[float] = field(default_factory=list)

    def sample(self, pid: int) -> None:
        self._samples.append(watch.usage(pid).memory_bytes / 2**20)

    def close_thousand(self) -> None:
        self.thousands.append(mean(self._samples))
        self._samples.clear()


@dataclass(frozen=True, slots=True)
class Counts:
    """What a process holds while nobody calls."""

    sockets: int
    threads: int
    tasks: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.call_soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=60, help="give up after this")
    asked = parser.parse_args()
    environments.set_up("caller")
    asyncio.run(soak(asked.calls, asked.at_once, asked.minutes))


async def soak(calls: int, at_once: int, minutes: float) -> None:
    """Make the calls and write down what is left of them."""
    ours = Ourselves({}, {"BUDDY_LOG_FORMAT": "json"})
    with database_server() as server:
        async with (
            asyncio.timeout(minutes * 60),
            running_world() as world,
            ours(world.vendors, server) as bot,
        ):
            await _soak(bot, world, calls, at_once)


async def _soak(bot: Bot, world: World, calls: int, at_once: int) -> None:
    order = {
        "webhook": bot.order["webhook"],
        "at_once": at_once,
        "seconds": SECONDS,
        "tell_every": min(STEP, calls),
    }
    memory = Memory()
    await _call(world, bot.pid, {**order, "calls": WARM_UP, "first": 0}, Memory())
    before = await _quiet(bot, None)
    print(f"before: {before}", flush=True)
    began = asyncio.get_running_loop().time()
    told = await _call(world, bot.pid, {**order, "calls": calls, "first": WARM_UP}, memory)
    seconds = asyncio.get_running_loop().time() - began
    after = await _quiet(bot, before)
    print(f"after: {after}", flush=True)
    left = _rows(bot.order["dsn"])
    growth = memory.thousands[-1] / memory.thousands[0] - 1
    cells = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{told['done']:,} ({told['failed']} failed, {told['silent']} silent)",
        at_once,
        f"{seconds:.0f}",
        f"{memory.thousands[0]:.1f}",
        f"{memory.thousands[-1]:.1f}",
        f"{growth:+.1%}",
        f"{before.sockets} / {after.sockets}",
        f"{before.threads} / {after.threads}",
        f"{before.tasks} / {after.tasks}",
        ", ".join(f"{count} {what}" for what, count in left.items()),
    ]
    line = f"| {' | '.join(map(str, cells))} |"
    print("MB by thousands:", " ".join(f"{value:.1f}" for value in memory.thousands))
    print(told["failures"])
    print(line)
    REPORT.write_text(REPORT.read_text().replace(END, f"{line}\n{END}"))


async def _call(world: World, pid: int, order: dict[str, Any], memory: Memory) -> dict[str, Any]:
    world.orders.write(json.dumps(order).encode() + b"\n")
    telling = asyncio.create_task(world.answers.readline())
    while True:
        await asyncio.wait([telling], timeout=SAMPLE_EVERY)
        memory.sample(pid)
        if not telling.done():
            continue
        told: dict[str, Any] = json.loads(telling.result())
        if "over" in told:
            return told
        memory.close_thousand()
        print(f"{told}, {memory.thousands[-1]:.1f} MB", flush=True)
        telling = asyncio.create_task(world.answers.readline())


async def _quiet(bot: Bot, before: Counts | None) -> Counts:
    """Count when nothing moves any more; after the calls, wait some more for what is to go."""
    loop = asyncio.get_running_loop()
    since, until = loop.time(), loop.time() + LONGEST_QUIET
    while True:
        await asyncio.sleep(2)
        counts = Counts(
            watch.sockets(bot.pid),
            watch.threads(bot.pid),
            await asyncio.to_thread(_tasks, bot.order["webhook"]["url"]),
        )
        is_back = before is not None and (
            counts.sockets <= before.sockets and counts.tasks <= before.tasks
        )
        if (
            is_back
            or (before is None and loop.time() > since + KEPT_SECONDS)
            or loop.time() > until
        ):
            return counts


def _tasks(webhook_url: str) -> int:
    address = webhook_url.removesuffix("/calls/incoming") + "/metrics"
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own
        text = answer.read().decode()
    found = [line.split()[1] for line in text.splitlines() if line.startswith("gotobuddy_tasks ")]
    return int(float(found[0]))


def _rows(dsn: str) -> dict[str, int]:
    with psycopg.connect(dsn) as connection:
        return {
            what: (connection.execute(query).fetchone() or (0,))[0] for what, query in ROWS.items()
        }


if __name__ == "__main__":
    main()
