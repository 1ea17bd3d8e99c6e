"""Speech from OpenAI's `audio/speech`: 24 kHz PCM, on the way to the telephone's μ-law."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Final, Self

import httpx2
import openai

from voice.adapters.openai_http import openai_client, provider_error
from voice.audio import g711
from voice.audio.blocks import Blocks
from voice.audio.resample import Downsampler
from voice.ports import Voice

_NORMAL_SPEED: Final = 1.0


class OpenAISpeech:
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
        self._client = openai_client(api_key=api_key, base_url=base_url, http=http)

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        downsampler, blocks = Downsampler(), Blocks()
        try:
            async with self._client.audio.speech.with_streaming_response.create(
                model=self.model,
                voice=voice.name,
                input=text,
                instructions=self._instructions(voice),
                speed=voice.speed if voice.speed != _NORMAL_SPEED else openai.omit,
                response_format="pcm",
            ) as response:
                async for pcm in response.iter_bytes():
                    for block in blocks.feed(g711.encode(downsampler.feed(pcm))):
                        yield block
        except (openai.OpenAIError, httpx2.HTTPError, OSError) as error:
            raise provider_error(error) from error
        for block in blocks.rest():
            yield block

    def _instructions(self, voice: Voice) -> str | openai.Omit:
        if not voice.instructions or self.model.startswith("tts-1"):  # those refuse them
            return openai.omit
        return voice.instructions

    async def close(self) -> None:
        await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
