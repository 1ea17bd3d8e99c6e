from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.audio import g711


@pytest.mark.parametrize(
    ("sample", "code"),
    [  # ITU-T G.711, table 2a: the ends and the first step of several segments
        (0, 0xFF),
        (8, 0xFE),
        (-8, 0x7E),
        (120, 0xF0),
        (132, 0xEF),
        (1000, 0xCE),
        (-1000, 0x4E),
        (16_251, 0x90),
        (16_252, 0x8F),
        (32124, 0x80),
        (32767, 0x80),
        (-32124, 0x00),
        (-32768, 0x00),
    ],
)
def test_known_samples_have_the_standard_codes(sample: int, code: int) -> None:
    assert g711.encode(np.array([sample], np.int16)) == bytes((code,))


def test_every_code_stands_for_itself_but_negative_zero() -> None:
    codes = bytes(range(256))

    again = g711.encode(g711.decode(codes))

    assert [code for code in codes if again[code] != code] == [0x7F]
    assert again[0x7F] == 0xFF


@given(st.lists(st.integers(-32768, 32767)))
def test_a_sample_comes_back_within_half_a_step(samples: list[int]) -> None:
    heard = g711.decode(g711.encode(np.array(samples, np.int16))).astype(int)

    for sample, decoded in zip(samples, heard, strict=True):
        clipped = max(-32635, min(32635, sample))
        assert abs(clipped - decoded) <= max(4, (abs(clipped) + 132) / 32)


@given(st.binary())
def test_length_is_kept(audio: bytes) -> None:
    assert len(g711.encode(g711.decode(audio))) == len(audio)


def test_silence_is_silent() -> None:
    assert g711.decode(g711.SILENCE).tolist() == [0]
