"""Speech that a machine can read back to the letter: what script mode says and hears.

Each character is 40 ms of three tones, one of seven low, one of seven high and one of two that
alternate from character to character, so that a doubled letter is two letters and a letter torn
apart by a gap is one. All of it lies between 400 and 2600 Hz: it survives the telephone band,
resampling, μ-law and any framing. Every utterance begins with a marker of the same length, which
reads as the space between two utterances on one line. A character counts as heard once about half
of it has been heard; times are good to 5 ms. Speech at another speed has longer or shorter
characters, down to those that can still be read.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sandbox.engines.mulaw import mulaw_from_samples, samples_from_mulaw

SAMPLE_RATE = 8000
CHARACTER_MS = 40
CHARACTER_SAMPLES = SAMPLE_RATE * CHARACTER_MS // 1000
ALPHABET = " abcdefghijklmnopqrstuvwxyz0123456789'.,?!"

_LOW = (400, 500, 600, 700, 800, 900, 1000)
_HIGH = (1300, 1400, 1500, 1600, 1700, 1800, 1900)
_TURN = (2300, 2600)
_START = len(ALPHABET)  # the symbol that begins an utterance

SLOWEST, FASTEST = 0.25, 1.5  # a character of less than 26 ms has too few clear windows

_AMPLITUDE = 0.25  # of full scale, each tone; three of them leave headroom
_RAMP_MS = 2  # a soft edge: no click, no splatter into neighbouring tones

_WINDOW = 80  # samples; 10 ms make tones 100 Hz apart orthogonal
_HOP = 40
_WINDOWS_TO_HEAR = 3  # 20 ms: half of a character
_QUIET = 1e-4  # mean square below which a window is silence
_MIN_SHARE = 0.8  # of a window's energy in its three tones; less is a boundary, or no tones at all
_MIN_TONE_SHARE = 0.08  # of each: a hum or a whistle is no character

_TONES = np.array(_LOW + _HIGH + _TURN)
_BASIS = np.exp(-2j * np.pi * np.outer(np.arange(_WINDOW), _TONES) / SAMPLE_RATE)

_NEAREST = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "…": ".", ":": ",", ";": ",", "–": ",", "—": ",", "-": " "}
)


@dataclass(frozen=True, slots=True)
class HeardCharacter:
    """A character and the samples it took, counted from the listener's first."""

    character: str
    started_at: int
    ended_at: int


def speakable(text: str) -> str:
    """Return the text as it will be heard: lower case, nearest characters, single spaces."""
    plain = unicodedata.normalize("NFKD", text.translate(_NEAREST)).casefold()
    kept = "".join(c if c in ALPHABET else " " * c.isspace() for c in plain)
    return " ".join(kept.split())


def tones_from_text(text: str) -> bytes:
    """Return one utterance as μ-law at 8 kHz."""
    return mulaw_from_samples(_wave(text, SAMPLE_RATE))


def pcm_from_text(text: str, sample_rate: int = 24_000, *, speed: float = 1.0) -> bytes:
    """Return one utterance as 16-bit little-endian PCM."""
    return (_wave(text, sample_rate, speed) * 32767).astype("<i2").tobytes()


def _wave(text: str, sample_rate: int, speed: float = 1.0) -> npt.NDArray[np.float64]:
    words = speakable(text)
    if not words:
        return np.zeros(0)
    symbols = [_START, *(ALPHABET.index(c) for c in words)]
    length = round(sample_rate * CHARACTER_MS / min(max(speed, SLOWEST), FASTEST) / 1000)
    times = np.arange(length) / sample_rate
    ramp = np.minimum(1.0, (np.arange(length) + 1) / (sample_rate * _RAMP_MS / 1000))
    envelope = _AMPLITUDE * ramp * ramp[::-1]
    return np.concatenate(
        [
            envelope * sum(np.sin(2 * np.pi * tone * times) for tone in _chord(symbol, place % 2))
            for place, symbol in enumerate(symbols)
        ]
    )


def _chord(symbol: int, turn: int) -> tuple[int, int, int]:
    low, high = divmod(symbol, len(_HIGH))
    return _LOW[low], _HIGH[high], _TURN[turn]


class ToneListener:
    """Reads tones off a line, in chunks of any size."""

    def __init__(self) -> None:
        self._pending = np.zeros(0)
        self._position = 0  # of the first pending sample
        self._seen: tuple[int, int] | None = None  # symbol and turn of the latest clear window
        self._seen_at = 0
        self._windows = 0
        self._text: list[str] = []

    @property
    def text(self) -> str:
        """All that has been heard."""
        return "".join(self._text)

    def feed(self, audio: bytes) -> list[HeardCharacter]:
        """Take μ-law and return the characters that became clear with it."""
        samples = np.concatenate([self._pending, samples_from_mulaw(audio)])
        count = max(0, (len(samples) - _WINDOW) // _HOP + 1)
        heard: list[HeardCharacter] = []
        if count:
            windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP][:count]
            for offset, found in enumerate(_read(windows)):
                if found is None:
                    continue
                character = self._notice(found, self._position + offset * _HOP)
                if character is not None:
                    heard.append(character)
        self._pending = samples[count * _HOP :]
        self._position += count * _HOP
        return heard

    def _notice(self, found: tuple[int, int], at: int) -> HeardCharacter | None:
        if found != self._seen:
            self._seen, self._seen_at, self._windows = found, at, 0
        self._windows += 1
        if self._windows != _WINDOWS_TO_HEAR:
            return None
        symbol, _ = found
        if symbol != _START:
            character = ALPHABET[symbol]
        elif self._text and self._text[-1] != " ":
            character = " "
        else:
            return None
        self._text.append(character)
        return HeardCharacter(character, self._seen_at, self._seen_at + CHARACTER_SAMPLES)


def _read(windows: npt.NDArray[np.float64]) -> list[tuple[int, int] | None]:
    """Return each window's symbol and turn, or None where there is no clear one."""
    energy = np.einsum("ij,ij->i", windows, windows)
    shares = np.abs(windows @ _BASIS) ** 2 / (np.maximum(energy, 1e-12)[:, None] * _WINDOW / 2)
    groups = np.split(shares, [len(_LOW), len(_LOW) + len(_HIGH)], axis=1)
    best = np.stack([group.max(axis=1) for group in groups], axis=1)
    low, high, turn = (group.argmax(axis=1) for group in groups)
    symbols = low * len(_HIGH) + high
    is_clear = (
        (energy > _QUIET * _WINDOW)
        & (best.sum(axis=1) > _MIN_SHARE)
        & (best.min(axis=1) > _MIN_TONE_SHARE)
        & (symbols <= _START)
    )
    return [(int(symbols[i]), int(turn[i])) if is_clear[i] else None for i in range(len(windows))]
