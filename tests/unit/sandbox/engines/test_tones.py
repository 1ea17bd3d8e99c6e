"""What script mode says can be read back to the character, whatever the line does to it."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engines.mulaw import SILENCE, mulaw_from_samples, samples_from_mulaw
from sandbox.engines.tones import (
    ALPHABET,
    CHARACTER_SAMPLES,
    FASTEST,
    ToneListener,
    pcm_from_text,
    speakable,
    tones_from_text,
)

PANGRAM = "the quick brown fox jumps over 13 lazy dogs. isn't it so? yes, all of them, bookkeeper!"
texts = st.text(ALPHABET, min_size=1, max_size=40)


def heard(audio: bytes) -> str:
    listener = ToneListener()
    listener.feed(audio)
    return listener.text


def silence(samples: int) -> bytes:
    return bytes([SILENCE]) * samples


def low_pass_and_decimate(pcm: bytes) -> bytes:
    """Go from 24 to 8 kHz as a product would: a windowed sinc of 96 taps, every third sample."""
    n = np.arange(96) - 47.5
    taps = np.sinc(2 * 3400 / 24_000 * n) * np.hamming(96)
    taps /= taps.sum()
    samples = np.frombuffer(pcm, dtype="<i2") / 32768
    return mulaw_from_samples(np.convolve(samples, taps)[::3])


@settings(max_examples=30, deadline=None)
@given(texts)
def test_text_survives_the_line(text: str) -> None:
    assert heard(tones_from_text(text)) == speakable(text)


@settings(max_examples=30, deadline=None)
@given(texts, st.integers(0, 400), st.integers(1, 700), st.integers(0, 2**32))
def test_framing_does_not_matter(text: str, lead: int, largest: int, seed: int) -> None:
    audio = silence(lead) + tones_from_text(text)
    listener, sizes = ToneListener(), np.random.default_rng(seed)

    said = []
    while audio:
        size = int(sizes.integers(1, largest + 1))
        said += listener.feed(audio[:size])
        audio = audio[size:]

    assert "".join(h.character for h in said) == speakable(text) == listener.text


@settings(max_examples=30, deadline=None)
@given(texts, st.integers(0, 2))
def test_text_survives_a_filter_and_any_phase(text: str, phase: int) -> None:
    pcm = b"\0\0" * phase + pcm_from_text(text)

    assert heard(low_pass_and_decimate(pcm) + silence(80)) == speakable(text)


@settings(max_examples=30, deadline=None)
@given(texts)
def test_text_survives_resampling_there_and_back(text: str) -> None:
    wide = soxr.resample(samples_from_mulaw(tones_from_text(text)), 8000, 24_000)
    narrow = soxr.resample(wide, 24_000, 8000)

    assert heard(mulaw_from_samples(narrow)) == speakable(text)


@pytest.mark.parametrize("speed", [0.25, 0.8, 1.2, 1.5, 4.0])
def test_text_survives_every_speed_and_takes_as_long_as_it_says(speed: float) -> None:
    text = "well, hello there. 100 bottles!"
    pcm = pcm_from_text(text, 24_000, speed=speed)
    samples = soxr.resample(np.frombuffer(pcm, dtype="<i2") / 32768, 24_000, 8000)

    assert heard(mulaw_from_samples(samples) + silence(80)) == text
    as_they_come = len(pcm_from_text(text, 24_000))
    assert len(pcm) == pytest.approx(as_they_come / min(speed, FASTEST), rel=0.01)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(PANGRAM) * CHARACTER_SAMPLES))
def test_a_cut_leaves_a_prefix_and_half_a_character_is_heard(cut: int) -> None:
    audio = tones_from_text(PANGRAM)[: CHARACTER_SAMPLES + cut]
    whole, rest = divmod(cut, CHARACTER_SAMPLES)

    text = heard(audio)

    assert PANGRAM.startswith(text)
    if rest < CHARACTER_SAMPLES // 3:
        assert len(text) == whole
    elif rest > CHARACTER_SAMPLES * 2 // 3:
        assert len(text) == whole + 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 30 * CHARACTER_SAMPLES), st.sampled_from([160, 480, 2400, 8000]))
def test_a_gap_inside_an_utterance_neither_eats_nor_doubles(at: int, gap: int) -> None:
    audio = tones_from_text("bookkeeper needs assessment all")

    assert heard(audio[:at] + silence(gap) + audio[at:]) == "bookkeeper needs assessment all"


@pytest.mark.parametrize("gap", [0, 40, 160, 2400])
def test_utterances_on_one_line_are_told_apart(gap: int) -> None:
    line = b"".join(
        tones_from_text(t) + silence(gap) for t in ("Hello.", "Oh", "hi there", "e", "e")
    )

    assert heard(line) == "hello. oh hi there e e"


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12 * CHARACTER_SAMPLES))
def test_a_new_utterance_after_a_cut_is_heard_whole(cut: int) -> None:
    line = tones_from_text("once upon a time")[:cut] + tones_from_text("once more")

    assert heard(line).endswith("once more")


def test_character_times_are_good_to_5_ms() -> None:
    listener = ToneListener()

    said = listener.feed(silence(1000) + tones_from_text("well, now"))

    for place, character in enumerate(said):
        began = 1000 + (place + 1) * CHARACTER_SAMPLES
        assert abs(character.started_at - began) <= 40
        assert character.ended_at - character.started_at == CHARACTER_SAMPLES


def test_noise_hum_and_clicks_say_nothing() -> None:
    rng = np.random.default_rng(1)
    times = np.arange(16_000) / 8000
    noise = 0.3 * rng.standard_normal(16_000)
    hum = 0.5 * np.sin(2 * np.pi * 500 * times)
    clicks = np.where(np.arange(16_000) % 997 == 0, 0.9, 0.0)

    assert [heard(mulaw_from_samples(wave)) for wave in (noise, hum, clicks)] == ["", "", ""]


def test_what_can_not_be_said_becomes_the_nearest_or_nothing() -> None:
    assert speakable("Café — “Naïve”:\n it’s 5\u00a0€!") == "cafe , naive, it's 5 !"
    assert tones_from_text("€") == b""
