from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import LocalProtocolError, ProviderError, RemoteProtocolError
from tests.support.fake_sound import silence
from voice.adapters.deepgram_listen import DeepgramStream, ResultReader
from voice.adapters.deepgram_wire import WireLost
from voice.conversation.events import TranscriptReceived, UtteranceLikelyEnded, VoiceDetected
from voice.ports import ListenOptions, RecogniserEvent, RecogniserStream
from voice.reconnecting import ReconnectingSpeechToText
from voice.replay.virtual_time import run_in_virtual_time

WORD = b"\x20" * 4000  # half a second
WIRE: dict[str, Any] = json.loads(Path("tests/wire/deepgram/listen_v1.json").read_text())


def decode(*messages: str | bytes) -> tuple[RecogniserEvent, ...]:
    """Return what one stream's messages say."""
    reader = ResultReader()
    return tuple(event for message in messages for event in reader.decode(message))


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("interim", (TranscriptReceived("another big", is_final=False, ended_at=1.039875),)),
        (
            "final",
            (
                TranscriptReceived("Tell me more about this.", is_final=True, ended_at=7.2699995),
                UtteranceLikelyEnded(),
            ),
        ),
        ("silence", ()),
        ("speech_started", (VoiceDetected(),)),
        ("utterance_end", (UtteranceLikelyEnded(),)),
        ("metadata", ()),
    ],
)
def test_deepgrams_messages_are_understood(name: str, events: tuple[RecogniserEvent, ...]) -> None:
    assert decode(json.dumps(WIRE[name])) == events


def test_words_that_were_none_after_all_are_taken_back_once() -> None:
    interim, silence = json.dumps(WIRE["interim"]), json.dumps(WIRE["silence"])

    assert decode(interim, silence, silence)[1:] == (
        TranscriptReceived("", is_final=True, ended_at=12.0),
    )


def test_an_error_message_is_a_failure_of_theirs() -> None:
    with pytest.raises(ProviderError, match="UNKNOWN"):
        decode(json.dumps(WIRE["error"]))


def test_what_is_not_known_is_passed_over() -> None:
    assert decode("{}", json.dumps({"type": "Weather", "sunny": True})) == ()


@pytest.mark.parametrize("text", ["null", "{", b"\xff", '{"type": 7}', '{"type": "Results"}'])
def test_what_is_no_message_is_said_to_be_none(text: str | bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode(text)


def test_words_without_times_end_where_their_stretch_ends() -> None:
    final = json.loads(json.dumps(WIRE["final"]))
    final["channel"]["alternatives"][0]["words"] = []

    said = decode(json.dumps(final))[0]

    assert isinstance(said, TranscriptReceived)
    assert said.ended_at == pytest.approx(5.99 + 1.98)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
results = st.fixed_dictionaries(
    {"type": st.just("Results")},
    optional={
        name: json_values | st.just(WIRE["final"][name]) for name in WIRE["final"] if name != "type"
    },
)


@given(results | json_values)
@example({"type": "Results", "channel": {"alternatives": []}})
@example({"type": "Error"})
def test_no_message_raises_anything_but_an_error_of_ours(message: Any) -> None:
    with contextlib.suppress(RemoteProtocolError, ProviderError):
        decode(json.dumps(message))


# The connection.


GONE = "no goodbye"


class Socket:
    """The SDK's connection in memory, and the websocket under it."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, str | bytes]] = []
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.is_gone = False

    def write(self, message: str | bytes) -> None:
        if self.is_gone:
            raise WireLost(GONE)
        self.sent.append((asyncio.get_running_loop().time(), message))

    async def send_keep_alive(self) -> None:
        self.write("KeepAlive")

    async def send_finalize(self) -> None:
        self.write("Finalize")

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (message := await self.messages.get()) is not None:
            if isinstance(message, Exception):
                raise message
            yield json.dumps(message)


def opened(socket: Socket) -> DeepgramStream:
    return DeepgramStream(socket, socket)


async def all_events(stream: DeepgramStream) -> list[RecogniserEvent]:
    return [event async for event in stream.events()]


def test_long_audio_is_cut_to_what_deepgram_takes() -> None:
    async def play() -> None:
        socket = Socket()
        audio = bytes(range(256)) * 20

        opened(socket).send(audio)

        pieces = [piece for _, piece in socket.sent if isinstance(piece, bytes)]
        assert (b"".join(pieces), max(map(len, pieces))) == (audio, 2000)

    run_in_virtual_time(play())


def test_an_empty_message_is_never_sent() -> None:
    async def play() -> None:
        with pytest.raises(LocalProtocolError):
            opened(Socket()).send(b"")

    run_in_virtual_time(play())


def test_a_quiet_connection_is_kept_alive() -> None:
    async def play() -> None:
        socket = Socket()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(13):
                await opened(socket).keep_alive()

        assert socket.sent == [(4, "KeepAlive"), (8, "KeepAlive"), (12, "KeepAlive")]

    run_in_virtual_time(play())


def test_a_send_over_a_connection_that_is_gone_says_so() -> None:
    async def play() -> None:
        socket = Socket()
        socket.is_gone = True
        stream = opened(socket)

        with pytest.raises(ProviderError, match=GONE) as caught:
            stream.send(silence(0.02))
        assert caught.value.retryable
        with pytest.raises(ProviderError, match=GONE):
            await stream.finish()

    run_in_virtual_time(play())


@pytest.mark.parametrize("end", [None, WireLost("1011"), OSError()])
def test_a_stream_that_ends_by_itself_is_lost(end: Exception | None) -> None:
    async def play() -> None:
        socket = Socket()
        socket.messages.put_nowait(end)

        with pytest.raises(ProviderError) as caught:
            await all_events(opened(socket))

        assert caught.value.retryable

    run_in_virtual_time(play())


def test_a_stream_that_we_close_just_ends() -> None:
    async def play() -> None:
        socket = Socket()
        stream = opened(socket)
        socket.messages.put_nowait(WIRE["speech_started"])
        socket.messages.put_nowait(None)
        stream.closing()

        assert await all_events(stream) == [VoiceDetected()]

    run_in_virtual_time(play())


def test_a_message_that_makes_no_sense_loses_none_of_the_others() -> None:
    async def play() -> None:
        socket = Socket()
        stream = opened(socket)
        for message in ("no message", WIRE["speech_started"], None):
            socket.messages.put_nowait(message)
        stream.closing()

        assert await all_events(stream) == [VoiceDetected()]

    run_in_virtual_time(play())


async def speak(stream: RecogniserStream, audio: bytes) -> None:
    loop = asyncio.get_running_loop()
    for start in range(0, len(audio), 160):
        frame_over = loop.create_future()
        loop.call_later(0.02, frame_over.set_result, None)
        stream.send(audio[start : start + 160])
        await frame_over


def test_a_connection_that_answers_nothing_to_speech_is_gone() -> None:
    async def play() -> None:
        with pytest.raises(ProviderError, match="nothing came back"):
            await speak(opened(Socket()), b"\x20" * 8000 * 20)

        assert 8 < asyncio.get_running_loop().time() < 9

    run_in_virtual_time(play())


class Understanding(Socket):
    """A connection that answers once it has a word and what follows it."""

    def write(self, message: str | bytes) -> None:
        super().write(message)
        heard = b"".join(piece for _, piece in self.sent if isinstance(piece, bytes))
        if WORD in heard and self.messages.empty():
            self.messages.put_nowait(WIRE["final"])


class Connections:
    """A port whose first connections are dead, though they take audio."""

    def __init__(self, *, dead: int) -> None:
        self.sockets: list[Socket] = []
        self._dead = dead

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[DeepgramStream]:
        socket = Socket() if len(self.sockets) < self._dead else Understanding()
        self.sockets.append(socket)
        yield DeepgramStream(socket, socket, is_patient=options.is_patient)


def test_a_short_word_that_nothing_comes_back_for_is_heard_over_another_connection() -> None:
    async def play() -> None:
        connections = Connections(dead=1)
        async with ReconnectingSpeechToText(connections).open(ListenOptions()) as stream:
            speaking = asyncio.create_task(speak(stream, WORD + silence(30)))
            heard = await anext(stream.events())

            assert isinstance(heard, TranscriptReceived)
            assert asyncio.get_running_loop().time() < 6
            speaking.cancel()
        assert len(connections.sockets) == 2

    run_in_virtual_time(play())


def test_noise_that_two_connections_are_silent_about_is_noise() -> None:
    async def play() -> None:
        connections = Connections(dead=9)
        async with ReconnectingSpeechToText(connections).open(ListenOptions()) as stream:
            for _ in range(3):
                await speak(stream, WORD[:2400] + silence(20))

        assert len(connections.sockets) == 2

    run_in_virtual_time(play())


def test_silence_needs_no_answer() -> None:
    async def play() -> None:
        await speak(opened(Socket()), silence(30))

    run_in_virtual_time(play())


def test_any_answer_shows_that_the_connection_lives() -> None:
    async def play() -> None:
        socket = Socket()
        stream = opened(socket)
        listening = asyncio.create_task(all_events(stream))
        for _ in range(5):
            await speak(stream, b"\x20" * 8000 * 7)
            socket.messages.put_nowait(WIRE["silence"])
        listening.cancel()

    run_in_virtual_time(play())
