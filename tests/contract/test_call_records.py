"""Deleting what the telephone company keeps: on Twilio's REST API in the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest

from buddy_site.gateways.twilio_records import TwilioRecords
from sandbox.config import SandboxConfig
from sandbox.serving import serving
from sandbox.twilio.app import create_app
from shared.errors import ProviderError
from shared.settings import Settings

MISSING_CALL = "CA" + "0" * 32
MISSING_MESSAGE = "SM" + "0" * 32


class Twilio:
    """The sandbox's Twilio, and what it keeps."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        config = SandboxConfig()
        self.records = TwilioRecords(Settings(twilio_base_url=url))
        self._url, self._http = url, http
        self._account = f"{url}/api/2010-04-01/Accounts/{config.account_sid}"
        login = aiohttp.encode_basic_auth(config.account_sid, config.auth_token)
        self._headers = {"Authorization": login}

    async def place_call(self) -> str:
        """Place a call that nobody takes, so that it is over at once; return its id."""
        body = {"from": "+14155550123", "line": False}
        async with self._http.post(f"{self._url}/_phone/calls", json=body) as placed:
            call_sid = str((await placed.json())["call_sid"])
        async with asyncio.timeout(10):
            while await self._status_of_call(call_sid) not in ("completed", "failed"):
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)
        return call_sid

    async def send_message(self) -> str:
        form = {"To": "+14155550123", "From": "+14155550100", "Body": "Hello"}
        async with self._http.post(
            f"{self._account}/Messages.json", data=form, headers=self._headers
        ) as sent:
            return str((await sent.json())["sid"])

    async def has(self, path: str) -> bool:
        async with self._http.get(f"{self._account}/{path}.json", headers=self._headers) as found:
            return found.status == 200

    async def fail_next(self, **failure: object) -> None:
        async with self._http.post(f"{self._url}/_control/fail_next", json=failure) as answer:
            assert answer.ok, await answer.text()

    async def _status_of_call(self, call_sid: str) -> str:
        async with self._http.get(f"{self._url}/_phone/calls/{call_sid}") as found:
            return str((await found.json())["status"])


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    config = SandboxConfig(script=True, voice_url="http://127.0.0.1:9/none")
    async with serving(create_app(config)) as url, aiohttp.ClientSession() as http:
        twilio = Twilio(url, http)
        yield twilio
        await twilio.records.close()


async def test_a_call_and_a_message_are_deleted(twilio: Twilio) -> None:
    call_sid, message_sid = await twilio.place_call(), await twilio.send_message()
    paths = (f"Calls/{call_sid}", f"Messages/{message_sid}")
    before = [await twilio.has(path) for path in paths]

    async with asyncio.timeout(10):
        await twilio.records.delete_call(call_sid)
        while await twilio.has(paths[1]):
            with suppress(ProviderError):  # until it was delivered
                await twilio.records.delete_message(message_sid)

    assert (before, [await twilio.has(path) for path in paths]) == ([True, True], [False, False])


async def test_what_is_gone_already_is_no_failure(twilio: Twilio) -> None:
    await twilio.records.delete_call(MISSING_CALL)
    await twilio.records.delete_message(MISSING_MESSAGE)


@pytest.mark.parametrize(("status", "retryable"), [(503, True), (429, True), (401, False)])
async def test_a_vendor_that_fails_is_told_apart_from_one_that_refuses(
    twilio: Twilio,
    status: int,
    retryable: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    await twilio.fail_next(route="calls.delete", status=status)

    with pytest.raises(ProviderError) as failed:
        await twilio.records.delete_call(MISSING_CALL)

    assert failed.value.retryable is retryable
