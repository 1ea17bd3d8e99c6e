"""The real voices: Pico in a process of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from sandbox.engines.process import EngineProcess

RESTART_PATIENCE = 5.0  # seconds that a text waits for an engine that has died


class PicoVoices:
    """Reads text aloud in seven voices."""

    def __init__(self, process: EngineProcess) -> None:
        self._process = process

    async def speak(self, text: str, *, voice: str, speed: float) -> AsyncGenerator[bytes]:
        await self._process.until_ready(RESTART_PATIENCE)
        asking = self._process.ask("speak", text=text, voice=voice, speed=speed)
        async with aclosing(asking) as answers:
            async for _, audio in answers:
                yield audio
