"""The recogniser's process: `python -m sandbox.engines.whisper FOLDER`.

Whisper tiny.en on int8: about 0.4 s of two cores for a piece of speech, whatever its length.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from sandbox.engines.frames import Answers, EngineLoop
from sandbox.engines.mulaw import samples_from_mulaw
from sandbox.engines.process import MISSING_MODEL_STATUS

NICE = 2  # below the servers, above the language model: a caller waits for words first
WHISPER_RATE = 16_000


def main(folder: Path) -> None:
    """Load the model and serve."""
    loop = EngineLoop(NICE)
    if not (folder / "model.bin").exists():
        sys.stderr.write(f"no recogniser in {folder}: run python -m sandbox.engines.models\n")
        sys.exit(MISSING_MODEL_STATUS)
    os.environ["HF_HUB_OFFLINE"] = "1"
    import soxr  # noqa: PLC0415 - after the niceness is set
    from faster_whisper import WhisperModel  # noqa: PLC0415 - as above

    model = WhisperModel(
        str(folder), device="cpu", compute_type="int8", cpu_threads=min(2, os.cpu_count() or 1)
    )

    def hear(header: dict[str, Any], payload: bytes) -> Answers:
        narrow = samples_from_mulaw(payload).astype(np.float32)
        segments, _ = model.transcribe(
            soxr.resample(narrow, 8000, WHISPER_RATE),
            language="en",
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            hotwords=", ".join(header["key_terms"]) or None,
        )
        found = list(segments)
        text = " ".join(segment.text.strip() for segment in found)
        likelihood = sum(segment.avg_logprob for segment in found) / max(1, len(found))
        yield {"text": text, "confidence": math.exp(min(0.0, likelihood))}, b""

    for _ in hear({"key_terms": ()}, b"\xff" * 8000):  # the first time takes longer
        pass
    loop.run({"hear": hear})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
