"""The voices' process: `python -m sandbox.engines.pico`.

SVOX Pico reads a sentence in some 40 ms. It has two English voices, both female; the others are
made from them as a singer would change register: read at another pitch and pace, then played at
another rate, which moves the formants too, as a longer or shorter throat does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sandbox.engines.frames import Answers, EngineLoop
from sandbox.engines.fresh_pico import FreshPico
from sandbox.engines.roles import SPEECH_RATE

NICE = 1  # it is quick, and silence is what callers mind most
PICO_RATE = 16_000
PIECE_BYTES = SPEECH_RATE // 5 * 2  # 200 ms
LONGEST_SENTENCE = 280  # characters
LOUDNESS = 0.09  # root mean square of a sentence, of full scale
LOUDEST = 0.95
PAUSE_SECONDS = 0.18  # between sentences
SLOWEST, FASTEST = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Register:
    """How one voice is made."""

    accent: str
    pitch: float  # of Pico's own
    pace: float  # of Pico's own
    throat: float  # rate of playing: below one is a longer throat, lower and slower


REGISTERS = {
    "alloy": Register("en-US", pitch=1.04, pace=0.95, throat=1.0),
    "marin": Register("en-GB", pitch=1.0, pace=0.95, throat=1.0),
    "sage": Register("en-US", pitch=0.95, pace=0.95, throat=0.98),
    "coral": Register("en-GB", pitch=1.2, pace=0.98, throat=1.03),
    "ballad": Register("en-GB", pitch=0.75, pace=1.1, throat=0.76),
    "cedar": Register("en-US", pitch=0.85, pace=1.08, throat=0.85),
    "ash": Register("en-GB", pitch=0.92, pace=1.3, throat=0.87),
}
NEAREST = {
    "nova": "coral",
    "shimmer": "sage",
    "fable": "cedar",
    "echo": "cedar",
    "onyx": "ballad",
    "verse": "ash",
}


def register_of(voice: str) -> str:
    """Return the name of the register that speaks for one of OpenAI's voices."""
    return NEAREST.get(voice, voice)


def sentences(text: str) -> Iterator[str]:
    """Split at the ends of sentences, and long ones where a reader would breathe."""
    plain = " ".join(
        re.sub(r"[<>*_#`|\\^~\[\]{}]", " ", text).split()
    )  # Pico reads tags, aloud or not
    for sentence in re.split(r"(?<=[.!?])\s|(?<=[.!?]['\")])\s", plain):
        rest = sentence.strip()
        while len(rest) > LONGEST_SENTENCE:
            breath = max(rest.rfind(mark, 0, LONGEST_SENTENCE) for mark in (", ", "; ", ": "))
            if breath <= 0:
                breath = rest.rfind(" ", 1, LONGEST_SENTENCE)
            cut = breath + 1 if breath > 0 else LONGEST_SENTENCE
            yield rest[:cut].strip()
            rest = rest[cut:].strip()
        if re.search(r"\w", rest):
            yield rest


def main() -> None:
    """Load the voices and serve."""
    os.nice(NICE)
    reader = FreshPico()  # forks, so it comes before any thread
    loop = EngineLoop(0)
    import soxr  # noqa: PLC0415 - after the fork

    def read(sentence: str, register: Register, speed: float) -> bytes:
        pace = min(FASTEST, max(SLOWEST, register.pace * speed))
        pcm = reader.read(sentence, register.accent, register.pitch, pace)
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768
        if not len(samples):
            return b""
        played = soxr.resample(samples, PICO_RATE * register.throat, SPEECH_RATE)
        gain = LOUDNESS / max(1e-4, float(np.sqrt(np.mean(played * played))))
        gain = min(gain, LOUDEST / max(1e-4, float(np.max(np.abs(played)))))
        loud: bytes = (played * gain * 32767).astype("<i2").tobytes()
        return loud

    def speak(header: dict[str, Any], _payload: bytes) -> Answers:
        register = REGISTERS[register_of(header["voice"])]
        pause = b""
        for sentence in sentences(header["text"]):
            audio = pause + read(sentence, register, header["speed"])
            pause = bytes(2 * int(SPEECH_RATE * PAUSE_SECONDS))
            for at in range(0, len(audio), PIECE_BYTES):
                yield {}, audio[at : at + PIECE_BYTES]

    for _ in speak({"voice": "marin", "speed": 1.0, "text": "Hello."}, b""):
        pass
    loop.run({"speak": speak})


if __name__ == "__main__":
    main()
