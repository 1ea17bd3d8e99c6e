"""The running loop's own time, which tests in virtual time run on."""

from __future__ import annotations

import asyncio

JITTER = 1e-6  # seconds; the loop's clock may wake a hair before a timer's moment


def now() -> float:
    return asyncio.get_running_loop().time()


async def until(moment: float) -> None:
    """Wait for a moment of the loop's own time."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[None] = loop.create_future()
    timer = loop.call_at(moment, _arrive, arrived)
    try:
        await arrived
    finally:
        timer.cancel()


def _arrive(arrived: asyncio.Future[None]) -> None:
    if not arrived.done():
        arrived.set_result(None)
