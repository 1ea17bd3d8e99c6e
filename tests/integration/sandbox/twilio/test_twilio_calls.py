"""Calls through the sandbox's Twilio: webhooks, TwiML, endings and errors."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from quart import Response
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.integration.sandbox.twilio.exchange import CALLER, NUMBER, Exchange, Product, exchange

SPEECH = b"\x00\x20" * 240 * 10  # 100 ms at 24 kHz, loud


def speaking(product: Product) -> list[str]:
    """Let the product's server be the speech service too; return what it was told to say."""
    said: list[str] = []

    @product.app.post("/v1/audio/speech")
    async def speech() -> Response:
        from quart import request  # noqa: PLC0415 - a test's own server

        said.append((await request.get_json())["input"])
        return Response(SPEECH, mimetype="audio/pcm")

    return said


async def call_with(line: Exchange, twiml: str, **options: Any) -> dict[str, Any]:
    """Call a product that answers with this TwiML; return the call's view when it has ended."""
    line.product.twiml["/voice"] = twiml
    async with line.dial(**options) as phone:
        await phone.until("ended")
    return await line.view(phone.call_sid)


async def test_the_voice_webhook_is_complete_and_signed() -> None:
    async with exchange() as line:
        view = await call_with(line, "<Response><Hangup/></Response>")

        ((method, path, fields, headers),) = [
            asked for asked in line.product.requests if asked[1] == "/voice"
        ]

    assert (method, path, view["status"]) == ("POST", "/voice", "completed")
    assert (fields["From"], fields["To"], fields["CallStatus"]) == (CALLER, NUMBER, "ringing")
    assert fields["CallSid"] == view["call_sid"]
    assert RequestValidator("sandbox").validate(
        f"{line.product.url}/voice", fields, headers["X-Twilio-Signature"]
    )
    assert headers["I-Twilio-Idempotency-Token"]


async def test_a_get_webhook_signs_its_query() -> None:
    async with exchange(voice_method="GET") as line:
        await call_with(line, "<Response/>")

        ((method, _, fields, headers),) = line.product.requests
        control = line.control

    assert method == "GET"
    assert fields["From"] == CALLER
    assert headers["X-Twilio-Signature"]
    assert control is not None


async def test_the_status_callback_tells_of_the_end() -> None:
    async with exchange() as line:
        view = await call_with(line, "<Response><Pause length='0'/></Response>")
        await line.recorded("status_callback", call_sid=view["call_sid"], status="completed")

        (fields,) = line.product.asked("/status")

    assert (fields["CallStatus"], fields["SequenceNumber"]) == ("completed", "0")
    assert fields["CallDuration"].isdigit()
    assert fields["CallbackSource"] == "call-progress-events"


async def test_all_progress_can_be_asked_for() -> None:
    events = ["initiated", "ringing", "answered", "completed"]
    async with exchange(status_callback="/status", status_callback_events=events) as line:
        view = await call_with(line, "<Response><Hangup/></Response>")
        for status in ("queued", "ringing", "in-progress", "completed"):
            await line.recorded("status_callback", call_sid=view["call_sid"], status=status)

        fields = sorted(line.product.asked("/status"), key=lambda f: f["SequenceNumber"])

    assert [f["CallStatus"] for f in fields] == ["queued", "ringing", "in-progress", "completed"]


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
async def test_a_rejected_call_is_not_answered(reason: str, status: str) -> None:
    async with exchange() as line:
        line.product.twiml["/voice"] = f'<Response><Reject reason="{reason}"/></Response>'
        async with line.dial() as phone:
            ended = await phone.until("ended")

    assert (ended["status"], ended["reason"]) == (status, "rejected")
    assert [event["event"] for event in phone.events] == ["ended"]


async def test_say_is_heard_and_redirect_followed() -> None:
    async with exchange() as line:
        said = speaking(line.product)
        line.product.twiml["/next"] = "<Response><Say>Welcome</Say></Response>"
        line.product.twiml["/voice"] = "<Response><Redirect>/next</Redirect></Response>"
        async with line.dial() as phone:
            ended = await phone.until("ended")

        (redirected,) = line.product.asked("/next")

    assert (said, ended["reason"]) == (["Welcome"], "hung_up")
    assert redirected["CallStatus"] == "in-progress"
    assert sum(code != 0xFF for code in phone.heard) >= 700


async def test_play_plays_a_wave_file() -> None:
    async with exchange() as line:
        fmt = b"fmt \x10\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0"
        data = b"data\xa0\0\0\0" + b"\x11" * 160
        wave = b"RIFF" + (len(fmt) + len(data) + 4).to_bytes(4, "little") + b"WAVE" + fmt + data

        @line.product.app.get("/sound.wav")
        async def sound() -> Response:
            return Response(wave, mimetype="audio/wav")

        line.product.twiml["/voice"] = "<Response><Play>/sound.wav</Play></Response>"
        async with line.dial() as phone:
            await phone.until("ended")

    assert bytes(phone.heard).strip(b"\xff") == b"\x11" * 160


@pytest.mark.parametrize(
    ("twiml", "code"),
    [
        ("<Response><Say>Hi</Response>", 12100),
        ("<Response><Record/></Response>", 501),
        ('<Response><Connect><Stream url="https://x.example"/></Connect></Response>', 31922),
    ],
)
async def test_wrong_twiml_is_apologised_for_with_its_number(twiml: str, code: int) -> None:
    async with exchange() as line:
        said = speaking(line.product)
        line.product.twiml["/voice"] = twiml
        async with line.dial() as phone:
            ended = await phone.until("ended")
        view = await line.view(phone.call_sid)
        await line.recorded("error", code=code)

    assert (phone.errors, ended["reason"], len(said)) == ([code], "failed", 1)
    assert [error["code"] for error in view["errors"]] == [code]


async def test_a_webhook_that_fails_is_11200_and_the_fallback_is_asked() -> None:
    async with exchange(voice_url="/nothing-here", voice_fallback_url="/fallback") as line:
        line.product.twiml["/fallback"] = "<Response/>"
        async with line.dial() as phone:
            ended = await phone.until("ended")

        (fields,) = line.product.asked("/fallback")

    assert (phone.errors, ended["reason"]) == ([11200], "hung_up")
    assert fields["ErrorCode"] == "11200"


async def test_a_server_that_is_not_there_is_tried_twice_and_named() -> None:
    async with exchange(voice_url="http://127.0.0.1:1/voice") as line, line.dial() as phone:
        await phone.until("ended")

    assert phone.errors[0] == 11205


async def test_a_server_that_takes_too_long_is_given_up() -> None:
    async with exchange(voice_url="/slow#tt=200&rc=0") as line:
        waiting = asyncio.Event()

        @line.product.app.post("/slow")
        async def slow() -> str:
            await waiting.wait()
            return ""

        async with line.dial() as phone:
            await phone.until("ended")
        waiting.set()
        webhook = await line.recorded("webhook")

    assert phone.errors[0] == 11205
    assert webhook["url"].endswith("#tt=200&rc=0")


async def test_a_caller_who_hangs_up_ends_the_call() -> None:
    async with exchange() as line:
        line.product.twiml["/voice"] = (
            '<Response><Pause length="0"/><Pause length="60"/></Response>'
        )
        async with line.dial() as phone:
            await phone.until("answered")
        await line.recorded("status_callback", call_sid=phone.call_sid)
        view = await line.view(phone.call_sid)

    assert (view["status"], view["end_reason"]) == ("completed", "caller")


async def test_a_number_that_nobody_has_is_refused() -> None:
    async with (
        exchange() as line,
        line.http.post(
            f"{line.url}/_phone/calls", json={"from": CALLER, "to": "+14155550199"}
        ) as answer,
    ):
        assert answer.status == 404
        assert NUMBER in (await answer.json())["error"]


async def test_a_line_has_one_phone() -> None:
    async with exchange() as line:
        line.product.twiml["/voice"] = '<Response><Say/><Pause length="60"/></Response>'
        async with line.dial() as phone:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await line.http.ws_connect(f"{line.url}/_phone/calls/{phone.call_sid}/line")

    assert refused.value.status == 404


async def test_a_call_can_be_placed_without_a_phone() -> None:
    async with exchange() as line:
        line.product.twiml["/voice"] = "<Response><Hangup/></Response>"
        call_sid = await line.place(line=False)
        await asyncio.wait_for(line.board.calls[call_sid].has_ended.wait(), 5)
        view = await line.view(call_sid)

    assert view["status"] == "completed"


async def test_reset_ends_calls_and_forgets_numbers() -> None:
    async with exchange() as line:
        line.product.twiml["/voice"] = '<Response><Say/><Pause length="60"/></Response>'
        async with line.dial() as phone:
            await phone.until("answered")
            async with line.http.post(f"{line.url}/_control/reset") as answer:
                assert answer.status == 200
            ended = await phone.until("ended")

    assert ended["status"] == "completed"
    assert not line.board.calls
