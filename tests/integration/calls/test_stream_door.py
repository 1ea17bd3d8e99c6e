"""The door for streams, over real sockets: what it lets in, what it takes, and how it closes."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from quart import Quart
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.support.fake_line import LegEvents
from tests.support.loop_time import now, until
from tests.support.serving import port_of, serving
from voice.adapters.twilio_leg import TwilioCallLeg
from voice.adapters.twilio_media import StartMessage
from voice.adapters.twilio_rest import SIGNATURE_HEADER, SignatureValidator
from voice.ports import KeyPressed, LegClosed, MarkReturned, MediaReceived
from voice.server import Server
from voice.stream_door import MOST_MESSAGE_BYTES, STREAM_PATH, StreamDoor, StreamSocket

URL = f"wss://voice.example{STREAM_PATH}"
SIGNED = {SIGNATURE_HEADER: RequestValidator("secret").compute_signature(URL, {})}
START = {
    "event": "start",
    "start": {
        "accountSid": "AC1",
        "callSid": "CA1",
        "streamSid": "MZ1",
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    },
}
FRAME = bytes(range(160))
MEDIA = json.dumps({"event": "media", "media": {"payload": base64.b64encode(FRAME).decode()}})
SOON = 15  # seconds: long before pings would find out
TEXT, CONTINUATION, CLOSE, PING, PONG = 0x1, 0x0, 0x8, 0x9, 0xA


@dataclass
class Door:
    """A server with a door, and the streams that came through it."""

    server: Server
    http: aiohttp.ClientSession
    served: asyncio.Queue[tuple[TwilioCallLeg, StartMessage | None]]
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def port(self) -> int:
        return port_of(self.server)

    def url(self, path: str = STREAM_PATH) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def connections(self) -> int:
        """How many websockets and unfinished tasks the server has."""
        state = self.server.server_state
        streams = [c for c in state.connections if type(c).__name__ == "StreamSocket"]
        return len(streams) + len(state.tasks)

    async def until_gone(self) -> None:
        async with asyncio.timeout(5):
            while self.connections:
                await until(now() + 0.01)


@asynccontextmanager
async def door_of(served: asyncio.Queue[Any]) -> AsyncIterator[Door]:
    app = Quart("product")

    @app.get("/fine")
    async def fine() -> str:
        return "fine"

    is_over = asyncio.Event()

    async def serve(leg: TwilioCallLeg) -> None:
        start: StartMessage | None = None
        try:
            start = await leg.started()
        finally:
            served.put_nowait((leg, start))
        await is_over.wait()

    validator = SignatureValidator("secret")
    app.extensions["streams"] = StreamDoor(
        serve, lambda signature: validator.is_signed(URL, {}, signature)
    )
    async with serving(app) as server, aiohttp.ClientSession() as http:
        yield Door(server, http, served, is_over)
        is_over.set()


@pytest_asyncio.fixture
async def door() -> AsyncIterator[Door]:
    async with asyncio.timeout(20), door_of(asyncio.Queue()) as door:
        yield door


@asynccontextmanager
async def stream(door: Door) -> AsyncIterator[tuple[aiohttp.ClientWebSocketResponse, LegEvents]]:
    """Open a stream that has started; yield its far end, and what the line tells."""
    async with door.http.ws_connect(door.url(), headers=SIGNED) as far:
        await far.send_json(START)
        leg, _ = await door.served.get()
        yield far, LegEvents(leg)


class RawClient:
    """A client that writes its own bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def handshake(self, **changed: str) -> bytes:
        headers = {
            "Host": "voice.example",
            "Upgrade": "websocket",
            "Connection": "keep-alive, Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
            **SIGNED,
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        lines = [f"GET {STREAM_PATH} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items() if v)]
        return "\r\n".join([*lines, "", ""]).encode()

    async def opened(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def frame(self) -> tuple[int, bytes]:
        """Return kind and payload of the next frame."""
        kind, size = await self.reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2))
        return kind & 0xF, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        kind, payload = await self.frame()
        assert kind == CLOSE
        return int.from_bytes(payload[:2])


def frame(payload: bytes | str, kind: int = TEXT, *, is_last: bool = True, bits: int = 0) -> bytes:
    """Return a client's frame, masked."""
    data, mask = payload.encode() if isinstance(payload, str) else payload, b"\x12\x34\x56\x78"
    size = len(data)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2)
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
    return bytes([(0x80 if is_last else 0) | bits | kind]) + length + mask + masked


@asynccontextmanager
async def raw(door: Door) -> AsyncIterator[RawClient]:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()


async def test_stream_with_twilios_signature_is_served(door: Door) -> None:
    async with door.http.ws_connect(door.url(), headers=SIGNED) as far:
        await far.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await far.send_json(START)

        _, start = await door.served.get()

    assert start == StartMessage("AC1", "CA1", "MZ1", {})


@pytest.mark.parametrize("signature", [{}, {SIGNATURE_HEADER: "wrong"}], ids=["none", "wrong"])
async def test_stream_without_twilios_signature_is_refused(
    door: Door, signature: dict[str, str]
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await door.http.ws_connect(door.url(), headers=signature)

    assert caught.value.status == 403
    assert (door.served.qsize(), door.connections) == (0, 0)


async def test_all_else_is_the_apps(door: Door) -> None:
    async with door.http.get(door.url("/fine")) as answer:
        assert await answer.text() == "fine"
    async with door.http.get(door.url()) as answer:  # no websocket
        assert answer.status == 404
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await door.http.ws_connect(door.url("/another"), headers=SIGNED)
    assert caught.value.status == 404


async def test_messages_go_both_ways(door: Door) -> None:
    async with door.http.ws_connect(door.url(), headers=SIGNED) as far:
        await far.send_json(START)
        leg, _ = await door.served.get()
        events = LegEvents(leg)
        await far.send_str(MEDIA)
        await far.send_bytes(b'{"event":"dtmf","dtmf":{"digit":"5"}}')
        await leg.send_audio(FRAME)
        await leg.send_mark("1:0")
        await leg.clear()

        assert [await events.next(), await events.next()] == [MediaReceived(FRAME), KeyPressed("5")]
        sent = [await far.receive_json() for _ in range(3)]
    assert [message["event"] for message in sent] == ["media", "mark", "clear"]
    assert base64.b64decode(sent[0]["media"]["payload"]) == FRAME


async def test_caller_who_hangs_up_and_line_that_breaks_are_told_apart(door: Door) -> None:
    async with stream(door) as (far, events):
        await far.send_json({"event": "stop"})
        await far.close()
        assert await events.next() == LegClosed()
    async with stream(door) as (far, events):
        await far.close()
        assert await events.next() == LegClosed(is_lost=True)
    async with stream(door) as (far, events):
        connection = far._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()
        assert await events.next() == LegClosed(is_lost=True)


async def test_line_that_we_close_is_closed_with_our_code_and_gone(door: Door) -> None:
    async with door.http.ws_connect(door.url(), headers=SIGNED) as far:
        await far.send_json(START)
        leg, _ = await door.served.get()

        await leg.close(1008)

        assert (await far.receive()).data == 1008
    door.is_over.set()
    await door.until_gone()


async def test_far_end_that_never_answers_a_close_is_let_go(door: Door) -> None:
    async with raw(door) as client:
        client.writer.write(client.handshake())
        await client.opened()
        client.writer.write(frame(json.dumps(START)))
        leg, _ = await door.served.get()

        began = now()
        await leg.close()

        assert await client.close_code() == 1000
        assert await client.reader.read() == b""  # after two seconds the server hangs up
        assert now() - began < SOON
    door.is_over.set()
    await door.until_gone()


async def test_server_that_stops_says_so_and_loses_the_line(door: Door) -> None:
    async with stream(door) as (far, events):
        door.server.stop()

        assert (await far.receive()).data == 1012
        assert await events.next() == LegClosed(is_lost=True)
        door.is_over.set()


async def test_caller_that_reads_nothing_is_no_line_after_two_seconds(door: Door) -> None:
    async with raw(door) as client:
        client.writer.write(client.handshake())
        await client.opened()
        client.writer.write(frame(json.dumps(START)))
        leg, _ = await door.served.get()
        events = LegEvents(leg)

        began = now()
        for _ in range(400):  # more than all the buffers on the way hold
            await leg.send_audio(bytes(16_000))

        assert await events.next() == LegClosed(is_lost=True)
        assert now() - began < SOON
        client.writer.transport.abort()


# What a client writes that is not as well-behaved as Twilio.


async def test_head_and_first_messages_may_come_in_one_packet(door: Door) -> None:
    async with raw(door) as client:
        behind = frame(json.dumps(START)) + frame(MEDIA) + frame(MEDIA)[:50]
        client.writer.write(client.handshake() + behind)
        leg, start = await door.served.get()
        events = LegEvents(leg)

        assert start is not None
        assert await events.next() == MediaReceived(FRAME)
        client.writer.write(frame(MEDIA)[50:])
        assert await events.next() == MediaReceived(FRAME)


async def test_head_may_come_in_pieces(door: Door) -> None:
    async with raw(door) as client:
        head = client.handshake() + frame(json.dumps(START))
        for place in range(0, len(head), 7):
            client.writer.write(head[place : place + 7])
            await client.writer.drain()
            await until(now() + 0.001)

        _, start = await door.served.get()

    assert start is not None


async def test_message_may_come_in_fragments_with_a_ping_between_them(door: Door) -> None:
    async with raw(door) as client:
        client.writer.write(client.handshake() + frame(json.dumps(START)))
        leg, _ = await door.served.get()
        events = LegEvents(leg)
        await client.opened()
        client.writer.write(frame(MEDIA[:9], is_last=False))
        client.writer.write(frame(b"still there?", PING))
        client.writer.write(frame(MEDIA[9:50], CONTINUATION, is_last=False))
        client.writer.write(frame(MEDIA[50:], CONTINUATION))

        assert await client.frame() == (PONG, b"still there?")
        assert await events.next() == MediaReceived(FRAME)


@pytest.mark.parametrize(
    ("nonsense", "code"),
    [
        (frame(" " * (MOST_MESSAGE_BYTES - 2), is_last=False) * 2, 1002),
        (frame(" " * 60_000, is_last=False) + frame(" " * 60_000, CONTINUATION), 1009),
        (bytes([0x81, 0x80 | 127]) + (MOST_MESSAGE_BYTES + 1).to_bytes(8) + bytes(4), 1009),
        (frame(MEDIA, CONTINUATION), 1002),
        (frame(MEDIA, bits=0x40), 1002),
        (frame(b"", 0x3), 1002),
        (b"\x81\x02{}", 1002),
        (frame(b"\x00\x01\x02"), 1000),
    ],
    ids=[
        "a message within a message",
        "a message too long in fragments",
        "a frame too long",
        "a fragment of nothing",
        "compressed",
        "a kind that is not",
        "not masked",
        "not ours",
    ],
)
async def test_nonsense_ends_the_line_and_nothing_else(
    door: Door, nonsense: bytes, code: int
) -> None:
    async with stream(door) as (_, untouched):
        async with raw(door) as client:
            client.writer.write(client.handshake() + frame(json.dumps(START)))
            leg, _ = await door.served.get()
            events = LegEvents(leg)
            await client.opened()

            client.writer.write(nonsense)

            assert await client.close_code() == code
            client.writer.close()
            assert await events.next() == LegClosed(is_lost=True)
        await (await door.http.get(door.url("/fine"))).read()
        assert untouched.waiting == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"Sec_WebSocket_Key": "short"},
        {"Sec_WebSocket_Version": "12"},
        {"Content_Length": "3"},
    ],
    ids=["key", "version", "body"],
)
async def test_handshake_that_makes_no_sense_is_refused(
    door: Door, changed: dict[str, str]
) -> None:
    async with raw(door) as client:
        client.writer.write(client.handshake(**changed) + b"abc")

        assert (await client.opened()).startswith(b"HTTP/1.1 400")
        await client.reader.read()
    assert (door.served.qsize(), door.connections) == (0, 0)


async def test_mark_comes_back_on_a_line_that_is_pinged(door: Door) -> None:
    async with stream(door) as (far, events):
        await far.ping()
        await far.send_str('{"event":"mark","mark":{"name":"1:0"}}')

        assert await events.next() == MarkReturned("1:0")


async def test_stream_that_is_over_waits_for_no_garbage_collector(door: Door) -> None:
    gc.collect()
    gc.disable()
    try:
        door.is_over.set()  # who serves it lets go of it at once
        async with door.http.ws_connect(door.url(), headers=SIGNED) as far:
            await far.send_json(START)
            await far.receive()
            await door.served.get()
        await door.until_gone()
        alive = sum(isinstance(one, (StreamSocket, TwilioCallLeg)) for one in gc.get_objects())
    finally:
        gc.enable()

    assert alive == 0
