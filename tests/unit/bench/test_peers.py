"""What the comparison with others is built on: whose line it is, and what a turn's times are."""

from __future__ import annotations

from array import array
from itertools import islice, pairwise
from typing import Any

import pytest

from bench.peers import report
from bench.peers.cells import times
from bench.peers.world import sound
from bench.peers.world.book import MOST_CALLERS, MOST_TURNS, Book, answer, question

CALLERS = pytest.mark.parametrize("caller", [0, 7, 11, 50, 93, 99])


def levels(caller: int) -> list[float]:
    return [sound.level_of(frame) for frame in sound.hum(caller) * 3]


@CALLERS
def test_the_hum_of_a_line_tells_who_is_calling(caller: int) -> None:
    reader = sound.HumReader()

    for level in islice(levels(caller), 6, None):  # heard from the middle on
        reader.hear(level)

    assert reader.caller == caller


@CALLERS
def test_the_hum_survives_a_change_of_rate_that_blurs_its_steps(caller: int) -> None:
    reader, heard = sound.HumReader(), levels(caller)

    for before, level in pairwise(heard):
        reader.hear(level if level == before else (level + before) / 2)

    assert reader.caller == caller


def test_no_silence_is_taken_for_speech() -> None:
    frames = [frame for caller in range(MOST_CALLERS) for frame in sound.hum(caller)]

    assert not any(sound.is_loud(frame) for frame in frames)


def test_sentences_begin_and_end_loud_and_have_only_short_pauses() -> None:
    loudness = [[sound.is_loud(frame) for frame in frames] for frames in sound.sentences()]

    assert len(loudness) == 5
    for loud in loudness:
        pauses = "".join("x" if is_loud else "." for is_loud in loud).split("x")
        assert (loud[0], loud[-1]) == (True, True)
        assert max(map(len, pauses)) <= 4


def test_a_tone_is_loud_in_both_encodings() -> None:
    pcm = array("h", sound.tone(0.02, 24_000))

    assert (len(pcm), sound.is_loud_pcm(pcm), sound.is_loud_pcm(array("h", [120] * 160))) == (
        480,
        True,
        False,
    )


def test_what_is_said_names_its_turn() -> None:
    book = Book()
    turns = [
        book.open(caller, number, is_interrupting=number % 2 == 1)
        for caller in range(MOST_CALLERS)
        for number in range(MOST_TURNS)
    ]

    for turn in turns:
        assert book.named(" ".join(question(turn))) is turn
        assert book.named("".join(answer(turn))) is turn
    assert book.named("nothing of that kind") is None


def turn_row(**changes: Any) -> dict[str, Any]:
    spoken = {
        "caller": 3,
        "number": 1,
        "is_interrupting": False,
        "spoke_at": 8.6,
        "quiet_at": 10.0,
        "word_at": 9.0,
        "final_at": 10.4,
        "asked": [{"asked_at": 10.41, "sentence_at": 10.78}],
        "speech": [
            {"asked_at": 10.79, "is_first": True, "byte_at": 10.99},
            {"asked_at": 11.2, "is_first": False, "byte_at": 11.4},
        ],
        "cleared_at": None,
        "heard_at": 11.0,
        "underruns": 0,
        "silent_seconds": 0.0,
    }
    return spoken | changes


def test_what_a_bot_adds_is_the_sum_of_its_three_shares() -> None:
    turn = times(turn_row())

    assert (turn["end_to_request"], turn["sentence_to_voice"], turn["byte_to_line"]) == (
        10.0,
        10.0,
        10.0,
    )
    assert (turn["gap"], report.added(turn)) == (1000.0, 30.0)


def test_a_request_before_the_end_of_the_turn_has_no_added_latency() -> None:
    turn = times(turn_row(asked=[{"asked_at": 10.2, "sentence_at": 10.57}]))

    assert report.added(turn) is None


def test_an_interruption_is_timed_from_the_first_word_and_the_first_sound() -> None:
    turn = times(turn_row(is_interrupting=True, cleared_at=9.02))

    assert (turn["word_to_clear"], turn["onset_to_clear"]) == (20.0, 420.0)


def row(answered: int, *, underruns: int = 0) -> dict[str, Any]:
    turns = [times(turn_row(underruns=underruns)) for _ in range(answered)]
    return {"contestant": "ours-lean", "calls": 2, "turns_asked": 8, "turns": turns}


@pytest.mark.parametrize(
    ("measured", "is_broken"),
    [(row(6), False), (row(5), True), (row(8, underruns=10), False), (row(8, underruns=11), True)],
)
def test_a_contestant_that_callers_would_leave_is_broken(
    measured: dict[str, Any],
    is_broken: bool,  # noqa: FBT001
) -> None:
    assert report.is_broken(measured) is is_broken
