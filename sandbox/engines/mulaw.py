"""G.711 μ-law, as tables: the sandbox's own, so that it can't agree with a mistake of the product.

ITU-T G.711: sign, three bits of segment, four of step, all inverted on the wire.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SILENCE = 0xFF  # positive zero

_BIAS = 0x84
_CLIP = 32635


def _expand(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS << (code >> 4 & 0x07)) - _BIAS
    return -magnitude if code & 0x80 else magnitude


_EXPANDED = np.array([_expand(code) for code in range(256)], dtype=np.int16)


def _compress_all() -> npt.NDArray[np.uint8]:
    samples = np.arange(-32768, 32768)
    magnitudes = np.minimum(np.abs(samples), _CLIP) + _BIAS
    segments = np.floor(np.log2(magnitudes)).astype(int) - 7
    steps = magnitudes >> (segments + 3) & 0x0F
    codes = ~(np.where(samples < 0, 0x80, 0) | segments << 4 | steps) & 0xFF
    return np.asarray(codes, dtype=np.uint8)


_COMPRESSED = _compress_all()


def pcm_from_mulaw(audio: bytes) -> npt.NDArray[np.int16]:
    """Return 16-bit samples."""
    return _EXPANDED[np.frombuffer(audio, dtype=np.uint8)]


def mulaw_from_pcm(samples: npt.NDArray[np.int16]) -> bytes:
    """Return one byte a sample."""
    return _COMPRESSED[samples.astype(np.int32) + 32768].tobytes()


def samples_from_mulaw(audio: bytes) -> npt.NDArray[np.float64]:
    """Return samples between -1 and 1."""
    return pcm_from_mulaw(audio) / 32768.0


def mulaw_from_samples(samples: npt.NDArray[np.floating]) -> bytes:
    """Return one byte a sample; what is beyond -1 and 1 is clipped."""
    return mulaw_from_pcm(np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16))
