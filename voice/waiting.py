"""Waiting for a moment, where nothing else can wake one."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def until(moment: float) -> None:
    """Return at this moment of the loop's clock; at once where it is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout_at(moment):
            await asyncio.get_running_loop().create_future()


async def pause(seconds: float) -> None:
    """Return after so many seconds."""
    await until(asyncio.get_running_loop().time() + seconds)
