"""What proving a number asks of its vendor: run on the fake, and on Verify and Lookup's SDK.

One test for each call of the SDK that is made; what Twilio refuses in numbers of its own is run
against the sandbox alone, whose bodies are held to the samples in `tests/wire/twilio`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from buddy_site.gateways.twilio_verify import (
    Busy,
    Checked,
    CodeVendor,
    TwilioVerify,
    Unanswered,
    Unreachable,
)
from sandbox.config import SandboxConfig
from sandbox.serving import serving
from sandbox.twilio.app import create_app
from shared.domain.verification import Channel, LineType
from shared.domain.verification_refusals import CountryNotServed, NumberBlocked, TextsNotReceived
from shared.errors import BuddyError, ProviderError
from shared.phone import InvalidPhoneNumber, PhoneNumber
from shared.settings import Settings
from tests.support.builders import KIM, SAM
from tests.support.fake_codes import FakeCodes

LANDLINE = PhoneNumber("+14155550160")
NOWHERE = PhoneNumber("+15551234567")  # of a plausible length, in no numbering plan


@dataclass(frozen=True)
class Vendor:
    """The vendor under test, and what its telephones got."""

    port: CodeVendor
    code_of: Callable[[PhoneNumber], Awaitable[str]]


@dataclass(frozen=True)
class Twilio:
    """The sandbox's Twilio and the gateway that speaks to it."""

    gateway: TwilioVerify
    url: str
    http: aiohttp.ClientSession

    async def code_of(self, number: PhoneNumber) -> str:
        async with self.http.get(
            f"{self.url}/_control/messages", params={"to": number.e164}
        ) as answer:
            return str((await answer.json())["messages"][0]["code"])

    async def steer(self, what: str, **body: Any) -> None:
        async with self.http.post(f"{self.url}/_control/{what}", json=body) as answer:
            assert answer.ok, await answer.text()


@asynccontextmanager
async def fake() -> AsyncIterator[Vendor]:
    codes = FakeCodes()
    codes.line_types[LANDLINE] = LineType.LANDLINE

    async def code_of(number: PhoneNumber) -> str:
        return codes.code_of(number)

    yield Vendor(codes, code_of)


@asynccontextmanager
async def twilio_sandbox() -> AsyncIterator[Twilio]:
    async with (
        serving(create_app(SandboxConfig(script=True))) as url,
        aiohttp.ClientSession() as http,
        TwilioVerify(Settings(twilio_base_url=url), timeout_seconds=1.0) as gateway,
    ):
        yield Twilio(gateway, url, http)


@asynccontextmanager
async def sandbox() -> AsyncIterator[Vendor]:
    async with twilio_sandbox() as twilio:
        yield Vendor(twilio.gateway, twilio.code_of)


@pytest.fixture(params=[fake, sandbox], ids=["fake", "sandbox"])
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Vendor]:
    async with request.param() as vendor, asyncio.timeout(20):
        yield vendor


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    async with twilio_sandbox() as twilio, asyncio.timeout(20):
        yield twilio


@pytest.mark.parametrize("channel", Channel)
async def test_the_code_that_arrives_is_right_once(vendor: Vendor, channel: Channel) -> None:
    sid = await vendor.port.start(SAM, channel)
    code = await vendor.code_of(SAM)

    checked = [await vendor.port.check(SAM, sid, code) for _ in range(2)]

    assert re.fullmatch(r"\d{6}", code)
    assert re.fullmatch(r"VE[0-9a-f]{32}", sid)
    assert checked == [Checked.RIGHT, Checked.GONE]


async def test_another_code_is_wrong_and_the_sixth_is_too_many(vendor: Vendor) -> None:
    sid = await vendor.port.start(SAM, Channel.SMS)
    wrong = f"{(int(await vendor.code_of(SAM)) + 1) % 10**6:06}"

    checked = [await vendor.port.check(SAM, sid, wrong) for _ in range(6)]

    assert checked == [*[Checked.WRONG] * 5, Checked.TOO_MANY]


async def test_a_code_can_be_checked_by_the_number_alone(vendor: Vendor) -> None:
    await vendor.port.start(SAM, Channel.SMS)

    assert await vendor.port.check(SAM, None, await vendor.code_of(SAM)) is Checked.RIGHT


async def test_a_second_start_sends_the_same_code_again(vendor: Vendor) -> None:
    first = await vendor.port.start(SAM, Channel.SMS)
    code = await vendor.code_of(SAM)

    assert await vendor.port.start(SAM, Channel.CALL) == first
    assert await vendor.code_of(SAM) == code


async def test_a_canceled_code_is_gone(vendor: Vendor) -> None:
    sid = await vendor.port.start(SAM, Channel.SMS)
    code = await vendor.code_of(SAM)

    await vendor.port.cancel(sid)
    await vendor.port.cancel(sid)

    assert await vendor.port.check(SAM, sid, code) is Checked.GONE
    assert await vendor.port.start(SAM, Channel.SMS) != sid


async def test_the_code_of_one_number_is_not_anothers(vendor: Vendor) -> None:
    first, second = [await vendor.port.start(number, Channel.SMS) for number in (SAM, KIM)]

    assert first != second
    assert await vendor.port.check(KIM, second, await vendor.code_of(KIM)) is Checked.RIGHT


@pytest.mark.parametrize(
    ("number", "kind"), [(SAM, LineType.MOBILE), (LANDLINE, LineType.LANDLINE)]
)
async def test_a_line_is_known_for_what_it_is(
    vendor: Vendor, number: PhoneNumber, kind: LineType
) -> None:
    assert await vendor.port.line_type(number) is kind


@pytest.mark.parametrize("kind", LineType)
async def test_every_type_of_line_is_read(twilio: Twilio, kind: LineType) -> None:
    await twilio.steer("seed", lines={SAM.e164: {"type": kind.value}})

    assert await twilio.gateway.line_type(SAM) is kind


async def test_a_number_of_no_plan_is_none(twilio: Twilio) -> None:
    with pytest.raises(InvalidPhoneNumber):
        await twilio.gateway.line_type(NOWHERE)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (60200, InvalidPhoneNumber),
        (60203, Busy),
        (60205, TextsNotReceived),
        (60207, Busy),
        (60212, Busy),
        (60238, NumberBlocked),
        (60410, NumberBlocked),
        (60605, CountryNotServed),
        (20429, Busy),
    ],
)
async def test_every_refusal_has_a_meaning(
    twilio: Twilio, code: int, meaning: type[BuddyError]
) -> None:
    await twilio.steer("verify", refuse=code)

    with pytest.raises(meaning):
        await twilio.gateway.start(SAM, Channel.SMS)

    assert (await twilio.gateway.start(SAM, Channel.SMS)).startswith("VE")


async def test_a_sixth_send_is_too_many(twilio: Twilio) -> None:
    for _ in range(5):
        await twilio.gateway.start(SAM, Channel.SMS)

    with pytest.raises(Busy) as caught:
        await twilio.gateway.start(SAM, Channel.SMS)
    assert caught.value.minutes == 10


@pytest.mark.parametrize(
    "failure", [{"status": 503}, {"status": 500}, {"delay_seconds": 5}, {"disconnect": True}]
)
async def test_a_vendor_that_fails_may_have_sent_the_code(
    twilio: Twilio, failure: dict[str, Any]
) -> None:
    await twilio.steer("fail_next", route="verify.start", **failure)

    with pytest.raises(Unanswered):
        await twilio.gateway.start(SAM, Channel.SMS)


@pytest.mark.parametrize("failure", [{"status": 503}, {"delay_seconds": 5}])
async def test_a_look_up_that_fails_says_so(twilio: Twilio, failure: dict[str, Any]) -> None:
    await twilio.steer("fail_next", route="lookup.fetch", **failure)

    with pytest.raises(Unanswered):
        await twilio.gateway.line_type(SAM)


async def test_a_check_that_is_not_answered_can_be_asked_again(twilio: Twilio) -> None:
    sid = await twilio.gateway.start(SAM, Channel.SMS)
    code = await twilio.code_of(SAM)
    await twilio.steer("fail_next", route="verify.check", status=503)

    with pytest.raises(Unanswered):
        await twilio.gateway.check(SAM, sid, code)

    assert await twilio.gateway.check(SAM, sid, code) is Checked.RIGHT


async def test_too_many_asks_at_once_for_a_check_mean_to_wait(twilio: Twilio) -> None:
    sid = await twilio.gateway.start(SAM, Channel.SMS)
    await twilio.steer("verify", refuse=20429, on="check")

    with pytest.raises(Busy):
        await twilio.gateway.check(SAM, sid, "123456")


async def test_an_expired_code_is_gone(twilio: Twilio) -> None:
    sid = await twilio.gateway.start(SAM, Channel.SMS)
    code = await twilio.code_of(SAM)
    await twilio.steer("clock", advance_seconds=601)

    assert await twilio.gateway.check(SAM, sid, code) is Checked.GONE


async def test_a_vendor_that_is_not_there_has_certainly_not_acted() -> None:
    async with TwilioVerify(Settings(twilio_base_url="http://127.0.0.1:9")) as gateway:
        with pytest.raises(Unreachable):
            await gateway.start(SAM, Channel.SMS)


async def test_a_wrong_login_is_no_fault_of_the_person(twilio: Twilio) -> None:
    settings = Settings(twilio_base_url=twilio.url, twilio_account_sid="ACsomebodyelse")
    async with TwilioVerify(settings) as stranger:
        with pytest.raises(ProviderError) as caught:
            await stranger.start(SAM, Channel.SMS)

    assert (type(caught.value), caught.value.retryable) == (ProviderError, False)
