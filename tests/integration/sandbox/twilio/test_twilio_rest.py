"""The REST API, asked by the product's SDK."""

from __future__ import annotations

import asyncio

import aiohttp

from tests.integration.sandbox.twilio.asking import SDK_WARNINGS, client, refused
from tests.integration.sandbox.twilio.exchange import ProductStream, exchange

STREAM = '<Response><Connect><Stream url="WS/media"/></Connect></Response>'


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
        refusals = [
            await refused(twilio.calls("CA00000000000000000000000000000000").fetch_async()),
            await refused(twilio.calls(phone.call_sid).update_async(twiml="<Response/>")),
            await refused(stranger.calls(phone.call_sid).fetch_async()),
        ]

    assert refusals == [(404, 20404), (400, 21220), (401, 20003)]


async def test_what_is_not_built_answers_501_in_twilios_words() -> None:
    async with exchange() as line:
        auth = aiohttp.encode_basic_auth(line.config.account_sid, "sandbox")
        path = f"/api/2010-04-01/Accounts/{line.config.account_sid}/Calls.json"
        async with line.http.get(line.url + path, headers={"Authorization": auth}) as answer:
            body = await answer.json()

    assert (answer.status, body["code"]) == (501, 501)
    assert "not built" in body["message"]


@SDK_WARNINGS
async def test_a_call_that_is_over_can_be_deleted() -> None:
    async with exchange() as line, client(line) as twilio:
        line.product.on_stream = until_stop
        line.product.twiml["/voice"] = STREAM
        async with line.dial() as phone:
            await phone.until("answered")
            too_early = await refused(twilio.calls(phone.call_sid).delete_async())
            await phone.socket.send_json({"event": "hang_up"})
            await phone.until("ended")
        is_deleted = await twilio.calls(phone.call_sid).delete_async()
        gone = await refused(twilio.calls(phone.call_sid).fetch_async())

    assert (too_early, is_deleted, gone) == ((409, 20009), True, (404, 20404))
