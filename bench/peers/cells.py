"""One cell of the table: one contestant under one load, in processes of its own."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from bench.peers import watch
from bench.peers.contestants import WORLD_CORE, Bot, Contestant, Vendors
from bench.peers.environments import ROOT, python
from tests.support.database import DatabaseServer

SETTLE_SECONDS: Final = 1.0  # a bot that is up has nothing left to do once it rests this long
LONGEST_SETTLE_SECONDS: Final = 10.0
RESTING: Final = 0.1  # of a core
SAMPLE_EVERY: Final = 0.25  # seconds
TURNS: Final = {1: 5}  # more turns where there are few calls
FEWEST_TURNS: Final = 4
RAMP_SECONDS_A_CALL: Final = 0.08
LONGEST_CELL: Final = 120.0  # callers who get no answer give up long before


@dataclass(slots=True)
class World:
    """The process of callers and vendors."""

    orders: asyncio.StreamWriter
    answers: asyncio.StreamReader
    vendors: Vendors

    async def run(self, order: dict[str, Any]) -> dict[str, Any]:
        """Let callers call; return what they and the vendors have written down."""
        self.orders.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(LONGEST_CELL):
            answer = await self.answers.readline()
        if not answer:
            message = "the callers' process has ended"
            raise RuntimeError(message)
        return dict(json.loads(answer))


@asynccontextmanager
async def running_world() -> AsyncIterator[World]:
    """Run callers and vendors on the core that is not the bot's."""
    os.sched_setaffinity(0, WORLD_CORE)
    process = await asyncio.create_subprocess_exec(
        python("caller"),
        "-m",
        "bench.peers.world",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    try:
        if process.stdin is None or process.stdout is None:
            message = "the callers' process has no pipes"
            raise RuntimeError(message)
        ports = json.loads(await process.stdout.readline())
        yield World(process.stdin, process.stdout, Vendors(**ports))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def measure(
    contestant: Contestant, calls: int, world: World, server: DatabaseServer
) -> dict[str, Any]:
    """Return a row: who, how many calls, every turn, and what the bot's process used."""
    async with contestant.start(world.vendors, server) as bot:
        await _settle(bot)
        return await _measure(contestant, calls, world, bot)


async def _settle(bot: Bot) -> None:
    """Wait until a bot has done what it does at its start; nobody's calls shall pay for that."""
    limit = time.monotonic() + LONGEST_SETTLE_SECONDS
    while time.monotonic() < limit:
        used = watch.usage(bot.pid).cpu_seconds
        await asyncio.sleep(SETTLE_SECONDS)
        if watch.usage(bot.pid).cpu_seconds - used < RESTING * SETTLE_SECONDS:
            return


async def _measure(contestant: Contestant, calls: int, world: World, bot: Bot) -> dict[str, Any]:
    before, stolen = watch.usage(bot.pid), watch.stolen_seconds()
    busy = watch.busy_seconds(0)
    order = {
        **bot.order,
        "calls": calls,
        "turns": TURNS.get(calls, FEWEST_TURNS),
        "ramp": RAMP_SECONDS_A_CALL * calls,
    }
    running = asyncio.create_task(world.run(order))
    memory = before.memory_bytes
    while not running.done():
        memory = max(memory, watch.usage(bot.pid).memory_bytes)
        await asyncio.wait([running], timeout=SAMPLE_EVERY)
    after, result = watch.usage(bot.pid), running.result()
    seconds = result["ended_at"] - result["began_at"]
    cpu = after.cpu_seconds - before.cpu_seconds
    return {
        "contestant": contestant.name,
        "calls": calls,
        "seconds": round(seconds, 1),
        "call_seconds": round(result["call_seconds"], 1),
        "cpu_seconds": round(cpu, 2),
        "memory_before_mb": round(before.memory_bytes / 2**20, 1),
        "memory_most_mb": round(memory / 2**20, 1),
        "caller_late_p99_ms": round(result["caller_late_p99_ms"] or 0, 1),
        "caller_late_most_ms": round(result["caller_late_most_ms"] or 0, 1),
        "stolen": round((watch.stolen_seconds() - stolen) / seconds, 3),
        "others_on_core": round((watch.busy_seconds(0) - busy - cpu) / seconds, 3),
        "failures": result["failures"][:3],
        "failed_calls": len(result["failures"]),
        "turns_asked": calls * order["turns"],
        "turns": [times(turn) for turn in result["turns"]],
    }


def times(turn: dict[str, Any]) -> dict[str, Any]:
    """Return one turn's times in milliseconds; what did not happen is left out."""
    heard = turn["heard_at"]
    told = {
        "caller": turn["caller"],
        "turn": turn["number"],
        "underruns": turn["underruns"],
        "silent_ms": round(turn["silent_seconds"] * 1000),
    }
    if turn["is_interrupting"]:
        told["onset_to_clear"] = _between(turn["spoke_at"], turn["cleared_at"])
        told["word_to_clear"] = _between(turn["word_at"], turn["cleared_at"])
    if heard is not None:
        asked = [one for one in turn["asked"] if one["asked_at"] < heard]
        speech = [
            one
            for one in turn["speech"]
            if one["is_first"] and one["byte_at"] is not None and one["byte_at"] < heard
        ]
        told["gap"] = _between(turn["quiet_at"], heard)
        told["requests"] = len(turn["asked"])
        if asked and speech:
            told["end_to_request"] = _between(turn["final_at"], asked[-1]["asked_at"])
            told["sentence_to_voice"] = _between(asked[-1]["sentence_at"], speech[-1]["asked_at"])
            told["byte_to_line"] = _between(speech[-1]["byte_at"], heard)
    return {name: value for name, value in told.items() if value is not None}


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round((end - start) * 1000, 1)
