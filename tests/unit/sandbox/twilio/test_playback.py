"""The playback buffer: what is heard when, and what marks and `clear` say about it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.twilio.playback import FRAME_BYTES, Playback


class Answers:
    """Collects what marks answer, in order."""

    def __init__(self) -> None:
        self.given: list[tuple[str, bool]] = []

    def mark(self, playback: Playback, name: str) -> None:
        playback.mark(lambda was_played: self.given.append((name, was_played)))


def test_audio_plays_at_the_speed_of_sound() -> None:
    playback = Playback()
    playback.add(b"a" * 200 + b"b" * 200)

    frames = [playback.next_frame() for _ in range(4)]

    assert frames == [
        b"a" * 160,
        b"a" * 40 + b"b" * 120,
        b"b" * 80 + b"\xff" * 80,
        None,
    ]


def test_a_mark_returns_when_everything_before_it_has_been_played() -> None:
    playback, answers = Playback(), Answers()
    playback.add(b"a" * 320)
    answers.mark(playback, "one")
    playback.add(b"b" * 160)
    answers.mark(playback, "two")

    seen = []
    for _ in range(4):
        playback.next_frame()
        seen.append(list(answers.given))

    # The second frame is still sounding when the third begins: only then is "one" over.
    assert seen == [[], [], [("one", True)], [("one", True), ("two", True)]]


def test_a_mark_in_an_empty_buffer_returns_at_once() -> None:
    playback, answers = Playback(), Answers()
    answers.mark(playback, "now")

    playback.next_frame()

    assert answers.given == [("now", True)]


def test_clear_drops_audio_and_returns_pending_marks_in_order() -> None:
    playback, answers = Playback(), Answers()
    playback.add(b"a" * 160)
    answers.mark(playback, "heard")
    playback.add(b"b" * 1600)
    answers.mark(playback, "unheard")
    answers.mark(playback, "unheard too")
    playback.next_frame()

    dropped = playback.clear()

    assert dropped == 1600
    assert answers.given == [("heard", True), ("unheard", False), ("unheard too", False)]
    assert playback.next_frame() is None


def test_marks_after_clear_belong_to_what_came_after_it() -> None:
    playback, answers = Playback(), Answers()
    playback.add(b"a" * 1600)
    playback.next_frame()
    playback.clear()
    playback.add(b"b" * 160)
    answers.mark(playback, "new")

    playback.next_frame()
    before = list(answers.given)
    playback.next_frame()

    assert (before, answers.given) == ([], [("new", True)])


@given(
    st.lists(
        st.one_of(st.integers(0, 700).map(lambda n: ("add", n)), st.just(("mark", 0))), max_size=30
    ),
    st.integers(0, 60),
)
def test_marks_return_in_order_and_never_early(actions: list[tuple[str, int]], ticks: int) -> None:
    playback = Playback()
    returned: list[int] = []
    heard = added = 0
    positions = []
    for kind, size in actions:
        if kind == "add":
            playback.add(b"x" * size)
            added += size
        else:
            positions.append(added)
            playback.mark(lambda _played, at=added: returned.append(at))  # type: ignore[misc]
    for _ in range(ticks):
        frame = playback.next_frame()
        assert returned == [at for at in positions if at <= heard]
        heard = min(added, heard + (FRAME_BYTES if frame is not None else 0))
