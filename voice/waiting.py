"""Waiting for a moment, where nothing else can wake one."""

from __future__ import annotations

import asyncio


async def until(moment: float) -> None:
    """Return at this moment of the loop's clock; at once where it is over."""
    loop = asyncio.get_running_loop()
    waiting = loop.create_future()
    timer = loop.call_at(moment, _wake, waiting)
    try:
        await waiting
    finally:
        timer.cancel()


async def pause(seconds: float) -> None:
    """Return after so many seconds."""
    await until(asyncio.get_running_loop().time() + seconds)


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():  # cancelled in the very turn of the loop in which it is due
        waiting.set_result(None)
