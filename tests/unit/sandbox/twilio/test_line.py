"""The caller's end of a call."""

from __future__ import annotations

from sandbox.twilio.line import Line

LOUD = b"\x10" * 160
QUIET = b"\xff" * 160


def test_a_late_phone_is_silent() -> None:
    line = Line()
    line.speak(LOUD)

    assert [line.next_frame(), line.next_frame()] == [LOUD, QUIET]


def test_frames_are_cut_from_any_pieces() -> None:
    line = Line()
    line.speak(LOUD[:100])
    line.speak(LOUD[:70])

    assert [line.next_frame(), line.next_frame()] == [LOUD, QUIET]


def test_delay_is_made_up_for_in_silence_only() -> None:
    line = Line()
    for frame in (QUIET, QUIET, QUIET, LOUD, LOUD, LOUD, LOUD):
        line.speak(frame)

    frames = [line.next_frame() for _ in range(4)]

    assert frames == [LOUD] * 4
