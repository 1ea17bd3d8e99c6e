"""μ-law as ITU-T G.711 has it."""

from __future__ import annotations

import numpy as np
import pytest

from sandbox.engines.mulaw import SILENCE, mulaw_from_pcm, pcm_from_mulaw


@pytest.mark.parametrize(
    ("sample", "code"),
    [(0, 0xFF), (-1, 0x7F), (32767, 0x80), (-32768, 0x00), (1000, 0xCE), (-1000, 0x4E)],
)
def test_a_sample_has_the_code_of_the_standard(sample: int, code: int) -> None:
    assert mulaw_from_pcm(np.array([sample], dtype=np.int16)) == bytes([code])


def test_every_code_survives_a_round_trip_but_negative_zero() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)

    assert mulaw_from_pcm(pcm_from_mulaw(codes)) == codes


def test_silence_is_zero() -> None:
    assert pcm_from_mulaw(bytes([SILENCE])).tolist() == [0]
