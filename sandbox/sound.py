"""Sound as files and services bring it, turned into what a telephone line carries.

A line carries μ-law at 8 kHz: one byte a sample, 160 bytes a 20 ms frame.
"""

from __future__ import annotations

import struct
from pathlib import Path

import aiohttp
import numpy as np
import numpy.typing as npt
import soxr

from sandbox.engines.mulaw import mulaw_from_pcm, mulaw_from_samples, pcm_from_mulaw

LINE_RATE = 8000
SPEECH_RATE = 24_000  # what `audio/speech` answers with for response_format pcm
SPEECH_TIMEOUT_SECONDS = 60.0

WAVE_PCM = 1
WAVE_MULAW = 7
WAVE_EXTENSIBLE = 0xFFFE


class UnreadableSound(Exception):
    """A file or an answer holds no sound that can be used; the text says why."""


class SpeechUnavailable(Exception):
    """The speech service gave no audio; the text says why."""


def line_audio(samples: npt.NDArray[np.int16], rate: int) -> bytes:
    """Return 16-bit samples of any rate as the line carries them."""
    if rate == LINE_RATE:
        return mulaw_from_samples(samples / 32768.0)
    resampled = soxr.resample(samples.astype(np.float32) / 32768.0, rate, LINE_RATE)
    return mulaw_from_samples(np.asarray(resampled, dtype=np.float32))


class LineSound:
    """Turns 16-bit little-endian samples into what a line carries, as they come."""

    def __init__(self, rate: int = SPEECH_RATE) -> None:
        self._resampler = soxr.ResampleStream(rate, LINE_RATE, 1, dtype="int16")
        self._odd = b""

    def feed(self, pcm: bytes, *, is_last: bool = False) -> bytes:
        """Take samples in pieces of any length; the last piece brings what was held back."""
        pcm, even = self._odd + pcm, (len(self._odd) + len(pcm)) // 2 * 2
        pcm, self._odd = pcm[:even], pcm[even:]
        samples = np.frombuffer(pcm, dtype="<i2")
        return mulaw_from_pcm(np.asarray(self._resampler.resample_chunk(samples, last=is_last)))


def read_wave(data: bytes) -> bytes:
    """Return a WAV file's sound as the line carries it: mono, 16-bit PCM or μ-law, any rate."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        message = "this is not a WAV file"
        raise UnreadableSound(message)
    chunks = _chunks(data)
    if "fmt " not in chunks or "data" not in chunks:
        message = "this WAV file is cut short"
        raise UnreadableSound(message)
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunks["fmt "][:16])
    if kind == WAVE_EXTENSIBLE and len(chunks["fmt "]) >= 26:  # noqa: PLR2004 - the true kind's end
        kind = struct.unpack("<H", chunks["fmt "][24:26])[0]
    sound = chunks["data"]
    if channels != 1:
        message = f"this WAV file has {channels} channels; a telephone has one"
        raise UnreadableSound(message)
    if (kind, bits) == (WAVE_MULAW, 8):
        return sound if rate == LINE_RATE else line_audio(pcm_from_mulaw(sound), rate)
    if (kind, bits) == (WAVE_PCM, 16):
        return line_audio(np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2"), rate)
    message = f"this WAV file is of kind {kind} with {bits} bits; take 16-bit PCM or μ-law"
    raise UnreadableSound(message)


def _chunks(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    position = 12
    while position + 8 <= len(data):
        name = data[position : position + 4].decode("latin-1")
        (size,) = struct.unpack("<I", data[position + 4 : position + 8])
        found.setdefault(name, data[position + 8 : position + 8 + size])
        position += 8 + size + size % 2
    return found


def write_wave(path: Path, audio: bytes) -> None:
    """Write what a line carried as a μ-law WAV file, which every player reads."""
    fmt = struct.pack("<HHIIHHH", WAVE_MULAW, 1, LINE_RATE, LINE_RATE, 1, 8, 0)
    fact = struct.pack("<I", len(audio))
    padding = b"\x00" * (len(audio) % 2)
    body = b"WAVE" + b"".join(
        name + struct.pack("<I", len(chunk)) + chunk
        for name, chunk in ((b"fmt ", fmt), (b"fact", fact), (b"data", audio))
    )
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + len(padding)) + body + padding)


async def speak(
    http: aiohttp.ClientSession, openai_url: str, text: str, *, voice: str = "alloy"
) -> bytes:
    """Have the sandbox's speech service say the text; return it as the line carries it."""
    order = {
        "model": "gpt-4o-mini-tts",
        "input": text,
        "voice": voice,
        "response_format": "pcm",
    }
    try:
        async with http.post(
            f"{openai_url}/v1/audio/speech",
            json=order,
            headers={"Authorization": "Bearer sandbox"},
            timeout=aiohttp.ClientTimeout(total=SPEECH_TIMEOUT_SECONDS),
        ) as answer:
            pcm = await answer.read()
            if answer.status != 200:  # noqa: PLR2004 - OK
                said = pcm[:200].decode("utf-8", "replace")
                message = f"the speech server answered {answer.status}: {said}"
                raise SpeechUnavailable(message)
    except (aiohttp.ClientError, TimeoutError) as error:
        message = f"no answer from the speech server at {openai_url}: {error!r}"
        raise SpeechUnavailable(message) from error
    return line_audio(np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2"), SPEECH_RATE)
