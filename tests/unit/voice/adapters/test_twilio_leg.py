from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from shared.errors import LocalProtocolError, RemoteProtocolError
from tests.support.loop_time import now, until
from voice.adapters.twilio_leg import MOST_UNREAD, NORMAL_CLOSE, SEND_TIMEOUT, TwilioCallLeg
from voice.ports import KeyPressed, LegClosed, LegEvent, MarkReturned, MediaReceived
from voice.replay.virtual_time import run_in_virtual_time

FROM_TWILIO: dict[str, dict[str, Any]] = json.loads(
    (Path("tests/wire/twilio/media_streams.json")).read_text()
)["from_twilio"]
AUDIO = base64.b64decode("//79/Pv6+fj39vX08/Lx8A==")
FRAME = b"\x00" * 160


def text(name: str) -> bytes:
    return json.dumps(FROM_TWILIO[name]).encode()


class Socket:
    """A websocket in memory; `takes` messages at once until it is told to drain."""

    def __init__(self, *, takes: int = 10**6) -> None:
        self.sent: list[dict[str, Any]] = []
        self.codes: list[int] = []
        self.reading: list[str] = []
        self.takes = takes
        self.leg: TwilioCallLeg

    def send(self, message: bytes) -> None:
        assert not self.codes, "nothing is sent over a closed socket"
        self.sent.append(json.loads(message))
        self.takes -= 1
        if self.takes == 0:
            self.leg.pause_writing()

    def close(self, code: int) -> None:
        self.codes.append(code)

    def pause_reading(self) -> None:
        self.reading.append("pause")

    def resume_reading(self) -> None:
        self.reading.append("resume")

    def drain(self, *, takes: int = 10**6) -> None:
        self.takes = takes
        self.leg.resume_writing()

    def kinds(self) -> list[str]:
        return [message["event"] for message in self.sent]


class Line:
    """A line over a socket in memory, and what whoever follows it was told."""

    def __init__(self, *, takes: int = 10**6) -> None:
        self.socket = Socket(takes=takes)
        self.leg = self.socket.leg = TwilioCallLeg(self.socket)
        self.told: list[LegEvent] = []

    def receive(self, *names: str) -> None:
        for name in names:
            self.leg.message_received(text(name))

    async def start(self) -> None:
        self.receive("connected", "start")
        await self.leg.started()
        self.leg.follow(self.told.append)


def play(script: Callable[[Line], Awaitable[None]], *, takes: int = 10**6) -> Line:
    """Run a script on a line that has started."""

    async def started() -> Line:
        line = Line(takes=takes)
        await line.start()
        await script(line)
        return line

    return run_in_virtual_time(started())


def play_unstarted(script: Callable[[Line], Awaitable[None]]) -> Line:
    async def fresh() -> Line:
        line = Line()
        await script(line)
        return line

    return run_in_virtual_time(fresh())


def test_a_stream_that_does_not_start_is_refused_in_time() -> None:
    async def script(line: Line) -> None:
        with pytest.raises(RemoteProtocolError, match="no start"):
            await line.leg.started(timeout=5)
        assert now() == pytest.approx(5)

    play_unstarted(script)


def test_a_stream_that_starts_with_media_is_refused() -> None:
    async def script(line: Line) -> None:
        line.receive("connected", "media", "start")
        with pytest.raises(RemoteProtocolError, match="before the start"):
            await line.leg.started()

    play_unstarted(script)


def test_a_stream_that_starts_with_nonsense_is_refused_and_closed() -> None:
    async def script(line: Line) -> None:
        starting = asyncio.ensure_future(line.leg.started())
        line.leg.message_received(b"\x00\x01")
        with pytest.raises(RemoteProtocolError, match="not a Media Streams message"):
            await starting

    line = play_unstarted(script)

    assert line.socket.codes == [NORMAL_CLOSE]


def test_a_stream_that_goes_before_it_starts_is_refused() -> None:
    async def script(line: Line) -> None:
        line.receive("connected")
        line.leg.line_lost()
        with pytest.raises(RemoteProtocolError, match="no start"):
            await line.leg.started()

    play_unstarted(script)


def test_nothing_is_sent_before_the_stream_has_started() -> None:
    async def script(line: Line) -> None:
        with pytest.raises(LocalProtocolError):
            await line.leg.send_mark("1:0")

    play_unstarted(script)


def test_what_came_before_anybody_followed_is_told_in_order() -> None:
    async def script(line: Line) -> None:
        line.receive("start", "media", "dtmf")
        line.leg.follow(line.told.append)
        line.receive("mark")

    line = play_unstarted(script)

    assert line.told == [MediaReceived(AUDIO), KeyPressed("1"), MarkReturned("my label")]


def test_a_stream_that_nobody_follows_is_not_read_for_ever() -> None:
    async def script(line: Line) -> None:
        line.receive("start", *["media"] * (MOST_UNREAD - 1))
        assert line.socket.reading == []
        line.receive("media")
        assert line.socket.reading == ["pause"]

        line.leg.follow(line.told.append)
        line.receive(*["media"] * MOST_UNREAD)
        assert line.socket.reading == ["pause", "resume"]

    assert len(play_unstarted(script).told) == 2 * MOST_UNREAD


def test_audio_goes_out_at_once_and_in_order_in_messages_of_at_most_200_ms() -> None:
    audio = bytes(range(250)) * 20

    async def script(line: Line) -> None:
        await line.leg.send_audio(audio)
        await line.leg.send_mark("1:0")

    sent = play(script).socket.sent

    assert [message["event"] for message in sent] == ["media", "media", "media", "media", "mark"]
    payloads = [base64.b64decode(message["media"]["payload"]) for message in sent[:4]]
    assert (b"".join(payloads), max(map(len, payloads))) == (audio, 1600)


def test_clear_overtakes_audio_and_returns_the_marks_that_never_went_out() -> None:
    async def script(line: Line) -> None:
        await line.leg.send_audio(FRAME)  # the most that the socket takes for now
        await line.leg.send_audio(FRAME)
        await line.leg.send_mark("1:0")
        await line.leg.clear()
        assert line.told == [MarkReturned("1:0")]
        line.socket.drain()

    assert play(script, takes=1).socket.kinds() == ["media", "clear"]


def test_clear_is_sent_even_if_nothing_is_left_to_drop() -> None:
    async def script(line: Line) -> None:
        await line.leg.clear()

    assert play(script).socket.kinds() == ["clear"]


def test_what_waited_for_the_socket_goes_out_in_order_as_it_is_taken() -> None:
    async def script(line: Line) -> None:
        await line.leg.send_audio(FRAME)
        await line.leg.send_mark("1:0")
        await line.leg.send_audio(FRAME)
        await line.leg.send_mark("1:1")
        assert line.socket.kinds() == ["media"]
        line.socket.drain(takes=2)
        assert line.socket.kinds() == ["media", "mark", "media"]
        line.socket.drain()

    line = play(script, takes=1)

    assert line.socket.kinds() == ["media", "mark", "media", "mark"]
    assert [m["mark"]["name"] for m in line.socket.sent[1::2]] == ["1:0", "1:1"]


def test_a_write_that_blocks_ends_the_line_after_two_seconds() -> None:
    async def script(line: Line) -> None:
        await line.leg.send_audio(FRAME)
        await line.leg.send_audio(FRAME)
        await until(SEND_TIMEOUT - 0.1)
        assert line.told == []
        await until(SEND_TIMEOUT + 0.1)
        line.socket.drain()

    line = play(script, takes=1)

    assert line.told == [LegClosed(is_lost=True)]
    assert (line.socket.kinds(), line.socket.codes) == (["media"], [NORMAL_CLOSE])


def test_a_socket_that_takes_a_little_now_and_then_is_a_slow_line_but_no_lost_one() -> None:
    async def script(line: Line) -> None:
        for second in range(1, 6):
            await line.leg.send_audio(FRAME)
            await until(second)
            line.socket.drain(takes=1)

    assert play(script, takes=1).told == []


def test_after_stop_nothing_is_told_and_nothing_is_sent() -> None:
    async def script(line: Line) -> None:
        line.receive("media", "dtmf", "mark", "stop", "media")
        line.leg.line_lost()
        await line.leg.send_audio(FRAME)
        await line.leg.clear()

    line = play(script)

    assert line.told == [
        MediaReceived(AUDIO),
        KeyPressed("1"),
        MarkReturned("my label"),
        LegClosed(),
    ]
    assert line.socket.sent == []


def test_a_websocket_that_goes_without_a_stop_is_a_lost_line() -> None:
    async def script(line: Line) -> None:
        line.receive("media")
        line.leg.line_lost()
        await line.leg.send_audio(FRAME)  # nobody is there to hear it

    line = play(script)

    assert line.told == [MediaReceived(AUDIO), LegClosed(is_lost=True)]
    assert line.socket.sent == []


def test_nonsense_on_the_wire_ends_the_line() -> None:
    async def script(line: Line) -> None:
        line.leg.message_received(b"\x00\x01")

    line = play(script)

    assert (line.told, line.socket.codes) == ([LegClosed(is_lost=True)], [NORMAL_CLOSE])


def test_what_is_unknown_or_repeated_is_passed_over() -> None:
    async def script(line: Line) -> None:
        line.leg.message_received(b'{"event":"weather"}')
        line.receive("start", "connected", "dtmf")

    assert play(script).told == [KeyPressed("1")]


def test_a_warning_says_which_call_it_is_about() -> None:
    async def script(line: Line) -> None:
        with structlog.contextvars.bound_contextvars(call_id="01"):
            line.leg.follow(line.told.append)
        line.leg.message_received(b"\x00\x01")  # by the socket, which knows of no call

    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        play(script)

    assert [line["call_id"] for line in lines if line["event"] == "line_message_broken"] == ["01"]


def test_the_socket_is_closed_once() -> None:
    async def script(line: Line) -> None:
        await line.leg.close(1008)
        await line.leg.close()

    line = play(script)

    assert (line.socket.codes, line.told) == ([1008], [LegClosed()])
