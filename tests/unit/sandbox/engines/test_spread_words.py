"""Words without times of their own are laid over the voice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engines.recogniser import spread, written_out


def test_words_begin_and_end_with_the_voice_and_leave_its_pauses_out() -> None:
    words = spread(["ab", "cd", "efgh"], [(1000, 1400), (3000, 3400)], 0.9)

    assert [(w.text, w.started_at, w.ended_at) for w in words] == [
        ("ab", 1000, 1200),
        ("cd", 1200, 1400),
        ("efgh", 3000, 3400),
    ]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(1, 4000), st.integers(1, 4000)), min_size=1, max_size=5),
)
def test_words_keep_their_order(words: list[str], lengths: list[tuple[int, int]]) -> None:
    voiced, at = [], 0
    for gap, length in lengths:
        voiced.append((at + gap, at + gap + length))
        at += gap + length

    placed = spread(words, voiced, 0.5)

    times = [time for word in placed for time in (word.started_at, word.ended_at)]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (voiced[0][0], voiced[-1][1])


def test_a_sentence_is_written_as_one() -> None:
    heard = ["what your country can do", "Ask not!", "", "who..."]

    written = [written_out(text) for text in heard]

    assert written == ["What your country can do.", "Ask not!", "", "Who..."]
