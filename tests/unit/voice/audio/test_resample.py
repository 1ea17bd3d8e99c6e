from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from voice.audio.resample import Downsampler


def tone(frequency: float, seconds: float = 0.5) -> bytes:
    moments = np.arange(round(24_000 * seconds)) / 24_000
    return (10_000 * np.sin(2 * np.pi * frequency * moments)).astype("<i2").tobytes()


def level(samples: NDArray[np.int16]) -> float:
    """Return how loud it is against the tone that went in, in decibels."""
    steady = samples[100:].astype(float)
    return float(20 * np.log10(max(steady.std(), 0.5) / (10_000 / np.sqrt(2))))


@pytest.mark.parametrize("frequency", [300, 1000, 2000, 3000])
def test_speech_passes_untouched(frequency: int) -> None:
    assert level(Downsampler().feed(tone(frequency))) == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize("frequency", [4200, 4500, 5000, 6000, 8000, 11_000])
def test_what_would_fold_back_is_gone(frequency: int) -> None:
    assert level(Downsampler().feed(tone(frequency))) < -65


def test_the_first_samples_come_with_the_first_bytes() -> None:
    samples = Downsampler().feed(tone(500, seconds=0.02))

    assert len(samples) == 160
    assert np.abs(samples).max() > 9000  # and they sound already: the delay is 2 ms


@given(st.binary(max_size=3000), st.lists(st.integers(1, 700), max_size=20))
def test_how_the_bytes_arrive_makes_no_difference(pcm: bytes, lengths: list[int]) -> None:
    whole = Downsampler().feed(pcm)

    downsampler, pieces, start = Downsampler(), [], 0
    for length in [*lengths, len(pcm)]:
        pieces.append(downsampler.feed(pcm[start : start + length]))
        start += length
    samples = np.concatenate(pieces)

    assert len(samples) == len(whole) == -(-(len(pcm) // 2) // 3)  # nothing is held back
    assert np.allclose(samples.astype(int), whole.astype(int), atol=1)  # the last bit may round


def test_loud_noise_clips_instead_of_wrapping_around() -> None:
    square = np.tile(np.repeat(np.array([32767, -32768], "<i2"), 24), 100)

    samples = Downsampler().feed(square.tobytes())

    middle = samples.reshape(-1, 8)[5:, 3:6]  # where each half wave is at its top
    assert all(len(set(np.sign(top))) == 1 for top in middle.tolist())
