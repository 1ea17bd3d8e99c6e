"""The voices' process says the same thing the same way, whoever spoke before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sandbox.engines.pico import REGISTERS
from sandbox.engines.process import EngineProcess
from sandbox.engines.voices import PicoVoices

SENTENCE = "I have never tasted bread, but I can tell you how to bake it."


@asynccontextmanager
async def voices() -> AsyncIterator[PicoVoices]:
    process = EngineProcess("sandbox.engines.pico")
    process.start()
    try:
        async with asyncio.timeout(20):
            await process.until_ready()
            yield PicoVoices(process)
    finally:
        await process.stop()


async def length(
    speaker: PicoVoices, voice: str, text: str = SENTENCE, speed: float = 1.0
) -> float:
    audio = b"".join([piece async for piece in speaker.speak(text, voice=voice, speed=speed)])
    return len(audio) / 48_000


async def test_a_voice_keeps_its_pace_whoever_spoke_before() -> None:
    async with voices() as speaker:
        alone = await length(speaker, "ash")
        others = [await length(speaker, voice) for voice in REGISTERS]
        again = await length(speaker, "ash")

    assert alone == again
    assert all(3 < seconds < 7 for seconds in others)
    assert len(set(others)) == len(others)


async def test_speed_changes_the_pace() -> None:
    async with voices() as speaker:
        slow, usual, fast = [
            await length(speaker, "marin", speed=speed) for speed in (0.5, 1.0, 2.0)
        ]

    assert slow > 1.5 * usual
    assert fast < 0.75 * usual


@pytest.mark.parametrize("text", ["<speed level='300'>quick</speed>", "5 € & “naïve” 日本 😀", "…"])
async def test_odd_texts_do_no_harm(text: str) -> None:
    async with voices() as speaker:
        await length(speaker, "coral", text)

        assert await length(speaker, "coral") > 3
