"""Which models OpenAI has, and when it ends them.

https://developers.openai.com/api/reference/resources/models/methods/list: `shutdown_date` is
the day a model ends, or null while none is announced.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import httpx2
import openai

from voice.adapters.openai_http import openai_client, provider_error


class OpenAIModels:
    """Reads OpenAI's list of models."""

    def __init__(
        self, *, api_key: str, base_url: str | None = None, http: httpx2.AsyncClient | None = None
    ) -> None:
        self._client = openai_client(api_key=api_key, base_url=base_url, http=http)

    async def listed(self) -> Mapping[str, date | None]:
        """Return every model with the day it ends; raise `ProviderError` without an answer."""
        try:
            return {
                model.id: _day(model.shutdown_date) async for model in self._client.models.list()
            }
        except (openai.OpenAIError, httpx2.HTTPError, OSError) as error:
            raise provider_error(error) from error

    async def close(self) -> None:
        await self._client.close()


def _day(text: str | None) -> date | None:
    """Return the day; None where it is none, or not written as one."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
