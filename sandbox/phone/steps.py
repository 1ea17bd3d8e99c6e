"""What a caller can be told to do, one step after the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Say:
    """Say something when the buddy has finished, or over it."""

    text: str
    wave: Path | None = None
    over: str | None = None  # as soon as the buddy has said this; at once if it is empty


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys: as the first step when the menu offers them, later as `Say` says something."""

    digits: str
    over: str | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up, whatever is going on."""

    after: float


Step = Say | Press | HangUp


def say(text: str, *, over: str | None = None) -> Say:
    """Say the text, in the sandbox's own voice."""
    return Say(text, over=over)


def play(wave: Path, *, over: str | None = None) -> Say:
    """Say what a WAV file holds."""
    return Say(wave.name, wave=wave, over=over)


def press(digits: str, *, over: str | None = None) -> Press:
    """Press these keys, one after the other."""
    return Press(digits, over)


def hang_up(*, after: float) -> HangUp:
    """Hang up so many seconds after the step before."""
    return HangUp(after)
