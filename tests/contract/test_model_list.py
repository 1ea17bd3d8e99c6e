"""OpenAI's list of models, as the sandbox tells it and as the vendor documents it."""

from __future__ import annotations

import json
from datetime import date

import httpx2
import pytest

from shared.errors import ProviderError
from tests.contract.openai_sandbox import openai_sandbox
from voice.adapters.openai_models import OpenAIModels

KEY = "sandbox"


async def test_the_sandbox_tells_which_models_end() -> None:
    async with openai_sandbox() as sandbox:
        models = OpenAIModels(api_key=KEY, base_url=sandbox.base_url)
        listed = await models.listed()
        await models.close()

    assert listed["gpt-4o-mini-tts"] == date(2027, 1, 6)
    assert listed["gpt-6-luna"] is None


async def test_a_list_that_fails_is_a_failure_of_the_vendor() -> None:
    async with openai_sandbox() as sandbox:
        await sandbox.fail_next(route="models", status=503)
        models = OpenAIModels(api_key=KEY, base_url=sandbox.base_url)
        with pytest.raises(ProviderError):
            await models.listed()
        await models.close()


@pytest.mark.parametrize(
    ("told", "day"), [("2027-01-06", date(2027, 1, 6)), (None, None), ("soon", None)]
)
async def test_a_day_is_taken_as_it_is_written(told: str | None, day: date | None) -> None:
    # https://developers.openai.com/api/reference/resources/models/methods/list
    row = {
        "id": "a-model",
        "object": "model",
        "created": 1686935002,
        "owned_by": "system",
        "shutdown_date": told,
    }

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, text=json.dumps({"object": "list", "data": [row]}))

    http = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    models = OpenAIModels(api_key=KEY, base_url="https://vendor.example/v1", http=http)

    assert await models.listed() == {"a-model": day}
    await models.close()
