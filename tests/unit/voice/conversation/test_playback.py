"""How much of a segment was heard, between its marks too, and where a buddy would go on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.conversation.commands import Side, WriteEntry
from voice.conversation.playback import (
    CHARACTERS_A_SECOND,
    Playback,
    Segment,
    heard_part,
    sentence_rest,
)

TEXT = "Once upon a time there was a bear. It sang all day! Did it? It did."


def playing(text: str = TEXT) -> Segment:
    segment = Segment(Side.BUDDY, text)
    segment.begin(10.0)
    return segment


def test_before_the_first_mark_the_usual_pace_of_speech_counts() -> None:
    segment = playing()

    segment.reckon(10.6)

    assert segment.share * len(TEXT) == pytest.approx(0.6 * CHARACTERS_A_SECOND)


def test_after_a_mark_the_pace_of_what_was_heard_counts() -> None:
    segment = playing()
    segment.advance(0.25, 11.0)

    segment.reckon(11.5)

    assert segment.share == pytest.approx(0.375)


def test_a_line_that_brings_no_marks_plays_nothing() -> None:
    segment = playing()
    segment.advance(0.25, 11.0)

    segment.reckon(15.0)

    assert segment.share == pytest.approx(0.5)


def test_what_nobody_could_hear_yet_and_what_was_heard_stays_so() -> None:
    silent, over = Segment(Side.BUDDY, TEXT), playing()
    over.advance(1.0, 12.0)

    silent.reckon(20.0)
    over.reckon(20.0)

    assert (silent.share, over.share) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("share", "rest"),
    [
        (0.0, TEXT),
        (0.3, TEXT),
        (0.55, "It sang all day! Did it? It did."),
        (0.99, "It did."),
    ],
)
def test_a_buddy_goes_on_from_the_start_of_the_sentence(share: float, rest: str) -> None:
    assert sentence_rest(TEXT, share) == rest


@given(st.floats(0, 0.99), st.floats(0, 20), st.floats(0, 20))
def test_no_more_is_heard_than_a_second_beyond_the_last_mark(
    share: float, played: float, since: float
) -> None:
    segment = playing()
    segment.advance(share, 10.0 + played)

    segment.reckon(10.0 + played + since)

    assert share <= segment.share <= 0.99
    heard, unheard = heard_part(TEXT, segment.share)
    assert f"{heard} {unheard}".strip() == TEXT


def test_a_segment_that_never_was_or_was_written_down_is_not_dropped() -> None:
    playback = Playback()
    number = playback.add(Side.BUDDY, "Once upon a time.")
    playback.drop(number, 0)

    playback.drop(number, 5)
    playback.drop(number + 1, 5)

    assert playback.is_over
    assert playback.audible is None


def test_what_was_still_to_come_is_struck_out_though_nothing_plays() -> None:
    playback = Playback()
    first = playback.segment(playback.add(Side.BUDDY, "Well.", buddy=1))
    playback.add(Side.BUDDY, "Once upon a time.", buddy=1)
    playback.add(Side.BUDDY, "It was.", buddy=1)
    assert first is not None
    playback.send(first)
    first.advance(1.0, 11.0)

    rows = playback.close()

    assert rows == [
        WriteEntry(Side.BUDDY, "", "Once upon a time. It was.", was_interrupted=True, buddy=1)
    ]


def test_a_reply_that_nobody_heard_anything_of_leaves_no_row() -> None:
    playback = Playback()
    playback.add(Side.BUDDY, "Once upon a time.")

    assert playback.close() == []


def test_text_without_spaces_is_heard_by_the_character() -> None:
    assert heard_part("字" * 200, 0.25) == ("字" * 50, "字" * 150)
    assert heard_part("one two three", 0.7) == ("one two", "three")
