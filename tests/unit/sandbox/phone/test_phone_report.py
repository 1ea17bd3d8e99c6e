"""What makes a call good, and what the report looks like."""

from __future__ import annotations

import pytest

from sandbox.phone.report import NOTICE, EndReason, PhoneReport, Turn


def good_call() -> PhoneReport:
    return PhoneReport(
        call_sid="CA1",
        end_reason="caller",
        seconds=12.345,
        turns=[Turn(None, "hi sam", 300), Turn("hello", "hello to you", 900, marks=[])],
        heard="You talk with an AI. hi sam hello to you",
    )


def test_the_json_object_is_as_documented() -> None:
    report = good_call().as_json()

    assert report.keys() == {"call_sid", "end_reason", "seconds", "turns"}
    assert report["seconds"] == 12.35 or report["seconds"] == 12.34
    assert report["turns"][1] == {
        "said": "hello",
        "heard": "hello to you",
        "gap_ms": 900,
        "interrupted": False,
        "marks": [],
    }


def test_a_good_call_has_no_problems() -> None:
    assert good_call().problems(max_gap=1) == []


@pytest.mark.parametrize("reason", ["rejected", "stream_failed", "failed", "line_lost"])
def test_only_closing_and_the_caller_end_a_good_call(reason: EndReason) -> None:
    report = good_call()
    report.end_reason = reason

    (problem,) = report.problems(1)

    assert reason.replace("_", " ") in problem


def test_every_fault_is_a_sentence() -> None:
    report = good_call()
    report.heard = "hello said the maid"
    report.turns[0].gap_ms = 1001
    report.turns[1].gap_ms = None
    report.unsaid = ["bye"]

    assert report.problems(1) == [
        "the notice was not heard: nobody said AI or transcribed",
        "the greeting took 1.0 s, more than 1 s",
        "the answer to 'hello' did not come",
        "there was no time to say 'bye'",
    ]


def test_a_caller_who_hangs_up_on_purpose_waits_for_nobody() -> None:
    report = good_call()
    report.turns[1].gap_ms = None
    report.unsaid = ["bye"]
    report.was_cut_short = True

    assert report.problems(1) == []


@pytest.mark.parametrize(
    ("heard", "is_notice"),
    [
        ("your buddy is an AI", True),
        ("your buddy is an A.I. and", True),
        ("an a i", True),
        ("your A-I news desk", True),
        ("this call is transcribed.", True),
        ("a transcript is kept", True),
        ("artificial intelligence", True),
        ("the maid said it again", False),
        ("i am a, i think, friend", False),
        ("", False),
    ],
)
def test_a_notice_is_known_by_its_words(heard: str, is_notice: bool) -> None:  # noqa: FBT001
    assert bool(NOTICE.search(heard)) == is_notice
