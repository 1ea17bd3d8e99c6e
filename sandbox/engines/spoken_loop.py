"""Measures the voices: `python -m sandbox.engines.spoken_loop [--write TABLE.md]`.

Every voice says the same sentences through `/v1/audio/speech`; what a telephone line makes of them
goes through `/v1/listen`, and what was heard is compared with what was to be said.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import numpy as np
import numpy.typing as npt

from sandbox.config import SandboxConfig
from sandbox.deepgram.accuracy import OPTIONS, put_between, read
from sandbox.deepgram.app import create_app as create_deepgram
from sandbox.engines.mulaw import samples_from_mulaw
from sandbox.engines.pico import REGISTERS
from sandbox.engines.supervision import EngineRoom
from sandbox.openai.app import create_app as create_openai
from sandbox.serving import serving
from sandbox.sound import speak

PACE = 3.0  # times real time: it is the voices that are measured here
SENTENCES = (
    "Hello there, this is your buddy speaking. How has your day been so far?",
    "The weather tomorrow will be sunny with a light wind from the west.",
    "Once upon a time a small boat sailed across the quiet sea at night.",
    "I would start with onions, garlic and two cups of brown rice.",
    "They lost the game in the last minute, after a free kick from the left.",
    "Take a deep breath and tell me one thing that went well today.",
    "You have about one minute of talk time left, so let us finish our story.",
    "That is a great question, and the honest answer is that nobody knows.",
    "Good evening, Sam. Shall we start with the world, or with something closer to home?",
    "I have never tasted bread, but I can tell you how to bake it.",
    "Did you know that the first telephone call was made to the room next door?",
    "My team lost again, but I still believe in them.",
    "Sorry, I did not catch that. Could you say it once more?",
    "Let me think about it for a moment, then I will give you two ideas.",
    "It sounds like you had a long week. What would help you rest tonight?",
    "Goodbye for now, and thank you for calling.",
)


@dataclass(frozen=True, slots=True)
class VoiceReading:
    """How one voice did."""

    voice: str
    pitch: float
    words: int
    errors: int
    seconds: float


def median_pitch(audio: bytes) -> float:
    """Return the median fundamental frequency of the voiced parts, by autocorrelation."""
    samples = samples_from_mulaw(audio)
    window, hop = 400, 80  # 50 ms, 10 ms
    found = [
        pitch
        for at in range(0, len(samples) - window, hop)
        if (pitch := _pitch(samples[at : at + window])) is not None
    ]
    return statistics.median(found)


def _pitch(window: npt.NDArray[np.float64]) -> float | None:
    window = window - window.mean()
    correlation = np.correlate(window, window, "full")[len(window) - 1 :]
    if correlation[0] < 1e-3 * len(window):
        return None
    shortest, longest = 8000 // 350, 8000 // 70
    lag = shortest + int(correlation[shortest:longest].argmax())
    return 8000 / lag if correlation[lag] > correlation[0] / 2 else None


async def measure(voices: Sequence[str]) -> list[VoiceReading]:
    """Let every voice speak and hear it."""
    config = SandboxConfig()
    room = EngineRoom(config, parts=("recogniser", "voices"))
    async with (
        room,
        serving(create_deepgram(config, room.engines)) as deepgram,
        serving(create_openai(config, room.engines)) as openai,
        aiohttp.ClientSession() as http,
    ):
        await room.until_ready()
        url = f"{deepgram.replace('http', 'ws')}/v1/listen?{OPTIONS}"
        readings = []
        for voice in voices:
            lines = [await speak(http, openai, text, voice=voice) for text in SENTENCES]
            heard = [
                await read(url, text, line, text, PACE)
                for text, line in zip(SENTENCES, lines, strict=True)
            ]
            for reading in heard:
                if reading.errors:
                    sys.stderr.write(f"{voice}: {reading.name} -> {reading.text}\n")
            readings.append(
                VoiceReading(
                    voice,
                    median_pitch(b"".join(lines)),
                    sum(reading.words for reading in heard),
                    sum(reading.errors for reading in heard),
                    sum(reading.seconds for reading in heard),
                )
            )
        return readings


def table(readings: list[VoiceReading]) -> str:
    """Write the readings as Markdown."""
    rows = [
        f"| {r.voice} | {REGISTERS[r.voice].accent} | {REGISTERS[r.voice].throat:g} | {r.pitch:.0f} Hz "
        f"| {60 * r.words / r.seconds:.0f} | {r.errors} of {r.words} "
        f"| {100 * r.errors / r.words:.1f} % |"
        for r in readings
    ]
    head = [
        "| voice | accent | throat | median pitch | words a minute | errors | word error rate |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def main() -> None:
    """Measure and print, or write."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.engines.spoken_loop")
    parser.add_argument("voices", nargs="*", default=list(REGISTERS), help="all without a name")
    parser.add_argument("--write", type=Path, help="put the table between a file's markers")
    options = parser.parse_args()
    report = table(asyncio.run(measure(options.voices)))
    if options.write:
        put_between("voices", options.write, report)
    else:
        sys.stdout.write(report)


if __name__ == "__main__":
    main()
