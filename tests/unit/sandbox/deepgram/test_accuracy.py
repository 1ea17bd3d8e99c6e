"""What the measurement makes of either endpoint's messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.deepgram.accuracy import Notes, Reading, table

WIRE = Path(__file__).parents[3] / "wire" / "deepgram"


def noted(endpoint: str, *names: str) -> Notes:
    """Take samples of an endpoint, a second apart."""
    samples: dict[str, Any] = json.loads((WIRE / f"listen_{endpoint}.json").read_text("utf-8"))
    notes = Notes()
    for second, name in enumerate(names):
        notes.take(samples[name], float(second))
    return notes


def test_novas_finals_are_put_together() -> None:
    notes = noted("v1", "speech_started", "interim", "final", "silence")

    assert (notes.finals, notes.interims, notes.turns) == (["Tell me more about this."], 1, 1)
    assert notes.voice_end == pytest.approx(7.27)
    assert notes.heard_at == 2


def test_fluxs_turns_are_put_together() -> None:
    notes = noted(
        "v2", "silence", "start_of_turn", "update", "update", "eager_end_of_turn", "end_of_turn"
    )

    assert (notes.finals, notes.interims, notes.turns) == (["Hi I need to cancel please."], 2, 1)
    assert (notes.voice_end, notes.heard_at) == (1.02, 4)


def test_the_table_says_the_rate_of_errors() -> None:
    reading = Reading("a.wav", 2.0, 8, 1, 3, 1, 0.5, "we are sure")

    lines = table([reading, reading], 1.25).splitlines()

    assert lines[2] == "| a.wav | 2.0 | 8 | 1 | 3 | 1 | 0.50 s |"
    assert lines[-1] == "Word error rate: **12.5 %**"
