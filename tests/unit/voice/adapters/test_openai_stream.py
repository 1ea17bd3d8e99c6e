"""The event stream of chat completions, on recorded messages."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai._streaming import SSEDecoder

from shared.errors import RemoteProtocolError
from tests.unit.voice.adapters.test_deepgram_listen import json_values
from voice.adapters.openai_stream import Chunk, ChunkReader, Function, ToolCall

WIRE: dict[str, Any] = json.loads(Path("tests/wire/openai/chat_stream.json").read_text())


def body(*events: object, end: str = "\n") -> bytes:
    lines = [f"data: {json.dumps(event)}" for event in events]
    return "".join(line + 2 * end for line in (*lines, "data: [DONE]")).encode()


def read(*pieces: bytes) -> list[Chunk]:
    reader = ChunkReader()
    return [chunk for piece in pieces for chunk in reader.feed(piece)]


def test_the_words_the_end_and_the_cost_of_a_reply_are_read() -> None:
    chunks = read(body(*WIRE["events"]))

    assert [chunk.text for chunk in chunks] == ["", "Hello", " there.", "", ""]
    assert [chunk.finish_reason for chunk in chunks] == [None, None, None, "stop", None]
    cost = chunks[-1].usage
    assert cost is not None
    assert (cost.prompt_tokens, cost.completion_tokens) == (19, 3)


def test_calls_to_tools_are_read_bit_by_bit() -> None:
    deltas = [chunk.choices[0].delta for chunk in read(body(*WIRE["tool_events"]))]

    assert [delta.tool_calls for delta in deltas if delta is not None] == [
        (ToolCall(0, "call_DdmO9pD3xa9XTPNJ32zg2hcA", Function("get_weather", "")),),
        (ToolCall(0, None, Function(None, '{"')),),
        (ToolCall(0, None, Function(None, 'location":"Paris, France"}')),),
        None,
    ]


@given(
    st.lists(st.integers(0, 200), max_size=30),
    st.sampled_from(["\n", "\r\n"]),
    st.lists(st.text(max_size=12), max_size=4),
)
def test_any_way_of_arriving_says_what_the_sdk_would_read(
    lengths: list[int], end: str, words: list[str]
) -> None:
    spoken = [{"choices": [{"delta": {"content": word}}]} for word in words]
    whole = f": a comment{end}event: message{end}".encode() + body(*spoken, end=end)
    pieces, start = [], 0
    for length in lengths:
        pieces.append(whole[start : start + length])
        start += length
    pieces.append(whole[start:])

    chunks = read(*pieces)

    by_sdk = [event.data for event in SSEDecoder().iter_bytes(iter(pieces))]
    assert by_sdk.pop() == "[DONE]"
    assert [chunk.text for chunk in chunks] == [
        json.loads(data)["choices"][0]["delta"]["content"] for data in by_sdk
    ]


def test_an_event_may_have_several_lines_of_data() -> None:
    assert [chunk.text for chunk in read(b'data:{"choices":\ndata:[]}\n\n')] == [""]


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"choices": 1}', b'{"usage": {}}', b"\xff"])
def test_what_makes_no_sense_is_said_to_be_so(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(b"data: %s\n\n" % data)


@given(json_values)
def test_no_event_raises_anything_but_an_error_of_ours(event: object) -> None:
    with contextlib.suppress(RemoteProtocolError):
        read(body(event))
