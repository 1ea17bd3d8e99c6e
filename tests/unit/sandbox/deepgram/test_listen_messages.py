"""What the sandbox sends has the shape of what the vendor documents: `tests/wire/deepgram`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.deepgram.messages import Stream, error
from sandbox.engines.roles import HeardWord

WIRE: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "wire" / "deepgram" / "listen_v1.json").read_text("utf-8")
)
WORDS = (HeardWord("Tell", 800, 1200, 0.9), HeardWord("me?", 1200, 2000, 0.7))
STREAM = Stream("nova-3", is_formatted=True)


def shape(value: Any) -> Any:
    """Return a message's keys and kinds, without its values."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value[:1]]
    return "number" if type(value) in (int, float) else type(value).__name__


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("interim", STREAM.results(WORDS, 0, 2000, is_final=False)),
        ("final", STREAM.results(WORDS, 0, 2000, is_final=True, speech_final=True)),
        ("silence", STREAM.results((), 0, 2000, is_final=True)),
        ("speech_started", STREAM.speech_started(800)),
        ("utterance_end", STREAM.utterance_end(2000)),
        ("error", error("UNKNOWN", "No audio was received")),
    ],
)
def test_a_message_has_the_documented_shape(name: str, message: dict[str, Any]) -> None:
    assert shape(message) == shape(WIRE[name])


def test_metadata_says_at_least_what_is_documented() -> None:
    message = shape(STREAM.metadata(8000))

    assert message | shape(WIRE["metadata"]) == message


def test_times_are_seconds_and_words_come_plain_and_punctuated() -> None:
    alternative = STREAM.results(WORDS, 400, 2400, is_final=True)["channel"]["alternatives"][0]

    assert alternative["transcript"] == "Tell me?"
    assert alternative["confidence"] == 0.8
    assert alternative["words"][1] == {
        "word": "me",
        "start": 0.15,
        "end": 0.25,
        "confidence": 0.7,
        "punctuated_word": "me?",
    }
