"""The recogniser's process: `python -m sandbox.engines.whisper FOLDER`.

Whisper reads windows of 30 seconds, whatever was said in them. Reading only as much as there is
takes a third of the time, but now and then it goes round in circles or loses words, and then it
is not sure of itself: so a piece is read quickly first, and carefully where that gave doubt. About
0.2 and 0.6 seconds of one core. Interim results are always read quickly.
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sandbox.engines.frames import Answers, EngineLoop
from sandbox.engines.mulaw import samples_from_mulaw
from sandbox.engines.process import MISSING_MODEL_STATUS

NICE = 2  # below the servers, above the language model: a caller waits for words first
WHISPER_RATE = 16_000
FRAMES_A_SECOND = 100
MOST_FRAMES = 3000  # of the window that the model was trained on
SPARE_SECONDS = 2.0  # of silence after the words in a quick reading
DOUBT = -0.25  # mean log probability of a token below which a piece is read again
WORDS_A_SECOND, SPARE_WORDS = 5, 3  # who speaks faster goes round in circles
TOKENS_A_WORD = 3
SILENCE_LIKELY, HARDLY_WORDS = 0.6, -1.0  # together: there were no words


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, how sure Whisper is of it, and whether it makes sense at all."""

    text: str
    likelihood: float
    is_circular: bool = False

    @property
    def is_doubtful(self) -> bool:
        return self.is_circular or self.likelihood < DOUBT


class Reader:
    """Whisper, quick or careful."""

    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel  # noqa: PLC0415 - after the niceness is set
        from faster_whisper.tokenizer import Tokenizer  # noqa: PLC0415 - as above

        threads = min(2, os.cpu_count() or 1)
        self._model = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads
        )
        self._tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual=False)

    def quickly(self, samples: Any, key_terms: str | None) -> Reading:
        """Read no more than there is."""
        seconds = len(samples) / WHISPER_RATE
        frames = min(MOST_FRAMES, int((seconds + SPARE_SECONDS) * FRAMES_A_SECOND) // 2 * 2)
        features = self._model.feature_extractor(samples)[:, :frames]
        features = np.pad(features, ((0, 0), (0, frames - features.shape[1])))
        words = int(seconds * WORDS_A_SECOND) + SPARE_WORDS
        tokenizer = self._tokenizer
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        if key_terms:
            prompt = [tokenizer.sot_prev, *tokenizer.encode(f" {key_terms}"), *prompt]
        found = self._model.model.generate(
            self._model.encode(np.ascontiguousarray(features)),
            [prompt],
            beam_size=1,
            max_length=min(448, len(prompt) + TOKENS_A_WORD * words),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        if found.no_speech_prob > SILENCE_LIKELY and found.scores[0] < HARDLY_WORDS:
            return Reading("", 0.0)
        text = tokenizer.decode(found.sequences_ids[0]).strip()
        return Reading(text, found.scores[0], is_circular=len(text.split()) > words)

    def carefully(self, samples: Any, key_terms: str | None) -> Reading:
        """Read as the model was trained to."""
        segments, _ = self._model.transcribe(
            samples,
            language="en",
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            hotwords=key_terms,
        )
        found = list(segments)
        text = " ".join(segment.text.strip() for segment in found)
        return Reading(text, sum(s.avg_logprob for s in found) / max(1, len(found)))


def main(folder: Path) -> None:
    """Load the model and serve."""
    loop = EngineLoop(NICE)
    if not (folder / "model.bin").exists():
        sys.stderr.write(f"no recogniser in {folder}: run python -m sandbox.engines.models\n")
        sys.exit(MISSING_MODEL_STATUS)
    os.environ["HF_HUB_OFFLINE"] = "1"
    import soxr  # noqa: PLC0415 - after the niceness is set

    reader = Reader(folder)

    def hear(header: dict[str, Any], payload: bytes) -> Answers:
        narrow = samples_from_mulaw(payload).astype(np.float32)
        samples = soxr.resample(narrow, 8000, WHISPER_RATE)
        key_terms = ", ".join(header["key_terms"]) or None
        reading = reader.quickly(samples, key_terms)
        if header["is_final"] and reading.is_doubtful:
            reading = reader.carefully(samples, key_terms)
        text = "" if reading.is_circular else reading.text
        yield {"text": text, "confidence": math.exp(min(0.0, reading.likelihood))}, b""

    for is_final in (True, False):  # the first time takes longer
        for _ in hear({"key_terms": (), "is_final": is_final}, b"\xff" * 8000):
            pass
    loop.run({"hear": hear})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
