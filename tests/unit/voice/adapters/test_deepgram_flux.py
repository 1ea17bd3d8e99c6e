from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import LocalProtocolError, ProviderError, RemoteProtocolError
from tests.support.fake_sound import fake_speech, silence
from tests.unit.voice.adapters.test_deepgram_listen import json_values, speak
from voice.adapters.deepgram_flux import FluxStream, TurnReader
from voice.conversation.events import (
    TranscriptReceived,
    UtteranceEnded,
    UtteranceLikelyEnded,
    UtteranceResumed,
    VoiceDetected,
)
from voice.ports import RecogniserEvent
from voice.replay.virtual_time import run_in_virtual_time

WIRE: dict[str, Any] = json.loads(Path("tests/wire/deepgram/listen_v2.json").read_text())
QUIET = 0.3


def read(*messages: Any, loud_until: float = 0.0) -> list[RecogniserEvent]:
    """Return what one stream's messages say."""
    reader = TurnReader(quiet=QUIET)
    reader.loud_until = loud_until
    return [event for message in messages for event in reader.decode(json.dumps(message))]


def turn_info(event: str, text: str = "", *, until: float, **more: Any) -> dict[str, Any]:
    """Return a message whose words end 0.1 s before what was heard, unless said otherwise."""
    spoken = text.split()
    ends = more.pop("words_end", until - 0.1)
    each = ends / max(1, len(spoken))
    words = [
        {"word": word, "confidence": 0.9, "start": each * place, "end": each * (place + 1)}
        for place, word in enumerate(spoken)
    ]
    return {
        **WIRE["update"],
        "event": event,
        "audio_window_end": until,
        "transcript": text,
        "words": words,
        **more,
    }


def interim(text: str, ended_at: float | None) -> TranscriptReceived:
    return TranscriptReceived(text, is_final=False, ended_at=ended_at)


def final(text: str, ended_at: float | None) -> TranscriptReceived:
    return TranscriptReceived(text, is_final=True, ended_at=ended_at)


def test_deepgrams_example_of_a_turn_is_understood() -> None:
    names = (
        "connected silence start_of_turn update eager_end_of_turn turn_resumed end_of_turn"
    ).split()

    assert read(*(WIRE[name] for name in names)) == [
        VoiceDetected(),
        interim("Hi I", 0.6),
        interim("Hi I need to", 0.79),
        final("Hi I need to cancel.", 1.02),
        UtteranceLikelyEnded(),
        UtteranceResumed(),
        VoiceDetected(),
        interim("please", 1.29),
        final("please.", 1.38),
        UtteranceEnded(),
    ]


def test_words_without_times_are_counted() -> None:
    forced = WIRE["forced_end_of_turn"]
    eager = {**forced, "event": "EagerEndOfTurn", "words": forced["words"][:3]}

    assert read(eager, forced) == [
        final("I need to", None),
        UtteranceLikelyEnded(),
        final("cancel my subscription", None),
        UtteranceEnded(),
    ]


def test_a_transcript_without_words_is_taken_as_it_is() -> None:
    message = turn_info("EndOfTurn", "good night", until=2.0, words=[])

    assert read(message) == [final("good night", None), UtteranceEnded()]


@pytest.mark.parametrize("name", ["configure_success", "configure_failure", "warning"])
def test_what_changes_no_turn_is_passed_over(name: str) -> None:
    assert read(WIRE[name], {}, {"type": "Weather", "sunny": True}) == []


def test_an_error_message_is_a_failure_of_theirs() -> None:
    with pytest.raises(ProviderError, match="INTERNAL_SERVER_ERROR") as caught:
        read(WIRE["error"])

    assert caught.value.retryable


def test_the_same_words_again_are_no_news() -> None:
    started = turn_info("StartOfTurn", "tell me", until=1.0)

    assert read(started, started | {"event": "Update", "audio_window_end": 1.15}) == [
        VoiceDetected(),
        interim("tell me", 0.9),
    ]


def test_quiet_after_words_makes_them_final_though_the_turn_goes_on() -> None:
    heard = read(
        turn_info("StartOfTurn", "i would like to", until=1.0),
        turn_info("Update", "i would like to", until=1.15, words_end=0.9),
        turn_info("Update", "i would like to", until=1.25, words_end=0.9),
        turn_info("Update", "i would like to", until=1.5, words_end=0.9),
    )

    assert heard == [
        VoiceDetected(),
        interim("i would like to", 0.9),
        final("i would like to", 0.9),
    ]


def test_words_may_still_change_while_there_is_voice_on_the_line() -> None:
    started = turn_info("StartOfTurn", "missis", until=1.0)
    later = turn_info("Update", "missis", until=1.5, words_end=0.9)

    assert read(started, later, loud_until=1.4) == [VoiceDetected(), interim("missis", 0.9)]


def test_a_reading_that_is_behind_the_voice_is_not_final_before_it_has_caught_up() -> None:
    guess = turn_info("StartOfTurn", "back on this", until=1.0)
    quiet = turn_info("Update", "back on this", until=1.9, words_end=0.9)
    caught_up = turn_info("EndOfTurn", "back on the record", until=2.2, words_end=1.5)
    late = turn_info("Update", "back on this", until=2.6, words_end=0.9)

    corrected = read(guess, quiet, caught_up, loud_until=1.5)
    given_up = read(guess, quiet, late, loud_until=1.5)

    assert corrected[2:] == [final("back on the record", 1.5), UtteranceEnded()]
    assert [event.text for event in given_up[2:] if isinstance(event, TranscriptReceived)] == [
        "back on this"
    ]


def test_words_that_were_none_after_all_are_taken_back() -> None:
    heard = read(
        turn_info("StartOfTurn", "uh", until=1.0),
        turn_info("Update", until=1.25),
        turn_info("EndOfTurn", until=1.5),
    )

    assert heard == [VoiceDetected(), interim("uh", 0.9), interim("", None), UtteranceEnded()]


def test_a_word_that_moved_a_little_is_not_heard_twice() -> None:
    heard = read(
        turn_info("EagerEndOfTurn", "good morning", until=1.3, words_end=1.0),
        turn_info("TurnResumed", "good morning", until=1.6, words_end=1.08),
        turn_info("EndOfTurn", "good morning lisa", until=2.2, words_end=1.9),
    )

    assert [event for event in heard if isinstance(event, TranscriptReceived)] == [
        final("good morning", 1.0),
        final("lisa", 1.9),
    ]


def test_the_next_turn_begins_anew() -> None:
    heard = read(
        turn_info("EndOfTurn", "first", until=1.0),
        turn_info("StartOfTurn", "second", until=3.0, turn_index=1),
    )

    assert heard[-1] == interim("second", 2.9)


messages = st.fixed_dictionaries(
    {"type": st.just("TurnInfo")},
    optional={
        name: json_values | st.just(value)
        for name, value in WIRE["end_of_turn"].items()
        if name != "type"
    },
)


@given(st.lists(messages | json_values, max_size=4))
@example([{"type": "Error"}])
@example([{"type": "TurnInfo", "event": "Update", "words": [{"word": "a"}]}])
def test_no_message_raises_anything_but_an_error_of_ours(script: list[Any]) -> None:
    reader = TurnReader(quiet=QUIET)
    for message in script:
        with contextlib.suppress(RemoteProtocolError, ProviderError):
            reader.decode(json.dumps(message))


@given(
    st.lists(st.sampled_from("so tell me of the long way home".split()), min_size=1, max_size=12),
    st.lists(
        st.tuples(st.sampled_from(["Update", "EagerEndOfTurn", "TurnResumed"]), st.booleans()),
        max_size=12,
    ),
)
def test_every_word_of_a_turn_is_final_exactly_once(
    words: list[str], steps: list[tuple[str, bool]]
) -> None:
    script, place = [], 0
    for event, grows in steps:
        place = min(len(words), place + grows)
        text = " ".join(words[:place])
        script.append(turn_info(event, text, until=place + 0.9, words_end=float(place)))
    script.append(turn_info("EndOfTurn", " ".join(words), until=99, words_end=float(len(words))))

    heard = read(*script)

    finals = [e.text for e in heard if isinstance(e, TranscriptReceived) and e.is_final and e.text]
    assert " ".join(finals) == " ".join(words)


# The connection.


class Socket:
    """The SDK's connection in memory, and the websocket under it."""

    def __init__(self) -> None:
        self.sent: list[str | bytes] = []
        self.messages: asyncio.Queue[Any] = asyncio.Queue()

    def write(self, message: str | bytes) -> None:
        self.sent.append(message)

    async def send_force_end_turn(self) -> None:
        self.sent.append("ForceEndTurn")

    async def __aiter__(self) -> Any:
        while (message := await self.messages.get()) is not None:
            yield json.dumps(message)


def test_audio_goes_out_in_chunks_of_80_ms() -> None:
    async def play() -> None:
        socket = Socket()
        stream = FluxStream(socket, socket, quiet=QUIET)
        audio = fake_speech("hello")  # 200 ms

        await speak(stream, audio)

        assert socket.sent == [audio[:640], audio[640:1280]]

    run_in_virtual_time(play())


def test_who_asks_for_the_last_words_ends_the_turn_with_all_that_was_sent() -> None:
    async def play() -> None:
        socket = Socket()
        stream = FluxStream(socket, socket, quiet=QUIET)

        stream.send(silence(0.1))
        await stream.finish()

        assert socket.sent == [silence(0.08), silence(0.02), "ForceEndTurn"]

    run_in_virtual_time(play())


def test_an_empty_message_is_never_sent() -> None:
    async def play() -> None:
        with pytest.raises(LocalProtocolError):
            FluxStream(Socket(), Socket(), quiet=QUIET).send(b"")

    run_in_virtual_time(play())


def test_what_is_being_said_keeps_words_open() -> None:
    async def play() -> None:
        socket = Socket()
        stream = FluxStream(socket, socket, quiet=QUIET)
        stream.send(silence(0.4) + b"\x20" * 8000)
        socket.messages.put_nowait(turn_info("StartOfTurn", "well", until=0.9, words_end=0.8))
        socket.messages.put_nowait(turn_info("Update", "well", until=1.3, words_end=0.8))
        socket.messages.put_nowait(None)
        stream.closing()

        assert [event async for event in stream.events()] == [VoiceDetected(), interim("well", 0.8)]

    run_in_virtual_time(play())


def test_a_stream_that_stays_open_and_tells_nothing_more_is_lost() -> None:
    async def play() -> None:
        with pytest.raises(ProviderError, match="nothing came back"):
            await speak(FluxStream(Socket(), Socket(), quiet=QUIET), b"\x20" * 8000 * 10)

        assert 3 < asyncio.get_running_loop().time() < 3.5

    run_in_virtual_time(play())
