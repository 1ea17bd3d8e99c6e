"""Verify and Lookup, asked by the product's SDK."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from twilio.rest import Client  # type: ignore[import-untyped]

from tests.integration.sandbox.twilio.asking import (
    SDK_WARNINGS,
    ask,
    client,
    letters,
    refused,
    shapes,
    steer,
)
from tests.integration.sandbox.twilio.exchange import Exchange

pytestmark = SDK_WARNINGS

WIRE: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "wire" / "twilio" / "verify.json").read_text()
)
MOBILE = "+14155550123"


def service(twilio: Client, line: Exchange) -> Any:
    return twilio.verify.v2.services(line.config.verify_service_sid)


async def test_a_number_is_verified_by_text(twilio: Client, line: Exchange) -> None:
    verify = service(twilio, line)
    started = await verify.verifications.create_async(to=MOBILE, channel="sms")
    (letter,) = await letters(line, MOBILE)
    code = letter["code"]
    wrong = await verify.verification_checks.create_async(
        to=MOBILE, code="000000" if code != "000000" else "111111"
    )
    right = await verify.verification_checks.create_async(verification_sid=started.sid, code=code)
    over = await refused(verify.verification_checks.create_async(to=MOBILE, code=code))

    assert (started.status, started.valid, started.to) == ("pending", False, MOBILE)
    assert re.fullmatch("VE[0-9a-f]{32}", started.sid)
    assert re.fullmatch("VL[0-9a-f]{32}", started.send_code_attempts[0]["attempt_sid"])
    assert letter["body"] == f"{code} is your GoToBuddy code.\n\n@localhost #{code}"
    assert (wrong.status, wrong.valid) == ("pending", False)
    assert (right.status, right.valid, right.sid) == ("approved", True, started.sid)
    assert over == (404, 20404)


async def test_a_code_is_spoken_where_no_text_arrives(twilio: Client, line: Exchange) -> None:
    verifications = service(twilio, line).verifications
    await steer(line, "seed", lines={MOBILE: {"type": "landline"}})
    await steer(line, "verify", to=MOBILE, code="012345")

    by_text = await refused(verifications.create_async(to=MOBILE, channel="sms"))
    called = await verifications.create_async(to=MOBILE, channel="call")

    assert by_text == (403, 60205)
    assert (called.channel, called.send_code_attempts[0]["channel"]) == ("call", "CALL")
    (letter,) = await letters(line)
    assert (letter["channel"], letter["code"]) == ("call", "012345")
    assert "your GoToBuddy code is 0 1 2 3 4 5." in letter["body"]


async def test_bodies_have_the_vendors_shape(line: Exchange) -> None:
    base = f"/verify/v2/Services/{line.config.verify_service_sid}"
    started = await ask(line, "POST", f"{base}/Verifications", To=MOBILE, Channel="sms")
    sid = started["sid"]
    fetched = await ask(line, "GET", f"{base}/Verifications/{sid}")
    checked = await ask(
        line, "POST", f"{base}/VerificationCheck", VerificationSid=sid, Code="nothing"
    )
    canceled = await ask(line, "POST", f"{base}/Verifications/{sid}", Status="canceled")

    assert started == fetched
    for body, sample in (
        (started, WIRE["verification"]),
        (canceled, WIRE["canceled"]),
        (checked, WIRE["check"]),
    ):
        assert body.keys() == sample.keys()
        assert shapes(body) | {"lookup": {}} == shapes(sample) | {"lookup": {}}
    assert canceled["status"] == WIRE["canceled"]["status"]


async def test_time_and_trouble_can_be_had_on_demand(twilio: Client, line: Exchange) -> None:
    verify = service(twilio, line)
    await verify.verifications.create_async(to=MOBILE, channel="sms")
    await steer(line, "clock", advance_seconds=600)
    expired = await refused(verify.verification_checks.create_async(to=MOBILE, code="123456"))
    await steer(line, "verify", refuse=60410, to=MOBILE)
    guarded = await refused(verify.verifications.create_async(to=MOBILE, channel="sms"))
    await steer(line, "verify", refuse=60202, on="check")
    locked = await refused(verify.verification_checks.create_async(to=MOBILE, code="123456"))
    await steer(line, "seed", verify={"allowed_countries": ["GB"]})
    abroad = await refused(verify.verifications.create_async(to=MOBILE, channel="sms"))
    await steer(line, "reset")
    again = await verify.verifications.create_async(to=MOBILE, channel="sms")

    assert [expired, guarded, locked, abroad] == [
        (404, 20404),
        (403, 60410),
        (429, 60202),
        (403, 60605),
    ]
    assert again.status == "pending"


async def test_two_starts_at_once_for_one_number_are_one_too_many(
    twilio: Client, line: Exchange
) -> None:
    verifications = service(twilio, line).verifications
    await steer(line, "fail_next", route="verify.start", delay_seconds=0.3)
    slow = asyncio.create_task(verifications.create_async(to=MOBILE, channel="sms"))
    await line.recorded("failure", route="verify.start")

    too_many = await refused(verifications.create_async(to=MOBILE, channel="sms"))

    assert too_many == (429, 60212)
    assert (await slow).status == "pending"


async def test_what_verify_does_not_know_is_refused(twilio: Client, line: Exchange) -> None:
    async with client(line, "wrong") as stranger:
        refusals = [
            await refused(asked)
            for asked in (
                service(twilio, line).verifications.create_async(to=MOBILE, channel="voice"),
                service(twilio, line).verifications.create_async(to="+1415", channel="sms"),
                service(twilio, line).verification_checks.create_async(to=MOBILE, code="1"),
                service(twilio, line).verifications("VE0").fetch_async(),
                service(twilio, line).verifications.create_async(to="a@b.c", channel="email"),
                twilio.verify.v2.services("VA0").verifications.create_async(
                    to=MOBILE, channel="sms"
                ),
                service(stranger, line).verifications.create_async(to=MOBILE, channel="sms"),
            )
        ]

    assert refusals == [
        (400, 60200),
        (400, 60200),
        (400, 60200),
        (404, 20404),
        (501, 501),
        (404, 20404),
        (401, 20003),
    ]
    assert await letters(line) == []


async def test_steering_that_makes_no_sense_is_refused(line: Exchange) -> None:
    for what, body in (
        ("clock", {"advance": 1}),
        ("verify", {"refuse": 1}),
        ("verify", {"to": MOBILE, "status": "expired"}),
        ("seed", {"weather": {}}),
    ):
        async with line.http.post(f"{line.url}/_control/{what}", json=body) as answer:
            assert (answer.status, "error" in await answer.json()) == (400, True)


async def test_a_line_is_looked_up(twilio: Client, line: Exchange) -> None:
    await steer(line, "seed", lines={MOBILE: {"type": "nonFixedVoip", "carrier_name": "Wires"}})
    numbers = twilio.lookups.v2

    plain = await numbers.phone_numbers(MOBILE).fetch_async()
    typed = await numbers.phone_numbers(MOBILE).fetch_async(fields="line_type_intelligence")
    invalid = await numbers.phone_numbers("+1415").fetch_async()
    unbuilt = await refused(numbers.phone_numbers(MOBILE).fetch_async(fields="sim_swap"))

    assert (plain.valid, plain.country_code, plain.line_type_intelligence) == (True, "US", None)
    assert typed.line_type_intelligence["type"] == "nonFixedVoip"
    assert typed.line_type_intelligence["carrier_name"] == "Wires"
    assert (invalid.valid, invalid.validation_errors) == (False, ["TOO_SHORT"])
    assert unbuilt == (501, 501)


async def test_the_messages_page_is_made_of_files_from_here(line: Exchange) -> None:
    async with line.http.get(f"{line.url}/messages") as answer:
        page = await answer.text()
    linked = re.findall(r'(?:src|href)="(/pages/[^"]+)"', page)

    assert len(linked) == 2
    assert "http" not in page
    for address in linked:
        async with line.http.get(f"{line.url}{address}") as answer:
            assert answer.status == 200
