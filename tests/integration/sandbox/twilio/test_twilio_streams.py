"""Media Streams through the sandbox's Twilio, on real sockets and in real time."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable

import pytest
import uvloop
from quart import websocket
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.integration.sandbox.twilio.exchange import ProductStream, exchange

STREAM = (
    '<Response><Connect{0}><Stream url="WS/media" name="n1" statusCallback="/stream-status">'
    '<Parameter name="token" value="abc"/></Stream></Connect>{1}</Response>'
)
LOUD = b"\x10"


def twiml(connect: str = "", after: str = "") -> str:
    return STREAM.format(connect, after)


async def test_a_stream_begins_with_a_signed_handshake_and_start() -> None:
    async def close(_stream: ProductStream) -> None:
        return

    async with exchange() as line:
        line.product.on_stream = close
        line.product.twiml["/voice"] = twiml()
        async with line.dial() as phone:
            ended = await phone.until("ended")
        (stream,) = line.product.streams
        (handshake,) = line.product.handshakes
        url = line.product.url.replace("http", "ws") + "/media"

    assert ended["reason"] == "hung_up"
    assert RequestValidator("sandbox").validate(url, {}, handshake["X-Twilio-Signature"])
    assert stream.received[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert stream.received[1]["sequenceNumber"] == "1"
    assert stream.start["callSid"] == phone.call_sid
    assert stream.start["customParameters"] == {"token": "abc"}


async def test_the_caller_is_heard_every_20_ms() -> None:
    async def listen(stream: ProductStream) -> None:
        for _ in range(25):
            await stream.next("media")

    async with exchange() as line:
        line.product.on_stream = listen
        line.product.twiml["/voice"] = twiml()
        async with line.dial() as phone:
            await phone.until("answered")
            began = asyncio.get_running_loop().time()
            for _ in range(5):
                await phone.socket.send_bytes(LOUD * 160)
            await phone.until("ended")
            took = asyncio.get_running_loop().time() - began
        (stream,) = line.product.streams

    media = [m for m in stream.received if m["event"] == "media"]
    heard = b"".join(base64.b64decode(m["media"]["payload"]) for m in media)
    assert [m["media"]["chunk"] for m in media] == [str(n) for n in range(1, 26)]
    assert [m["media"]["timestamp"] for m in media] == [str(n * 20) for n in range(25)]
    assert [m["sequenceNumber"] for m in media] == [str(n) for n in range(2, 27)]
    assert {len(base64.b64decode(m["media"]["payload"])) for m in media} == {160}
    assert heard.count(LOUD) == 800
    assert took > 0.4


async def test_marks_come_back_when_their_audio_was_played() -> None:
    loop = asyncio.get_running_loop()
    returned: dict[str, float] = {}

    async def play(stream: ProductStream) -> None:
        await stream.mark("at once")
        await stream.next("mark")
        began = loop.time()
        await stream.play(LOUD * 1600)
        await stream.mark("one")
        await stream.play(LOUD * 800)
        await stream.mark("two")
        for _ in range(2):
            name = (await stream.next("mark"))["mark"]["name"]
            returned[name] = loop.time() - began

    async with exchange() as line:
        line.product.on_stream = play
        line.product.twiml["/voice"] = twiml()
        async with line.dial() as phone:
            await phone.until("ended")

    assert list(returned) == ["one", "two"]
    assert returned["one"] >= 0.19
    assert returned["two"] >= 0.29
    assert bytes(phone.heard).strip(b"\xff") == LOUD * 2400
    assert [e["name"] for e in phone.events if e["event"] == "mark"] == ["at once", "one", "two"]


async def test_clear_takes_back_what_was_not_played() -> None:
    names: list[str] = []

    async def play(stream: ProductStream) -> None:
        await stream.play(LOUD * 80_000)
        await stream.mark("far away")
        await stream.next("media")
        await stream.send("clear")
        names.append((await stream.next("mark"))["mark"]["name"])

    async with exchange() as line:
        line.product.on_stream = play
        line.product.twiml["/voice"] = twiml()
        async with line.dial() as phone:
            await phone.until("ended")

    assert names == ["far away"]
    assert phone.heard.count(LOUD) < 40_000
    assert not [e for e in phone.events if e["event"] == "mark"]
    (cleared,) = [e for e in phone.events if e["event"] == "cleared"]
    assert cleared["dropped_ms"] > 5000


async def test_keys_arrive_in_the_stream() -> None:
    digits: list[str] = []

    async def listen(stream: ProductStream) -> None:
        digits.extend([(await stream.next("dtmf"))["dtmf"]["digit"] for _ in range(2)])

    async with exchange() as line:
        line.product.on_stream = listen
        line.product.twiml["/voice"] = twiml()
        async with line.dial() as phone:
            await line.recorded("stream_status")
            await phone.press("1")
            await phone.press("x")
            await phone.press("#")
            await phone.until("ended")

    assert digits == ["1", "#"]


async def test_the_next_verb_and_the_action_follow_the_streams_end() -> None:
    async def close(_stream: ProductStream) -> None:
        return

    async with exchange() as line:
        line.product.on_stream = close
        line.product.twiml |= {
            "/voice": twiml(' action="/after"', "<Redirect>/never</Redirect>"),
            "/after": twiml("", "<Redirect>/then</Redirect>"),
            "/then": "<Response/>",
        }
        async with line.dial() as phone:
            await phone.until("ended")
        paths = [path for _, path, _, _ in line.product.requests if "status" not in path]
        (after,) = line.product.asked("/after")

    assert paths == ["/voice", "/after", "/then"]
    assert after["CallStatus"] == "in-progress"


async def test_stream_status_callbacks_tell_of_start_and_stop() -> None:
    async def close(_stream: ProductStream) -> None:
        return

    async with exchange() as line:
        line.product.on_stream = close
        line.product.twiml["/voice"] = twiml()
        async with line.dial() as phone:
            await phone.until("ended")
        await line.recorded("stream_status", status="stream-stopped")
        events = {fields["StreamEvent"] for fields in line.product.asked("/stream-status")}

    assert events == {"stream-started", "stream-stopped"}


async def test_a_hang_up_sends_stop() -> None:
    stopped = asyncio.Event()

    async def listen(stream: ProductStream) -> None:
        await stream.next("stop")
        stopped.set()

    async with exchange() as line:
        line.product.on_stream = listen
        line.product.twiml["/voice"] = twiml()
        async with line.dial():
            await line.recorded("stream_status")
        await asyncio.wait_for(stopped.wait(), 5)
        (stream,) = line.product.streams

    numbers = [int(m["sequenceNumber"]) for m in stream.received[1:]]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_messages_that_are_wrong_are_warned_of_once_and_the_stream_goes_on() -> None:
    async def misbehave(stream: ProductStream) -> None:
        await websocket.send(b"\xff\xff")
        await websocket.send(b"\xff\xff")
        await websocket.send("not json")
        await websocket.send('{"event":"dance"}')
        await stream.mark("still here")
        await stream.next("mark")

    async with exchange() as line:
        line.product.on_stream = misbehave
        line.product.twiml["/voice"] = twiml()
        async with line.dial() as phone:
            ended = await phone.until("ended")

    assert (phone.errors, ended["reason"]) == ([31950, 31951], "hung_up")


@pytest.mark.parametrize(
    ("url", "code"), [("WS/no-such-socket", 31920), ("ws://127.0.0.1:1/media", 31902)]
)
async def test_a_stream_that_can_not_begin_goes_on_with_the_next_verb(url: str, code: int) -> None:
    async with exchange() as line:
        line.product.twiml["/voice"] = twiml("", "<Redirect>/then</Redirect>").replace(
            "WS/media", url
        )
        line.product.twiml["/then"] = "<Response/>"
        async with line.dial() as phone:
            ended = await phone.until("ended")
        await line.recorded("stream_status", status="stream-error")
        (status,) = line.product.asked("/stream-status")

    assert (phone.errors, ended["reason"]) == ([code], "stream_failed")
    assert (status["StreamEvent"], status["StreamError"]) == ("stream-error", str(code))
    assert line.product.asked("/then")


async def test_a_server_that_closes_in_error_is_31921() -> None:
    async def fail(_stream: ProductStream) -> None:
        await websocket.close(1011, "broken")

    async with exchange() as line:
        line.product.on_stream = fail
        line.product.twiml["/voice"] = twiml()
        async with line.dial() as phone:
            ended = await phone.until("ended")

    assert (phone.errors, ended["reason"]) == ([31921], "stream_failed")


# As tests run it, and as `python -m sandbox` does.
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_stream_can_be_cut_off_on_demand(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(_end_of_a_stream_that_is_cut_off()) == "stream_failed"


async def _end_of_a_stream_that_is_cut_off() -> object:
    async def play(stream: ProductStream) -> None:
        await stream.mark("one")
        await stream.next("stop")

    async with exchange() as line:
        line.control.fail_next({"route": "stream.message", "disconnect": True})
        line.product.on_stream = play
        line.product.twiml["/voice"] = twiml()
        async with line.dial() as phone:
            return (await phone.until("ended"))["reason"]
