"""What Verify and Lookup answer in their documents' own samples is read as what it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart, request

from buddy_site.gateways.twilio_verify import Checked, TwilioVerify
from sandbox.serving import serving
from shared.domain.verification import Channel, LineType
from shared.phone import InvalidPhoneNumber, PhoneNumber
from shared.settings import Settings

WIRE = Path(__file__).parents[1] / "wire" / "twilio"
VERIFY, LOOKUP = (json.loads((WIRE / f"{name}.json").read_text()) for name in ("verify", "lookup"))
NUMBER = PhoneNumber("+15017122661")  # of the samples
SID = VERIFY["verification"]["sid"]


class Samples:
    """Answers as the documents do, and keeps what it was asked."""

    def __init__(self) -> None:
        self.app = Quart("samples")
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, Any] = {}

        @self.app.route("/<path:path>", methods=["GET", "POST"])
        async def answer(path: str) -> Any:
            fields = {**request.args, **(await request.form)}
            self.asked.append((f"{request.method} /{path}", fields))
            return self.answers[path.rpartition("/")[2]]


@pytest.fixture
async def samples() -> AsyncIterator[tuple[Samples, TwilioVerify]]:
    samples = Samples()
    async with (
        serving(samples.app) as url,
        TwilioVerify(Settings(twilio_base_url=url)) as gateway,
        asyncio.timeout(20),
    ):
        yield samples, gateway


async def test_a_start_is_asked_and_read_as_documented(
    samples: tuple[Samples, TwilioVerify],
) -> None:
    twilio, gateway = samples
    twilio.answers["Verifications"] = (VERIFY["verification"], 201)

    assert await gateway.start(NUMBER, Channel.SMS) == SID

    service = Settings().twilio_verify_service_sid
    assert twilio.asked == [
        (
            f"POST /verify/v2/Services/{service}/Verifications",
            {"To": NUMBER.e164, "Channel": "sms"},
        )
    ]


@pytest.mark.parametrize(
    ("status", "checked"), [("approved", Checked.RIGHT), ("pending", Checked.WRONG)]
)
async def test_a_check_is_asked_and_read_as_documented(
    samples: tuple[Samples, TwilioVerify], status: str, checked: Checked
) -> None:
    twilio, gateway = samples
    sample = {**VERIFY["check"], "status": status, "valid": status == "approved"}
    twilio.answers["VerificationCheck"] = (sample, 200)

    assert await gateway.check(NUMBER, SID, "012345") is checked
    assert await gateway.check(NUMBER, None, "012345") is checked

    assert [fields for _, fields in twilio.asked] == [
        {"Code": "012345", "VerificationSid": SID},
        {"Code": "012345", "To": NUMBER.e164},
    ]


async def test_a_cancel_is_asked_as_documented(samples: tuple[Samples, TwilioVerify]) -> None:
    twilio, gateway = samples
    twilio.answers[SID] = (VERIFY["canceled"], 200)

    await gateway.cancel(SID)

    assert [fields for _, fields in twilio.asked] == [{"Status": "canceled"}]


async def test_a_look_up_is_asked_and_read_as_documented(
    samples: tuple[Samples, TwilioVerify],
) -> None:
    twilio, gateway = samples
    e164 = LOOKUP["line_type"]["phone_number"]
    twilio.answers[e164] = (LOOKUP["line_type"], 200)

    assert await gateway.line_type(PhoneNumber(e164)) is LineType.NON_FIXED_VOIP

    assert twilio.asked == [
        (f"GET /lookups/v2/PhoneNumbers/{e164}", {"Fields": "line_type_intelligence"})
    ]


async def test_a_package_that_failed_leaves_the_type_unknown(
    samples: tuple[Samples, TwilioVerify],
) -> None:
    twilio, gateway = samples
    e164 = LOOKUP["valid"]["phone_number"]
    newer = {**LOOKUP["valid"], "line_type_intelligence": {"type": "satellite"}}

    for answer in (LOOKUP["valid"], newer):
        twilio.answers[e164] = (answer, 200)
        assert await gateway.line_type(PhoneNumber(e164)) is LineType.UNKNOWN


async def test_a_number_that_can_not_be_is_none(samples: tuple[Samples, TwilioVerify]) -> None:
    twilio, gateway = samples
    e164 = LOOKUP["invalid"]["phone_number"]
    twilio.answers[e164] = (LOOKUP["invalid"], 200)

    with pytest.raises(InvalidPhoneNumber):
        await gateway.line_type(PhoneNumber(e164))
