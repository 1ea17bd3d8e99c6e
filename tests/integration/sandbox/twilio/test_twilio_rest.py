"""The REST API, asked by the product's SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from tests.integration.sandbox.twilio.exchange import Exchange, ProductStream, exchange

# The SDK's way to authenticate goes away with aiohttp 4; until then aiohttp says so.
SDK_WARNINGS = pytest.mark.filterwarnings(
    "ignore:BasicAuth is deprecated", "ignore:The 'auth' parameter is deprecated"
)
STREAM = '<Response><Connect><Stream url="WS/media"/></Connect></Response>'


class Rebased(AsyncTwilioHttpClient):  # type: ignore[misc]
    """Sends what is for api.twilio.com to the sandbox."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    async def request(self, method: str, url: str, *args: object, **kwargs: object) -> object:
        parts = urlsplit(url)
        rebased = f"{self._base}/{parts.netloc.split('.')[0]}{parts.path}"
        return await super().request(method, rebased, *args, **kwargs)


@asynccontextmanager
async def client(line: Exchange, token: str | None = None) -> AsyncIterator[Client]:
    async with Rebased(line.url) as http:
        yield Client(line.config.account_sid, token or line.config.auth_token, http_client=http)


async def until_stop(stream: ProductStream) -> None:
    await stream.next("stop")


@SDK_WARNINGS
async def test_a_call_is_fetched_and_hung_up() -> None:
    async with exchange() as line, client(line) as twilio:
        line.product.on_stream = until_stop
        line.product.twiml["/voice"] = STREAM
        async with line.dial() as phone:
            await phone.until("answered")
            running = await twilio.calls(phone.call_sid).fetch_async()
            ended = await twilio.calls(phone.call_sid).update_async(status="completed")
            event = await phone.until("ended")

    assert (running.status, running.direction, running.to) == (
        "in-progress",
        "inbound",
        "+14155550100",
    )
    assert (ended.status, event["reason"]) == ("completed", "hung_up_by_api")
    assert int(ended.duration) >= 0


@SDK_WARNINGS
async def test_new_twiml_replaces_a_running_stream() -> None:
    stopped = asyncio.Event()

    async def listen(stream: ProductStream) -> None:
        await stream.next("stop")
        stopped.set()

    async with exchange() as line, client(line) as twilio:
        line.product.on_stream = listen
        line.product.twiml |= {"/voice": STREAM, "/next": "<Response/>"}
        async with line.dial() as phone:
            await phone.until("answered")
            await line.recorded("webhook")
            await twilio.calls(phone.call_sid).update_async(
                twiml="<Response><Redirect>/next</Redirect></Response>"
            )
            event = await phone.until("ended")
        await asyncio.wait_for(stopped.wait(), 5)

    assert event["reason"] == "hung_up"
    assert line.product.asked("/next")[0]["CallStatus"] == "in-progress"


@SDK_WARNINGS
async def test_errors_are_twilios() -> None:
    async with exchange() as line, client(line) as twilio, client(line, "wrong") as stranger:
        line.product.twiml["/voice"] = "<Response/>"
        async with line.dial() as phone:
            await phone.until("ended")
        refusals = []
        for update in (
            twilio.calls("CA00000000000000000000000000000000").fetch_async(),
            twilio.calls(phone.call_sid).update_async(twiml="<Response/>"),
            stranger.calls(phone.call_sid).fetch_async(),
        ):
            with pytest.raises(TwilioRestException) as refused:
                await update
            refusals.append((refused.value.status, refused.value.code))

    assert refusals == [(404, 20404), (400, 21220), (401, 20003)]


async def test_what_is_not_built_answers_501_in_twilios_words() -> None:
    async with exchange() as line:
        auth = aiohttp.encode_basic_auth(line.config.account_sid, "sandbox")
        path = f"/api/2010-04-01/Accounts/{line.config.account_sid}/Calls.json"
        async with line.http.get(line.url + path, headers={"Authorization": auth}) as answer:
            body = await answer.json()

    assert (answer.status, body["code"]) == (501, 501)
    assert "not built" in body["message"]
