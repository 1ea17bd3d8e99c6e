"""The real voices: Pico, with a process for each accent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from sandbox.engines.pico import REGISTERS, register_of
from sandbox.engines.process import EngineProcess

RESTART_PATIENCE = 5.0  # seconds that a text waits for an engine that has died


class PicoVoices:
    """Reads text aloud in seven voices."""

    def __init__(self, processes: Mapping[str, EngineProcess]) -> None:
        self._processes = processes  # by accent

    async def speak(self, text: str, *, voice: str, speed: float) -> AsyncGenerator[bytes]:
        register = register_of(voice)
        process = self._processes[REGISTERS[register].accent]
        await process.until_ready(RESTART_PATIENCE)
        asking = process.ask("speak", text=text, voice=register, speed=speed)
        async with aclosing(asking) as answers:
            async for _, audio in answers:
                yield audio
