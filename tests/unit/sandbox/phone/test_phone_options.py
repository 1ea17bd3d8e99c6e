"""The command line of the test phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.phone.__main__ import _parse, script
from sandbox.phone.steps import Say, Step, hang_up, press, say


def steps(*arguments: str) -> list[Step]:
    return script(_parse(arguments))


def test_utterances_keep_their_order() -> None:
    assert steps("--say", "one", "--wav", "two.wav", "--say", "three", "--digits", "1") == [
        press("1"),
        say("one"),
        Say("two.wav", wave=Path("two.wav")),
        say("three"),
    ]


def test_a_barge_in_belongs_to_the_utterance_after_it() -> None:
    assert steps("--say", "one", "--barge-in", "upon", "--say", "two", "--say", "three") == [
        say("one"),
        say("two", over="upon"),
        say("three"),
    ]


def test_a_barge_in_at_the_end_belongs_to_the_last_utterance() -> None:
    assert steps("--say", "one", "--say", "two", "--barge-in", "") == [
        say("one"),
        say("two", over=""),
    ]


def test_a_caller_may_stay_silent() -> None:
    assert steps("--digits", "1", "--listen", "60") == [press("1"), hang_up(after=60)]


def test_a_recording_is_looked_for_in_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BUDDY_RECORDINGS", str(tmp_path))

    (step,) = steps("--wav", "hello.wav")

    assert step == Say("hello.wav", wave=tmp_path / "hello.wav")


def test_the_sandbox_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUDDY_SANDBOX_PORT_BASE", "9300")

    assert _parse([]).sandbox == "http://127.0.0.1:9300"
