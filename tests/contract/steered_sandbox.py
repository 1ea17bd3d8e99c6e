"""A sandbox server in script mode, and its controls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.serving import serving


@dataclass(frozen=True)
class SteeredSandbox:
    """Where it is, and how it is told what to do."""

    url: str
    _http: aiohttp.ClientSession

    @property
    def base_url(self) -> str:
        """OpenAI's clients want the path as well."""
        return f"{self.url}/v1"

    async def script(self, **body: object) -> None:
        await self._post("script", body)

    async def fail_next(self, **body: object) -> None:
        await self._post("fail_next", body)

    async def requests(self) -> list[dict[str, Any]]:
        async with self._http.get(f"{self.url}/_control/requests") as answer:
            found: list[dict[str, Any]] = (await answer.json())["requests"]
            return found

    async def _post(self, what: str, body: dict[str, object]) -> None:
        async with self._http.post(f"{self.url}/_control/{what}", json=body) as answer:
            assert answer.ok, await answer.text()


@asynccontextmanager
async def steered(app: Any) -> AsyncIterator[SteeredSandbox]:
    async with serving(app) as url, aiohttp.ClientSession() as http:
        yield SteeredSandbox(url, http)
