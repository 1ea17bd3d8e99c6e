"""Sound files on their way to the line."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest

from sandbox.engines.mulaw import samples_from_mulaw
from sandbox.sound import UnreadableSound, line_audio, read_wave, write_wave


def pcm_wave(rate: int, samples: np.ndarray, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def sine(rate: int, hertz: float, seconds: float) -> np.ndarray:
    times = np.arange(int(rate * seconds)) / rate
    return (12_000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def loudest_hertz(audio: bytes) -> float:
    spectrum = np.abs(np.fft.rfft(samples_from_mulaw(audio)))
    return float(np.argmax(spectrum) * 8000 / len(audio))


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_any_rate_keeps_its_length_and_its_pitch(rate: int) -> None:
    audio = read_wave(pcm_wave(rate, sine(rate, 500, 1)))

    assert abs(len(audio) - 8000) <= 2
    assert abs(loudest_hertz(audio) - 500) < 2


def test_what_a_telephone_can_not_carry_is_filtered_out() -> None:
    audio = line_audio(sine(24_000, 6000, 1), 24_000)

    assert np.abs(samples_from_mulaw(audio)[500:-500]).max() < 0.01


def test_a_recording_comes_back_as_it_was_written(tmp_path: Path) -> None:
    audio = bytes(range(255))
    write_wave(tmp_path / "heard.wav", audio)

    assert read_wave((tmp_path / "heard.wav").read_bytes()) == audio


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"ID3 and so on", "not a WAV"),
        (b"RIFF\0\0\0\0WAVE", "cut short"),
        (pcm_wave(8000, np.zeros(8, np.int16), channels=2), "2 channels"),
    ],
)
def test_what_can_not_be_used_is_said(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableSound, match=words):
        read_wave(data)
