"""What every line does: run on the fake and on Media Streams through the sandbox's Twilio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from sandbox.engines.tones import ToneListener, tones_from_text
from tests.contract.twilio_sandbox import TOKEN, phone_call
from tests.support.fake_line import FakeCallLeg, LegEvents
from tests.support.fake_sound import fake_speech, words_in
from voice.ports import (
    BYTES_A_SECOND,
    FRAME_BYTES,
    CallLeg,
    KeyPressed,
    LegClosed,
    MarkReturned,
    MediaReceived,
)


@dataclass(frozen=True)
class Line:
    """A line under test, and the caller at its other end."""

    leg: CallLeg
    speech: Callable[[str], bytes]
    words: Callable[[bytes], str]
    say: Callable[[bytes], Awaitable[None]]
    press: Callable[[str], Awaitable[None]]
    hang_up: Callable[[], Awaitable[None]]
    heard: Callable[[], bytes]
    events: LegEvents


def read(audio: bytes) -> str:
    listener = ToneListener()
    listener.feed(audio)
    return listener.text.strip()


@asynccontextmanager
async def fake() -> AsyncIterator[Line]:
    leg = FakeCallLeg()

    async def press(digit: str) -> None:
        leg.press(digit)

    async def hang_up() -> None:
        leg.hang_up()

    yield Line(
        leg, fake_speech, words_in, leg.speak, press, hang_up, leg.heard_audio, LegEvents(leg)
    )


@asynccontextmanager
async def sandbox() -> AsyncIterator[Line]:
    async with phone_call() as call:
        yield Line(
            call.leg,
            tones_from_text,
            read,
            call.phone.say,
            call.phone.press,
            call.phone.hang_up,
            lambda: bytes(call.phone.heard),
            LegEvents(call.leg),
        )


@pytest.fixture(params=[fake, sandbox], ids=["fake", "sandbox"])
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    async with request.param() as line, asyncio.timeout(20):
        yield line


def clock() -> float:
    return asyncio.get_running_loop().time()


async def test_what_the_caller_says_comes_in_frames(line: Line) -> None:
    speech = line.speech("hello")
    saying = asyncio.ensure_future(line.say(speech))
    audio = b""
    while "hello" not in line.words(audio):
        event = await line.events.next()
        assert isinstance(event, MediaReceived)
        assert len(event.audio) == FRAME_BYTES
        audio += event.audio
    await saying


async def test_what_is_sent_is_heard_in_order(line: Line) -> None:
    await line.leg.send_audio(line.speech("one"))
    await line.leg.send_audio(line.speech("two"))
    await line.leg.send_mark("end")

    assert await line.events.next_but_audio() == MarkReturned("end")
    assert line.words(line.heard()).replace(" ", "").startswith("onetw")


async def test_a_mark_returns_when_all_before_it_was_played(line: Line) -> None:
    speech = line.speech("a sentence")
    began = clock()
    await line.leg.send_audio(speech)
    await line.leg.send_mark("1:0:end")

    assert await line.events.next_but_audio() == MarkReturned("1:0:end")
    assert clock() - began == pytest.approx(len(speech) / BYTES_A_SECOND, abs=0.15)


async def test_marks_return_in_order(line: Line) -> None:
    for number in range(4):
        await line.leg.send_audio(line.speech("a"))
        await line.leg.send_mark(f"mark {number}")

    returned = [await line.events.next_but_audio() for _ in range(4)]
    assert returned == [MarkReturned(f"mark {number}") for number in range(4)]


async def test_a_mark_without_audio_returns_at_once(line: Line) -> None:
    began = clock()
    await line.leg.send_mark("nothing")

    assert await line.events.next_but_audio() == MarkReturned("nothing")
    assert clock() - began < 0.2


async def test_clear_stops_the_playback_and_returns_all_marks_at_once(line: Line) -> None:
    began = clock()
    await line.leg.send_audio(line.speech("a very long sentence that nobody wants to hear"))
    await line.leg.send_mark("1:0:end")
    await line.leg.send_mark("1:1:end")
    await line.leg.clear()

    assert await line.events.next_but_audio() == MarkReturned("1:0:end")
    assert await line.events.next_but_audio() == MarkReturned("1:1:end")
    assert clock() - began < 0.5

    await line.leg.send_audio(line.speech("yes"))
    await line.leg.send_mark("2:0:end")
    assert await line.events.next_but_audio() == MarkReturned("2:0:end")
    assert "nobody" not in line.words(line.heard())


async def test_clearing_nothing_is_no_error(line: Line) -> None:
    await line.leg.clear()
    await line.leg.send_mark("after")

    assert await line.events.next_but_audio() == MarkReturned("after")


async def test_a_key_is_told(line: Line) -> None:
    await line.press("1")
    await line.press("#")

    assert [await line.events.next_but_audio(), await line.events.next_but_audio()] == [
        KeyPressed("1"),
        KeyPressed("#"),
    ]


async def test_a_caller_who_hangs_up_closes_the_line(line: Line) -> None:
    await line.leg.send_audio(line.speech("a sentence that is cut off"))
    await line.leg.send_mark("never")
    await line.hang_up()

    assert await line.events.next_but_audio() == LegClosed()
    await line.leg.send_audio(line.speech("too late"))  # and nothing is wrong with that
    await line.leg.close()


async def test_a_line_that_we_close_is_closed(line: Line) -> None:
    await line.leg.close()
    await line.leg.close()

    assert await line.events.next_but_audio() == LegClosed()


async def test_twilio_signs_what_it_asks_and_hands_on_the_token() -> None:
    async with phone_call() as call:
        assert call.product.signed == {"webhook": True, "stream": True}
        assert (call.start.call_sid, call.start.token) == (call.call_sid, TOKEN)


async def test_a_stream_that_we_close_ends_the_call() -> None:
    async with phone_call() as call, asyncio.timeout(10):
        await call.leg.close()

        assert await call.phone.ended == "hung_up"
