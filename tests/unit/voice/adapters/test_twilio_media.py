from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import LocalProtocolError, RemoteProtocolError
from voice.adapters.twilio_media import (
    Connected,
    Encoder,
    StartMessage,
    TwilioCallLeg,
    Unknown,
    decode,
)
from voice.ports import KeyPressed, LegClosed, MarkReturned, MediaReceived
from voice.replay.virtual_time import run_in_virtual_time

WIRE = json.loads((Path("tests/wire/twilio/media_streams.json")).read_text())
FROM_TWILIO: dict[str, dict[str, Any]] = WIRE["from_twilio"]
TO_TWILIO: dict[str, dict[str, Any]] = WIRE["to_twilio"]
STREAM_SID = "MZXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
AUDIO = base64.b64decode("//79/Pv6+fj39vX08/Lx8A==")


def text(name: str) -> str:
    return json.dumps(FROM_TWILIO[name])


def test_every_message_of_twilios_page_is_understood() -> None:
    start = StartMessage(
        account_sid="ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        call_sid="CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        stream_sid=STREAM_SID,
        parameters={"FirstName": "Jane", "LastName": "Doe", "RemoteParty": "Bob"},
    )
    assert {name: decode(text(name)) for name in FROM_TWILIO} == {
        "connected": Connected("Call", "1.0.0"),
        "start": start,
        "media": MediaReceived(AUDIO),
        "dtmf": KeyPressed("1"),
        "mark": MarkReturned("my label"),
        "stop": LegClosed(),
    }


def test_what_we_send_is_what_twilios_page_shows() -> None:
    encoder = Encoder(STREAM_SID)

    sent = [encoder.media(AUDIO), encoder.mark("my label"), encoder.clear]

    assert [json.loads(message) for message in sent] == list(TO_TWILIO.values())


@given(sid=st.text(), audio=st.binary(), name=st.text().filter(lambda s: s.isprintable()))
def test_no_name_and_no_audio_breaks_out_of_its_message(sid: str, audio: bytes, name: str) -> None:
    encoder = Encoder(sid)

    media, mark = json.loads(encoder.media(audio)), json.loads(encoder.mark(name))

    assert base64.b64decode(media["media"]["payload"]) == audio
    assert (media["streamSid"], mark["mark"]["name"]) == (sid, name)


@given(st.binary() | st.text())
@example(b"\xff\xfe")
@example("\ud800")
@example('{"event":"media","media":{"payload":"*"}}')
@example('{"event":"media"}')
@example('{"event":"dtmf","dtmf":{"digit":"99"}}')
@example('{"event":7}')
@example("[" * 5000)
def test_no_bytes_raise_anything_but_a_protocol_error(message: bytes | str) -> None:
    with contextlib.suppress(RemoteProtocolError):
        decode(message)


@given(st.sampled_from(sorted(FROM_TWILIO)), st.data())
def test_a_damaged_message_raises_nothing_but_a_protocol_error(
    name: str, data: st.DataObject
) -> None:
    whole = text(name).encode()
    place = data.draw(st.integers(0, len(whole) - 1))
    damage = data.draw(st.binary(max_size=3))
    with contextlib.suppress(RemoteProtocolError):
        decode(whole[:place] + damage + whole[place + 1 :])


def test_a_kind_of_message_that_is_new_is_no_error() -> None:
    assert decode('{"event":"weather","sunny":true}') == Unknown("weather")


def test_a_stream_of_another_encoding_is_refused() -> None:
    start = json.loads(text("start"))
    start["start"]["mediaFormat"]["sampleRate"] = 16000

    with pytest.raises(RemoteProtocolError, match="16000"):
        decode(json.dumps(start))


# The line.


class Socket:
    """A websocket in memory."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[str | bytes] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []
        self.closes = 0
        self.may_send = asyncio.Event()
        self.may_send.set()
        for name in ("connected", "start"):
            self.incoming.put_nowait(text(name))

    async def send(self, message: str) -> None:
        await self.may_send.wait()
        self.sent.append(json.loads(message))

    async def close(self) -> None:
        self.closes += 1

    def leg(self) -> TwilioCallLeg:
        return TwilioCallLeg(receive=self.incoming.get, send=self.send, close=self.close)

    def kinds(self) -> list[str]:
        return [message["event"] for message in self.sent]

    async def until_sent(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.sent) < count:
                await _turn()


async def _turn() -> None:
    turned: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.001, turned.set_result, None)
    await turned


def test_a_stream_that_does_not_start_is_refused() -> None:
    async def play() -> None:
        socket = Socket()
        socket.incoming = asyncio.Queue()
        async with socket.leg() as leg:
            with pytest.raises(RemoteProtocolError, match="no start"):
                await leg.started()

    run_in_virtual_time(play())


def test_a_stream_that_starts_with_media_is_refused() -> None:
    async def play() -> None:
        socket = Socket()
        socket.incoming = asyncio.Queue()
        socket.incoming.put_nowait(text("media"))
        async with socket.leg() as leg:
            with pytest.raises(RemoteProtocolError, match="before the start"):
                await leg.started()

    run_in_virtual_time(play())


def test_nothing_is_sent_before_the_stream_has_started() -> None:
    async def play() -> None:
        async with Socket().leg() as leg:
            with pytest.raises(LocalProtocolError):
                await leg.send_mark("1:0")

    run_in_virtual_time(play())


def test_audio_goes_out_in_order_in_messages_of_at_most_200_ms() -> None:
    async def play() -> None:
        socket = Socket()
        audio = bytes(range(250)) * 20
        async with socket.leg() as leg:
            await leg.started()
            await leg.send_audio(audio)
            await leg.send_mark("1:0")
            await socket.until_sent(5)

        assert socket.kinds() == ["media", "media", "media", "media", "mark"]
        payloads = [base64.b64decode(m["media"]["payload"]) for m in socket.sent[:4]]
        assert (b"".join(payloads), max(map(len, payloads))) == (audio, 1600)

    run_in_virtual_time(play())


def test_clear_overtakes_audio_and_returns_the_marks_that_never_went_out() -> None:
    async def play() -> None:
        socket = Socket()
        socket.may_send.clear()
        async with socket.leg() as leg:
            await leg.started()
            await leg.send_audio(b"\x00" * 160)
            await _turn()  # the writer is in the middle of its first message
            await leg.send_audio(b"\x01" * 160)
            await leg.send_mark("1:0")
            await leg.clear()
            socket.may_send.set()
            await socket.until_sent(2)

            assert socket.kinds() == ["media", "clear"]
            assert await leg.receive() == MarkReturned("1:0")

    run_in_virtual_time(play())


def test_clear_is_sent_even_if_nothing_is_left_to_drop() -> None:
    async def play() -> None:
        socket = Socket()
        async with socket.leg() as leg:
            await leg.started()
            await leg.clear()
            await socket.until_sent(1)

            assert socket.kinds() == ["clear"]

    run_in_virtual_time(play())


def test_a_mark_that_never_went_out_comes_back_while_the_wire_is_silent() -> None:
    async def play() -> None:
        socket = Socket()
        socket.may_send.clear()
        async with socket.leg() as leg:
            await leg.started()
            receiving = asyncio.create_task(leg.receive())
            await leg.send_audio(b"\x00" * 160)
            await leg.send_mark("1:0")
            await leg.clear()

            assert await receiving == MarkReturned("1:0")
            socket.may_send.set()

    run_in_virtual_time(play())


def test_a_write_that_blocks_ends_the_line_after_two_seconds() -> None:
    async def play() -> None:
        socket = Socket()
        socket.may_send.clear()
        async with socket.leg() as leg:
            await leg.started()
            await leg.send_audio(b"\x00" * 160)

            assert await leg.receive() == LegClosed(is_lost=True)
            assert asyncio.get_running_loop().time() == pytest.approx(2)
            assert socket.closes == 1

    run_in_virtual_time(play())


def test_after_stop_nothing_comes_but_closed_and_nothing_is_sent() -> None:
    async def play() -> None:
        socket = Socket()
        for name in ("media", "dtmf", "mark", "stop"):
            socket.incoming.put_nowait(text(name))
        async with socket.leg() as leg:
            await leg.started()
            events = [await leg.receive() for _ in range(5)]
            await leg.send_audio(b"\x00" * 160)

        assert events == [
            MediaReceived(AUDIO),
            KeyPressed("1"),
            MarkReturned("my label"),
            LegClosed(),
            LegClosed(),
        ]
        assert socket.sent == []

    run_in_virtual_time(play())


def test_a_lost_websocket_is_told_to_who_waits() -> None:
    async def play() -> None:
        async with Socket().leg() as leg:
            await leg.started()
            receiving = asyncio.create_task(leg.receive())
            await _turn()
            leg.line_lost()

            assert await receiving == LegClosed(is_lost=True)

    run_in_virtual_time(play())


def test_a_stop_that_came_before_the_websocket_went_is_no_lost_line() -> None:
    async def play() -> None:
        socket = Socket()
        async with socket.leg() as leg:
            await leg.started()
            socket.incoming.put_nowait(text("media"))
            socket.incoming.put_nowait(text("stop"))
            leg.line_lost()
            await leg.send_audio(b"\x00" * 160)  # nobody is there to hear it

            events = [await leg.receive(), await leg.receive()]

        assert events == [MediaReceived(AUDIO), LegClosed()]
        assert socket.sent == []

    run_in_virtual_time(play())


def test_nonsense_on_the_wire_ends_the_line() -> None:
    async def play() -> None:
        socket = Socket()
        socket.incoming.put_nowait(b"\x00\x01")
        async with socket.leg() as leg:
            await leg.started()

            assert await leg.receive() == LegClosed(is_lost=True)
            assert socket.closes == 1

    run_in_virtual_time(play())


def test_what_is_unknown_is_passed_over() -> None:
    async def play() -> None:
        socket = Socket()
        socket.incoming.put_nowait('{"event":"weather"}')
        socket.incoming.put_nowait(text("dtmf"))
        async with socket.leg() as leg:
            await leg.started()

            assert await leg.receive() == KeyPressed("1")

    run_in_virtual_time(play())


def test_the_socket_is_closed_once() -> None:
    async def play() -> None:
        socket = Socket()
        async with socket.leg() as leg:
            await leg.started()
            await leg.close()
            await leg.close()

        assert socket.closes == 1

    run_in_virtual_time(play())
