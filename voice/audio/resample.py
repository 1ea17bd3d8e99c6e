"""Turns 24 kHz speech into 8 kHz as it arrives, holding nothing back.

A 96-tap low-pass (Kaiser 6, 3.6 kHz) before every third sample is kept: what lies above 4 kHz
would otherwise fold back into the speech. Its delay is 2 ms, and the first samples come out
with the first bytes in.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

IN_RATE: Final = 24_000
OUT_RATE: Final = 8_000
_FACTOR: Final = IN_RATE // OUT_RATE
_TAPS: Final = 96
_CUTOFF: Final = 3_600  # Hz: keeps the telephone's 300 to 3400 and ends well before the fold


def _low_pass() -> NDArray[np.float32]:
    moment = np.arange(_TAPS) - (_TAPS - 1) / 2
    kernel = np.sinc(2 * _CUTOFF / IN_RATE * moment) * np.kaiser(_TAPS, 6)
    taps: NDArray[np.float32] = (kernel / kernel.sum()).astype(np.float32)
    return taps


_KERNEL = _low_pass()


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
        whole = len(pcm) & ~1
        self._odd = pcm[whole:]
        fresh = np.frombuffer(pcm, "<i2", count=whole // 2).astype(np.float32)
        signal = np.concatenate((self._waiting, fresh))
        kept = (len(signal) - _TAPS) // _FACTOR + 1
        if kept <= 0:
            self._waiting = signal
            return np.empty(0, np.int16)
        windows = sliding_window_view(signal, _TAPS)[: kept * _FACTOR : _FACTOR]
        # A contiguous copy first: the product on overlapping windows is three times as slow.
        filtered: NDArray[np.float32] = np.ascontiguousarray(windows) @ _KERNEL
        self._waiting = signal[kept * _FACTOR :]
        return np.clip(np.rint(filtered), -32768, 32767).astype(np.int16)
