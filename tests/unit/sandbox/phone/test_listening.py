"""Turns told apart by sound alone, in injected time."""

from __future__ import annotations

import math

import numpy as np

from sandbox.engines.mulaw import mulaw_from_samples
from sandbox.engines.tones import tones_from_text
from sandbox.phone.listening import FRAME_SECONDS, Listening, frames, is_audible

QUIET = b"\xff" * 160


def tone(level: float) -> bytes:
    """20 ms of 400 Hz at a share of full scale."""
    times = np.arange(160) / 8000
    return mulaw_from_samples(level * np.sin(2 * math.pi * 400 * times))


class Caller:
    """Feeds frames at the pace of a line."""

    def __init__(self) -> None:
        self.now = 100.0
        self.listening = Listening()

    def hear(self, frame: bytes, count: int = 1) -> float:
        """Hear a frame so many times; return when the last had come."""
        for _ in range(count):
            self.now += FRAME_SECONDS
            self.listening.hear(frame, self.now)
        return self.now


def test_a_whisper_is_audible_and_comfort_noise_is_not() -> None:
    noise = np.random.default_rng(7).normal(0, 0.001, 160)

    assert [is_audible(tone(0.01)), is_audible(mulaw_from_samples(noise)), is_audible(QUIET)] == [
        True,
        False,
        False,
    ]


def test_tones_are_audible_from_their_first_frame_to_their_last() -> None:
    cut = list(frames(tones_from_text("hello there")))

    assert all(is_audible(frame) for frame in cut)


def test_the_buddy_has_finished_after_patience_and_not_in_a_short_pause() -> None:
    caller = Caller()
    since = caller.now
    caller.hear(tone(0.3), 10)
    pause = caller.hear(QUIET, 20)
    in_pause = caller.listening.has_finished(pause, patience=1, since=since)
    caller.hear(tone(0.3), 10)
    end = caller.hear(QUIET, 53)

    assert not in_pause
    assert caller.listening.has_finished(end, patience=1, since=since)
    assert not caller.listening.has_finished(end, patience=1, since=end)


def test_silence_alone_is_no_finished_turn() -> None:
    caller = Caller()
    end = caller.hear(QUIET, 500)

    assert not caller.listening.has_finished(end, patience=1, since=0)


def test_the_answer_is_the_first_sound_after_the_caller() -> None:
    caller = Caller()
    began = caller.hear(tone(0.3), 5)
    ended = caller.hear(QUIET, 40)
    caller.hear(QUIET, 24)
    answered = caller.hear(tone(0.3))
    caller.hear(tone(0.3), 5)

    sound = caller.listening.answer_to(began, ended)

    assert sound is not None
    assert (sound.began_at, sound.position) == (answered, 160 * 69)
    assert round(sound.began_at - ended, 2) == 0.5


def test_what_the_buddy_was_saying_is_no_answer_until_it_is_taken_back() -> None:
    caller = Caller()
    caller.hear(tone(0.3), 10)
    began = caller.now
    ended = caller.hear(tone(0.3), 10)
    still = caller.listening.answer_to(began, ended)
    caller.listening.note_break(is_cut=True)
    answered = caller.hear(tone(0.3), 1)

    sound = caller.listening.answer_to(began, ended)

    assert still is None
    assert sound is not None
    assert sound.began_at == answered


def test_an_answer_that_began_under_the_callers_last_words_counts() -> None:
    caller = Caller()
    began = caller.hear(QUIET, 5)
    early = caller.hear(tone(0.3), 1)
    caller.hear(tone(0.3), 9)
    ended = caller.now - 0.1
    caller.hear(tone(0.3), 10)

    sound = caller.listening.answer_to(began, ended)

    assert sound is not None
    assert sound.began_at == early


def test_what_is_taken_back_after_a_breath_under_the_callers_words_is_no_answer() -> None:
    caller = Caller()
    caller.hear(tone(0.3), 10)
    began = caller.hear(QUIET, 8)  # a breath within what the buddy is saying
    caller.hear(tone(0.3), 10)
    ended = caller.now - 0.1
    caller.listening.note_break(is_cut=True)
    caller.hear(QUIET, 30)
    answered = caller.hear(tone(0.3), 1)

    sound = caller.listening.answer_to(began, ended)

    assert sound is not None
    assert sound.began_at == answered


def test_an_answer_that_was_over_before_the_caller_had_ended_does_not() -> None:
    caller = Caller()
    began = caller.hear(QUIET, 5)
    caller.hear(tone(0.3), 5)
    ended = caller.hear(QUIET, 20)

    assert caller.listening.answer_to(began, ended) is None


def test_silence_before_a_sound_is_counted_from_the_one_before() -> None:
    caller = Caller()
    caller.hear(tone(0.3), 5)
    caller.hear(QUIET, 10)
    caller.hear(tone(0.3), 5)

    first, second = caller.listening.sounds

    assert caller.listening.silence_before(first) == 0
    assert caller.listening.silence_before(second) == 1600
