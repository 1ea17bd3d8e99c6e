"""Turns 24 kHz speech into 8 kHz as it arrives, holding nothing back.

A 96-tap low-pass (Kaiser 6, 3.6 kHz) before every third sample is kept: what lies above 4 kHz
would otherwise fold back into the speech. Its delay is 2 ms, and the first samples come out
with the first bytes in.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

IN_RATE: Final = 24_000
OUT_RATE: Final = 8_000
_FACTOR: Final = IN_RATE // OUT_RATE
_TAPS: Final = 96
_ROW: Final = 16  # samples made at once: one product of matrices, and little of it for nothing
_CUTOFF: Final = 3_600  # Hz: keeps the telephone's 300 to 3400 and ends well before the fold


def _low_pass() -> NDArray[np.float32]:
    moment = np.arange(_TAPS) - (_TAPS - 1) / 2
    kernel = np.sinc(2 * _CUTOFF / IN_RATE * moment) * np.kaiser(_TAPS, 6)
    taps: NDArray[np.float32] = (kernel / kernel.sum()).astype(np.float32)
    return taps


def _toeplitz() -> NDArray[np.float32]:
    """Return the matrix that makes `_ROW` samples of the stretch of signal that they depend on."""
    matrix = np.zeros((_TAPS + (_ROW - 1) * _FACTOR, _ROW), np.float32)
    for place in range(_ROW):
        matrix[place * _FACTOR : place * _FACTOR + _TAPS, place] = _low_pass()
    return matrix


_MATRIX = _toeplitz()
_STRETCH: Final = len(_MATRIX)


class Downsampler:
    """Takes 16-bit little-endian mono at 24 kHz in pieces of any length, odd ones too."""

    def __init__(self) -> None:
        self._odd = b""
        # Silence before the first sample, less two: it is then among the samples that are kept.
        self._waiting = np.zeros(_TAPS - 1, np.float32)

    def feed(self, pcm: bytes) -> NDArray[np.int16]:
        """Return all 8 kHz samples that the bytes so far allow."""
        if self._odd:
            pcm = self._odd + pcm
        fresh = len(pcm) // 2
        self._odd = pcm[2 * fresh :]
        waiting = len(self._waiting)
        length = waiting + fresh
        kept = max((length - _TAPS) // _FACTOR + 1, 0)
        rows = -(-kept // _ROW)
        signal = np.empty(max(length, (rows - 1) * _ROW * _FACTOR + _STRETCH), np.float32)
        signal[:waiting] = self._waiting
        signal[waiting:length] = np.frombuffer(pcm, "<i2", fresh)
        signal[length:] = 0
        self._waiting = signal[kept * _FACTOR : length].copy()
        # Stretches overlap. This is `as_strided` without its checks, which cost as much as the rest.
        steps = (_ROW * _FACTOR * signal.itemsize, signal.itemsize)
        stretches: NDArray[np.float32] = np.ndarray(
            (rows, _STRETCH), np.float32, signal, strides=steps
        )
        filtered = (stretches @ _MATRIX).reshape(-1)[:kept]
        np.rint(filtered, out=filtered)
        np.maximum(filtered, -32768, out=filtered)
        np.minimum(filtered, 32767, out=filtered)
        return filtered.astype(np.int16)
