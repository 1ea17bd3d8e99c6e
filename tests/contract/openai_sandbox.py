"""A sandbox OpenAI in script mode, and its controls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from sandbox.config import SandboxConfig
from sandbox.openai.app import create_app
from sandbox.serving import serving


@dataclass(frozen=True)
class OpenAISandbox:
    url: str
    _http: aiohttp.ClientSession

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    async def script(self, **body: object) -> None:
        await self._post("script", body)

    async def fail_next(self, **body: object) -> None:
        await self._post("fail_next", body)

    async def _post(self, what: str, body: dict[str, object]) -> None:
        async with self._http.post(f"{self.url}/_control/{what}", json=body) as answer:
            assert answer.ok, await answer.text()


@asynccontextmanager
async def openai_sandbox() -> AsyncIterator[OpenAISandbox]:
    async with (
        serving(create_app(SandboxConfig(script=True))) as url,
        aiohttp.ClientSession() as http,
    ):
        yield OpenAISandbox(url, http)
