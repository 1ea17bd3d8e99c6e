"""`python -m bench.peers.world`: prints where the vendors listen, then runs calls as asked.

One line of JSON in for each run, one out: the turns, how late the callers were, what failed.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Any

import msgspec
import picows
import uvloop

from bench.peers.world import deepgram
from bench.peers.world.book import MOST_CALLERS, Book, clock
from bench.peers.world.callers import Caller, Dialled, Script
from bench.peers.world.openai import Server
from bench.peers.world.webhook import answer_of, tell_completed


async def main() -> None:
    """Serve vendors and run calls until standard input ends."""
    loop = asyncio.get_running_loop()
    world = World()
    http = await loop.create_server(lambda: Server(world.book), "127.0.0.1", 0, backlog=512)
    ears = await picows.ws_create_server(
        lambda request: deepgram.ear(world.book, request), "127.0.0.1", 0, backlog=512
    )
    gc.freeze()
    _say({name: server.sockets[0].getsockname()[1] for name, server in _named(http, ears)})
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = msgspec.json.decode(line)
        if "at_once" in order:
            await world.soak(order)
        else:
            _say(await world.run(order))


class World:
    """The book is one for all runs: connections that bots keep open write into it too."""

    def __init__(self) -> None:
        self.book = Book()

    async def run(self, order: dict[str, Any]) -> dict[str, Any]:
        """Let so many callers call, one after the other within `ramp` seconds."""
        self.book.turns.clear()
        script = Script(order["turns"], order["is_greeted"], order["first_key"])
        began = clock()
        callers: list[Caller] = []
        async with asyncio.TaskGroup() as group:
            for number in range(order["calls"]):
                delay = order["ramp"] * number / order["calls"]
                group.create_task(self._call(number, delay, script, order, callers))
        lateness = sorted(late for caller in callers for late in caller.lateness)
        return {
            "began_at": began,
            "ended_at": clock(),
            "turns": [turn.row() for turn in self.book.turns.values()],
            "call_seconds": sum(caller.seconds for caller in callers),
            "failures": [caller.failure for caller in callers if caller.failure],
            "caller_late_p99_ms": lateness[int(len(lateness) * 0.99)] * 1000 if lateness else None,
            "caller_late_most_ms": lateness[-1] * 1000 if lateness else None,
        }

    async def soak(self, order: dict[str, Any]) -> None:
        """Make many short calls, so many at once; tell after each thousand how far they are."""
        script = Script(0, is_greeted=True, first_key="1", hang_up_after=order["seconds"])
        numbers = iter(range(order["first"], order["first"] + order["calls"]))
        done, failures, silent = 0, [], 0

        async def keep_calling() -> None:
            nonlocal done, silent
            for number in numbers:
                try:
                    dialled = await answer_of(order["webhook"], number)
                except (OSError, TimeoutError) as error:
                    failures.append(f"{type(error).__name__}: {error}")
                else:
                    caller = Caller(number % MOST_CALLERS, script, self.book, dialled)
                    await caller.run()
                    await tell_completed(order["webhook"], number)
                    failures.extend([caller.failure] if caller.failure else [])
                    silent += not caller.has_heard
                done += 1
                if done % order["tell_every"] == 0:
                    _say({"done": done, "failed": len(failures), "silent": silent})

        async with asyncio.TaskGroup() as group:
            for place in range(order["at_once"]):
                await asyncio.sleep(order["seconds"] / order["at_once"])
                group.create_task(keep_calling(), name=f"line {place}")
        over = {"over": True, "done": done, "failed": len(failures), "silent": silent}
        _say({**over, "failures": failures[:5]})

    async def _call(
        self,
        number: int,
        delay: float,
        script: Script,
        order: dict[str, Any],
        callers: list[Caller],
    ) -> None:
        await asyncio.sleep(delay)
        if "webhook" not in order:
            dialled = Dialled(order["stream"], f"CA{number:032}", {}, {})
        else:
            try:
                dialled = await answer_of(order["webhook"], number)
            except OSError:  # not answered: its turns are missing, and count as such
                return
        caller = Caller(number, script, self.book, dialled)
        callers.append(caller)
        await caller.run()


def _named(*servers: asyncio.Server) -> list[tuple[str, asyncio.Server]]:
    return list(zip(("http", "ears"), servers, strict=True))


def _say(answer: dict[str, Any]) -> None:
    print(msgspec.json.encode(answer).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
