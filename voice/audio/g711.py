"""G.711 μ-law: the telephone's 8 bits for 16, by tables made once.

The tables follow the definition (bias 132, clip 32635), so every code decodes and encodes back
to itself, but for negative zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SILENCE = b"\xff"  # positive zero

_BIAS = 132
_CLIP = 32635


def _decode_table() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = ((code >> 4) & 7).astype(np.int32)
    mantissa = (code & 15).astype(np.int32)
    magnitude = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _encode_table() -> NDArray[np.uint8]:
    """Return the code of every 16-bit sample, indexed by the sample read as unsigned."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    sign = np.where(sample < 0, 0x80, 0)
    code: NDArray[np.int32] = ~(sign | (exponent << 4) | mantissa) & 0xFF
    return code.astype(np.uint8)


_DECODED = _decode_table()
_ENCODED = _encode_table()


def encode(samples: NDArray[np.int16]) -> bytes:
    """Return the samples as μ-law, one byte each."""
    return _ENCODED.take(samples.view(np.uint16)).tobytes()


def decode(audio: bytes) -> NDArray[np.int16]:
    """Return the samples that μ-law audio stands for."""
    return _DECODED.take(np.frombuffer(audio, np.uint8))


_FAINT = bytes((*range(0x70, 0x80), *range(0xF0, 0x100)))  # below -49 dB


def is_silent(audio: bytes) -> bool:
    """Tell whether next to nothing can be heard in `audio`."""
    return len(audio.translate(None, _FAINT)) * 20 <= len(audio)
