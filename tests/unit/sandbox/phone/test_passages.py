"""What is heard is cut into passages where something new begins."""

from __future__ import annotations

from sandbox.engines.tones import tones_from_text
from sandbox.phone.listening import FRAME_BYTES, FRAME_SECONDS, frames
from sandbox.phone.passages import Passages

SOUND = tones_from_text("hello there")


class LineEnd:
    """The end of a line, on which the moment follows from what was heard."""

    def __init__(self) -> None:
        self.passages = Passages()

    def hear(self, audio: bytes) -> None:
        for frame in frames(audio):
            position = self.passages.listening.position
            self.passages.hear(frame, position / FRAME_BYTES * FRAME_SECONDS)

    def be_quiet(self, seconds: float) -> None:
        self.hear(b"\xff" * round(seconds * 8000))


def test_a_line_begins_without_a_passage() -> None:
    end = LineEnd()
    end.be_quiet(1)

    assert (end.passages.last, list(end.passages.stretches())) == (-1, [])


def test_a_short_pause_is_part_of_a_passage_and_a_long_one_ends_it() -> None:
    end = LineEnd()
    for pause in (0.5, 1.5, 2.5):
        end.be_quiet(pause)
        end.hear(SOUND)

    assert end.passages.last == 1


def test_what_the_caller_does_begins_a_passage_even_in_the_middle_of_a_sound() -> None:
    end = LineEnd()
    end.hear(SOUND)
    at = end.passages.listening.position
    end.passages.turn()
    end.passages.turn()
    end.hear(SOUND)

    (_, first_end), (second_begin, second_end) = end.passages.stretches()
    assert (first_end, second_begin, second_end) == (at, at, float("inf"))
    assert end.passages.began_at(1) == at / 8000


def test_a_loosely_timed_word_falls_into_the_passage_it_opens() -> None:
    end = LineEnd()
    end.hear(SOUND)
    end.be_quiet(3)
    at = end.passages.listening.position
    end.hear(SOUND)

    _, (begin, _) = end.passages.stretches()
    assert begin == at - 8000
