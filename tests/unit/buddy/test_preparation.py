"""What is made ready before the programs start."""

from __future__ import annotations

from pathlib import Path

from buddy.preparation import forget_other_voices
from shared.settings import Settings


def spoken(data: Path) -> Path:
    """Return an announcement that some voice spoke."""
    file = data / "announcements" / "3f2a.ulaw"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\xff")
    return file


def test_announcements_in_tones_are_not_kept_for_real_voices(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    forget_other_voices(settings, {"BUDDY_SANDBOX_SCRIPT": "1"})
    tones = spoken(tmp_path)

    forget_other_voices(settings, {})

    assert not tones.exists()


def test_announcements_of_the_same_voices_are_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    forget_other_voices(settings, {})
    file = spoken(tmp_path)

    forget_other_voices(settings, {})

    assert file.exists()


def test_what_a_vendor_spoke_is_kept(tmp_path: Path) -> None:
    file = spoken(tmp_path)

    real = Settings.model_construct(environment="production", data_dir=tmp_path)
    forget_other_voices(real, {})

    assert file.exists()
