"""What the sandbox sends has the shape of what the vendor documents: `tests/wire/deepgram`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.deepgram.flux_messages import FluxStream
from sandbox.deepgram.flux_options import FluxOptions
from sandbox.deepgram.flux_turns import Trigger, TurnEvent, TurnInfo
from sandbox.engines.roles import HeardWord
from tests.unit.sandbox.deepgram.test_listen_messages import shape

WIRE: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "wire" / "deepgram" / "listen_v2.json").read_text("utf-8")
)
WORDS = (HeardWord("Tell", 800, 1200, 0.9), HeardWord("me?", 1200, 2000, 0.7))


def info(event: TurnEvent, words: tuple[HeardWord, ...] = WORDS, **more: Any) -> TurnInfo:
    return TurnInfo(event, 2, 400, 2400, words, 0.5, **more)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("connected", FluxStream().connected()),
        ("silence", FluxStream().turn_info(info(TurnEvent.UPDATE, ()))),
        ("start_of_turn", FluxStream().turn_info(info(TurnEvent.STARTED))),
        ("eager_end_of_turn", FluxStream().turn_info(info(TurnEvent.MAY_HAVE_ENDED))),
        ("turn_resumed", FluxStream().turn_info(info(TurnEvent.RESUMED))),
        ("end_of_turn", FluxStream().turn_info(info(TurnEvent.ENDED, trigger=Trigger.MODEL))),
        (
            "configure_success",
            FluxStream().configured(FluxOptions("flux-general-en", 0.4, 0.7, 6000, ("apple",))),
        ),
        ("configure_failure", FluxStream().not_configured("INVALID_THRESHOLD", "no")),
        ("warning", FluxStream().warning("FORCE_END_TURN_NO_ACTIVE_TURN", "no turn")),
        ("error", FluxStream().error("INTERNAL_SERVER_ERROR", "broken")),
    ],
)
def test_a_message_has_the_documented_shape(name: str, message: dict[str, Any]) -> None:
    assert shape(message) == shape(WIRE[name])


def test_messages_of_all_kinds_are_numbered_in_one_row() -> None:
    stream = FluxStream()

    messages = [
        stream.connected(),
        stream.turn_info(info(TurnEvent.UPDATE)),
        stream.error("A", "b"),
    ]

    assert [message["sequence_id"] for message in messages] == [0, 1, 2]


def test_times_are_seconds_and_words_make_the_transcript() -> None:
    message = FluxStream().turn_info(info(TurnEvent.STARTED))

    assert (message["transcript"], message["turn_index"]) == ("Tell me?", 2)
    assert (message["audio_window_start"], message["audio_window_end"]) == (0.05, 0.3)
    assert message["words"][1] == {"word": "me?", "confidence": 0.7, "start": 0.15, "end": 0.25}
