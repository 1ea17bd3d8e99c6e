"""The Messages resource and a Messaging Service, asked by the product's SDK and by a telephone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from sandbox.twilio.keywords import REPLIES, OptOutType
from tests.integration.sandbox.twilio.asking import (
    SDK_WARNINGS,
    ask,
    letters,
    refused,
    shapes,
    steer,
)
from tests.integration.sandbox.twilio.exchange import NUMBER, Exchange

pytestmark = SDK_WARNINGS

WIRE: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "wire" / "twilio" / "messages.json").read_text()
)
MOBILE = "+14155550123"
LANDLINE = "+14155550160"
SWITCHED_OFF = "+14155550190"


async def send(twilio: Client, line: Exchange, to: str = MOBILE, body: str = "Hello.") -> Any:
    return await twilio.messages.create_async(
        to=to,
        body=body,
        messaging_service_sid=line.config.messaging_service_sid,
        status_callback=f"{line.product.url}/sent",
    )


async def write(line: Exchange, body: str) -> str:
    """Write from a phone and wait until the webhook has answered."""
    message = {"from": MOBILE, "body": body}
    async with line.http.post(f"{line.url}/_phone/messages", json=message) as answer:
        assert answer.status == 201, await answer.text()
        sid = str((await answer.json())["message_sid"])
    await line.recorded("message_webhook", message_sid=sid)
    return sid


async def test_a_message_is_sent_and_its_steps_are_told(twilio: Client, line: Exchange) -> None:
    line.product.twiml["/sent"] = ""
    sent = await send(twilio, line)
    await line.recorded("message_status", message_sid=sent.sid, status="delivered")
    fetched = await twilio.messages(sent.sid).fetch_async()

    assert (sent.status, sent.from_, sent.direction) == ("accepted", None, "outbound-api")
    assert (fetched.status, fetched.from_, fetched.body) == ("delivered", NUMBER, "Hello.")
    told = line.product.asked("/sent")
    assert [fields["MessageStatus"] for fields in told] == ["queued", "sent", "delivered"]
    assert {fields["MessagingServiceSid"] for fields in told} == {line.config.messaging_service_sid}
    _, _, fields, headers = line.product.requests[-1]
    assert RequestValidator(line.config.auth_token).validate(
        f"{line.product.url}/sent", fields, headers["X-Twilio-Signature"]
    )
    (letter,) = await letters(line, MOBILE)
    assert (letter["body"], letter["status"], letter["code"]) == ("Hello.", "delivered", None)


@pytest.mark.parametrize(("to", "code"), [(LANDLINE, 30006), (SWITCHED_OFF, 30003)])
async def test_some_phones_get_nothing(twilio: Client, line: Exchange, to: str, code: int) -> None:
    line.product.twiml["/sent"] = ""
    sent = await send(twilio, line, to=to)
    await line.recorded("message_status", message_sid=sent.sid, status="undelivered")
    fetched = await twilio.messages(sent.sid).fetch_async()

    assert (fetched.status, fetched.error_code) == ("undelivered", code)
    assert line.product.asked("/sent")[-1]["ErrorCode"] == str(code)


async def test_who_writes_stop_gets_no_more_until_start(twilio: Client, line: Exchange) -> None:
    line.product.twiml["/sms"] = "<Response><Message>Thank you.</Message></Response>"
    await write(line, "stop")
    stopped = await refused(send(twilio, line))
    await write(line, "START")
    after = await send(twilio, line)
    await write(line, "Help")

    assert stopped == (400, 21610)
    assert after.status == "accepted"
    told = line.product.asked("/sms")
    assert [fields.get("OptOutType") for fields in told] == ["STOP", "START", "HELP"]
    received = [
        letter["body"] for letter in await letters(line) if letter["direction"] == "to_phone"
    ]
    assert sorted(received) == sorted(
        [REPLIES[kind] for kind in OptOutType] + ["Thank you."] * 2 + ["Hello."]
    )


async def test_what_a_phone_writes_is_told_signed_and_answered(line: Exchange) -> None:
    line.product.twiml["/sms"] = "<Response><Message><Body>Bye.</Body></Message></Response>"
    sid = await write(line, "hello there")
    _, path, fields, headers = line.product.requests[-1]

    assert (path, fields["Body"], fields["From"], fields["MessageSid"]) == (
        *("/sms", "hello there", MOBILE),
        sid,
    )
    assert "OptOutType" not in fields
    assert RequestValidator(line.config.auth_token).validate(
        f"{line.product.url}/sms", fields, headers["X-Twilio-Signature"]
    )
    said = [(letter["direction"], letter["body"]) for letter in await letters(line, MOBILE)]
    assert said == [("to_phone", "Bye."), ("from_phone", "hello there")]


async def test_a_webhook_that_breaks_costs_nothing_but_its_answer(
    twilio: Client, line: Exchange
) -> None:
    await write(line, "STOP")
    lost = await line.recorded("message_webhook")

    assert "11200" in lost["lost"]
    assert await refused(send(twilio, line)) == (400, 21610)


async def test_messages_are_listed_redacted_and_deleted(twilio: Client, line: Exchange) -> None:
    line.product.twiml["/sent"] = ""
    sids = []
    for body in ("one", "two", "three"):
        sent = await send(twilio, line, body=body)
        await line.recorded("message_status", message_sid=sent.sid, status="delivered")
        sids.append(sent.sid)
    await steer(line, "fail_next", route="message_status", stall=True)
    unfinished = await send(twilio, line, body="four")
    early = await refused(twilio.messages(unfinished.sid).delete_async())

    listed = [text.body for text in await twilio.messages.list_async(to=MOBILE, page_size=2)]
    redacted = await twilio.messages(sids[0]).update_async(body="")
    await twilio.messages(sids[1]).delete_async()
    gone = await refused(twilio.messages(sids[1]).fetch_async())

    assert early == (409, 20009)
    assert listed == ["four", "three", "two", "one"]
    assert (redacted.body, redacted.status) == ("", "delivered")
    assert gone == (404, 20404)


async def test_what_can_not_be_sent_is_refused(twilio: Client, line: Exchange) -> None:
    create = twilio.messages.create_async
    service = line.config.messaging_service_sid
    refusals = [
        await refused(asked)
        for asked in (
            create(to="", body="x", messaging_service_sid=service),
            create(to="+1415", body="x", messaging_service_sid=service),
            create(to="+442079460123", body="x", messaging_service_sid=service),
            create(to=MOBILE, body="", messaging_service_sid=service),
            create(to=MOBILE, body="x" * 1601, messaging_service_sid=service),
            create(to=MOBILE, body="x"),
            create(to=MOBILE, body="x", from_="+14155550111"),
            create(to=MOBILE, body="x", messaging_service_sid="MG0"),
            create(to=MOBILE, body="x", from_=NUMBER, media_url=["http://x"]),
        )
    ]

    assert refusals == [
        (400, 21604),
        (400, 21211),
        (400, 21408),
        (400, 21602),
        (400, 21617),
        (400, 21603),
        (400, 21606),
        (404, 20404),
        (501, 501),
    ]
    assert await letters(line) == []


async def test_bodies_have_the_vendors_shape(line: Exchange) -> None:
    path = f"/api/2010-04-01/Accounts/{line.config.account_sid}/Messages"
    line.product.twiml["/sent"] = ""
    form = {"To": MOBILE, "From": NUMBER, "Body": "Hello! 👍"}
    sent = f"{line.product.url}/sent"
    created = await ask(line, "POST", f"{path}.json", **form, StatusCallback=sent)
    await line.recorded("message_status", message_sid=created["sid"], status="delivered")
    fetched = await ask(line, "GET", f"{path}/{created['sid']}.json")
    redacted = await ask(line, "POST", f"{path}/{created['sid']}.json", Body="")
    listed = await ask(line, "GET", f"{path}.json")
    by_service = {"MessagingServiceSid": line.config.messaging_service_sid}
    served = await ask(line, "POST", f"{path}.json", To=MOBILE, Body="Hello!", **by_service)

    for body, sample in (
        (created, WIRE["created"]),
        (served, WIRE["created_with_service"]),
        (redacted, WIRE["redacted"]),
    ):
        assert body.keys() == sample.keys()
    assert (served["from"], redacted["body"]) == (
        WIRE["created_with_service"]["from"],
        WIRE["redacted"]["body"],
    )
    assert fetched.keys() == WIRE["fetched"].keys()
    assert listed.keys() == WIRE["list"].keys()
    for name in ("date_created", "date_sent", "direction", "num_segments", "body", "uri"):
        assert shapes(fetched[name]) == shapes(WIRE["fetched"][name])
    assert (created["status"], created["num_segments"]) == ("queued", "1")
