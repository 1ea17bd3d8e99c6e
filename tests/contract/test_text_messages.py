"""What sending a text does: run on the fake and on Twilio's Messages API in the sandbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from quart import Quart, Response, jsonify

from sandbox.config import SandboxConfig
from sandbox.serving import serving
from sandbox.twilio.app import create_app
from shared.errors import ProviderError
from tests.support.fake_messages import FakeTextMessages
from voice.adapters.twilio_messages import TwilioTextMessages
from voice.ports import RecipientOptedOut, TextMessages

KIM = "+14155550188"
STATUS_URL = "http://127.0.0.1:9/messages/status?text=txt_1"
WIRE = Path(__file__).parents[1] / "wire" / "twilio" / "messages.json"


@dataclass(frozen=True)
class Texts:
    """The port under test, and the telephone at its other end."""

    port: TextMessages
    arrived: Callable[[], Awaitable[list[tuple[str, str]]]]  # to whom, and what
    write_stop: Callable[[], Awaitable[None]]  # as Kim
    fail_next: Callable[[], Awaitable[None]]


@asynccontextmanager
async def fake() -> AsyncIterator[Texts]:
    port = FakeTextMessages()

    async def arrived() -> list[tuple[str, str]]:
        return [(text.to, text.body) for text in port.sent]

    async def write_stop() -> None:
        port.opted_out.add(KIM)

    async def fail_next() -> None:
        port.failures = 1

    yield Texts(port, arrived, write_stop, fail_next)


@asynccontextmanager
async def sandbox() -> AsyncIterator[Texts]:
    config = SandboxConfig(script=True, sms_url="http://127.0.0.1:9/messages/incoming")
    async with (
        serving(create_app(config)) as url,
        aiohttp.ClientSession() as http,
        TwilioTextMessages(
            account_sid=config.account_sid,
            auth_token=config.auth_token,
            service_sid=config.messaging_service_sid,
            base_url=url,
        ) as port,
    ):

        async def post(path: str, body: dict[str, Any]) -> None:
            async with http.post(f"{url}{path}", json=body) as answer:
                assert answer.ok, await answer.text()

        async def arrived() -> list[tuple[str, str]]:
            async with http.get(f"{url}/_control/messages") as answer:
                letters = (await answer.json())["messages"]
            return [(letter["to"], letter["body"]) for letter in letters]

        async def write_stop() -> None:
            await post("/_phone/messages", {"from": KIM, "body": "STOP"})

        async def fail_next() -> None:
            await post("/_control/fail_next", {"route": "messages.create", "status": 503})

        yield Texts(port, arrived, write_stop, fail_next)


@pytest.fixture(params=[fake, sandbox], ids=["fake", "sandbox"])
async def texts(request: pytest.FixtureRequest) -> AsyncIterator[Texts]:
    async with request.param() as texts:
        yield texts


async def test_text_is_taken_under_a_name_of_the_vendors_and_arrives(texts: Texts) -> None:
    sent = await texts.port.send(KIM, "Here is how to go on.", status_url=STATUS_URL)

    assert sent.message_sid.startswith("SM")
    assert sent.status in ("accepted", "queued")
    assert (KIM, "Here is how to go on.") in await texts.arrived()


async def test_nothing_goes_to_whom_has_written_stop(texts: Texts) -> None:
    await texts.write_stop()

    with pytest.raises(RecipientOptedOut) as refused:
        await texts.port.send(KIM, "Here is how to go on.", status_url=STATUS_URL)

    assert not refused.value.retryable
    assert (KIM, "Here is how to go on.") not in await texts.arrived()


async def test_failure_is_the_vendors_and_names_nobody(texts: Texts) -> None:
    await texts.fail_next()

    with pytest.raises(ProviderError) as failed:
        await texts.port.send(KIM, "Here is how to go on.", status_url=STATUS_URL)

    assert not isinstance(failed.value, RecipientOptedOut)
    assert KIM not in str(failed.value)
    assert (await texts.port.send(KIM, "Once more.", status_url=STATUS_URL)).message_sid


async def test_vendors_own_sample_is_understood() -> None:
    sample = json.loads(WIRE.read_text())["created_with_service"]
    vendor = Quart("vendor")

    @vendor.post("/api/2010-04-01/Accounts/AC1/Messages.json")
    async def create() -> tuple[Response, int]:
        return jsonify(sample), 201

    async with (
        serving(vendor) as url,
        TwilioTextMessages(
            account_sid="AC1", auth_token="t", service_sid="MG1", base_url=url
        ) as port,
    ):
        sent = await port.send(KIM, "Hello!", status_url=STATUS_URL)

    assert (sent.message_sid, sent.status) == (sample["sid"], sample["status"])
