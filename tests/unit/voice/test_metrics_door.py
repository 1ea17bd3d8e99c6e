"""Who may collect the figures."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from shared.settings import Settings
from tests.support.fake_line import FakeCallControl
from tests.support.fake_messages import FakeTextMessages
from tests.support.fakes import FakeLanguageModel, FakeSpeechToText, FakeTextToSpeech
from voice.app import create_app
from voice.providers import Providers

HERE, ELSEWHERE = "127.0.0.1", "203.0.113.7"
TOKEN = {"Authorization": "Bearer right"}


async def nothing() -> None:
    """Open no connections."""


async def asked(
    *, address: str = HERE, headers: dict[str, str] | None = None, **settings: Any
) -> tuple[int, str]:
    """Return the status and the text of an answer; the service has not even started."""
    providers = Providers(
        FakeSpeechToText(),
        FakeLanguageModel(),
        FakeTextToSpeech(),
        FakeCallControl(),
        FakeTextMessages(),
        nothing,
        AsyncExitStack(),
    )
    app = create_app(Settings.model_construct(**settings), providers)
    client = app.test_client()
    answer = await client.get(
        "/metrics", headers=headers, scope_base={"client": (address, 1), "http_version": "1.1"}
    )
    return answer.status_code, await answer.get_data(as_text=True)


async def test_in_the_sandbox_this_machine_may_collect() -> None:
    status, text = await asked()

    assert status == 200
    assert "# TYPE gotobuddy_turn_gap_seconds histogram" in text
    assert "process_cpu_seconds_total" in text


@pytest.mark.parametrize(
    "where",
    [{"address": ELSEWHERE}, {"environment": "production"}, {"address": "<local>"}],
)
async def test_without_a_token_nobody_else_finds_a_door(where: dict[str, Any]) -> None:
    status, text = await asked(**where)

    assert (status, text) == (404, "not found")


@pytest.mark.parametrize("environment", ["sandbox", "production"])
async def test_with_the_token_anybody_may_collect(environment: str) -> None:
    status, text = await asked(
        address=ELSEWHERE,
        headers=TOKEN,
        environment=environment,
        metrics_token=SecretStr("right"),
    )

    assert status == 200
    assert "gotobuddy_" in text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
async def test_with_a_wrong_token_nobody_may_not_even_here(headers: dict[str, str]) -> None:
    assert await asked(headers=headers, metrics_token=SecretStr("right")) == (401, "")
