"""The script voices: all of them speak in tones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from sandbox.engines.roles import SPEECH_RATE
from sandbox.engines.tones import pcm_from_text

_PIECE = 4801  # bytes, about 100 ms: odd on purpose, as a network's pieces are


class ScriptVoices:
    """Speaks in tones at the speed that is asked for, whatever the voice."""

    def __init__(self) -> None:
        self.first_byte_seconds = 0.0

    async def speak(self, text: str, *, voice: str, speed: float) -> AsyncGenerator[bytes]:
        await asyncio.sleep(self.first_byte_seconds)
        pcm = pcm_from_text(text, SPEECH_RATE, speed=speed)
        for at in range(0, len(pcm), _PIECE):
            yield pcm[at : at + _PIECE]
