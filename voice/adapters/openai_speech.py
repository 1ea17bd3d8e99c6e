"""Speech from OpenAI's `audio/speech`: 24 kHz PCM, on the way to the telephone's μ-law.

A voice is several times as fast as what it says is played. While some of it lies ahead, what
comes is left to gather for a moment: each piece that is read costs much the same, however long it
is, and the first piece after a rest of the processor the most.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import httpx2
import openai

from shared.closing import Closing
from voice.adapters.openai_http import Endpoint, http_client, openai_client, provider_error
from voice.audio import g711
from voice.audio.blocks import Blocks
from voice.audio.resample import Downsampler
from voice.ports import BYTES_A_SECOND, Voice
from voice.waiting import pause

FRESH_SECONDS: Final = 45.0  # so long after its last use a connection is surely still open
GATHER_SECONDS: Final = 0.08  # a third of a second of speech, where four are made in one
MOST_AT_ONCE: Final = 16_384  # bytes: a piece of this length was cut from more that is there

_NORMAL_SPEED: Final = 1.0


class OpenAISpeech(Closing):
    """Speaks. One for the process: its connections are kept warm between segments."""

    def __init__(
        self,
        *,
        api_key: str,
        model: str,
        base_url: str | None = None,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self.model = model
        http = http or http_client()
        self._client = openai_client(api_key=api_key, base_url=base_url, http=http)
        self._endpoint = Endpoint(self._client, http, "audio/speech")
        self._used_at = float("-inf")

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        downsampler, blocks = Downsampler(), Blocks()
        clock = asyncio.get_running_loop().time
        self._used_at = clock()
        played_until = 0.0  # by a line that gets it as it comes
        async with aclosing(self._endpoint.ask(self._order(text, voice))) as pieces:
            async for pcm in pieces:
                played_until = max(played_until, clock())
                for block in blocks.feed(g711.encode(downsampler.feed(pcm))):
                    played_until += len(block) / BYTES_A_SECOND
                    yield block
                if len(pcm) < MOST_AT_ONCE:
                    # The half of what lies ahead: the line won't run dry meanwhile.
                    await pause(min(GATHER_SECONDS, (played_until - clock()) / 2))
        for block in blocks.rest():
            yield block

    async def warm_up(self, voice: Voice) -> None:
        """Have a connection open: a handshake would cost the next segment its first 100 ms."""
        now = asyncio.get_running_loop().time()
        if now - self._used_at < FRESH_SECONDS:
            return
        self._used_at = now
        try:
            await self._client.models.retrieve(self.model)  # the smallest answer there is
        except (openai.OpenAIError, httpx2.HTTPError, OSError) as error:
            raise provider_error(error) from error

    def _order(self, text: str, voice: Voice) -> dict[str, Any]:
        """Return the body of a request."""
        order: dict[str, Any] = {
            "model": self.model,
            "voice": voice.name,
            "input": text,
            "response_format": "pcm",
        }
        if voice.instructions and not self.model.startswith("tts-1"):  # those refuse them
            order["instructions"] = voice.instructions
        if voice.speed != _NORMAL_SPEED:
            order["speed"] = voice.speed
        return order

    async def close(self) -> None:
        await self._client.close()
