"""Tells voice from everything else on a telephone line: Silero VAD, 32 ms at a time.

It runs in the servers' own process: a chunk takes a fifth of a millisecond, and what it decides
(somebody speaks, somebody has stopped) must not wait for a busy engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sandbox.engines.mulaw import SILENCE, samples_from_mulaw

CHUNK = 256  # samples; the model's own size at 8 kHz
_CONTEXT = 32  # samples of the chunk before
_ENTERS, _LEAVES = 0.5, 0.35  # probabilities: who speaks is believed longer than who begins


class VoiceDetector:
    """The model, shared by all streams."""

    def __init__(self, path: Path) -> None:
        import onnxruntime  # noqa: PLC0415 - only who has engines needs it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._rate = np.array(8000, dtype=np.int64)

    def listen(self) -> VoiceActivity:
        """Begin with a new stream."""
        return VoiceActivity(self)

    def probability(self, samples: Any, state: Any) -> tuple[float, Any]:
        """Run the model once."""
        out, state = self._session.run(None, {"input": samples, "state": state, "sr": self._rate})
        return float(out[0, 0]), state


class VoiceActivity:
    """One stream's voice."""

    def __init__(self, detector: VoiceDetector) -> None:
        self._detector = detector
        self._state = np.zeros((2, 1, 128), dtype=np.float32)
        self._before = np.zeros(_CONTEXT, dtype=np.float32)
        self._is_voice = False

    def notices(self, chunk: bytes) -> bool:
        """Take the next chunk; a short one is filled up with silence."""
        audio = chunk.ljust(CHUNK, bytes([SILENCE]))
        samples = samples_from_mulaw(audio).astype(np.float32)
        probability, self._state = self._detector.probability(
            np.concatenate([self._before, samples])[None], self._state
        )
        self._before = samples[-_CONTEXT:]
        self._is_voice = probability >= (_LEAVES if self._is_voice else _ENTERS)
        return self._is_voice
