"""A PIN off the keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.conversation.pin_entry import KEY_SECONDS, PinEntry


def typed(keys: str, every: float = 1.0) -> list[str]:
    entry = PinEntry()
    pressed = (entry.press(key, number * every) for number, key in enumerate(keys))
    return [pin for pin in pressed if pin is not None]


@pytest.mark.parametrize(
    ("keys", "pins"),
    [
        ("*8305", ["8305"]),
        ("8305", []),
        ("*830", []),
        ("*83#05", []),
        ("*83*8305", ["8305"]),  # a star begins anew
        ("**8305", ["8305"]),
        ("*83059", ["8305"]),
        ("*8305*1111", ["8305", "1111"]),
        ("12*8305", ["8305"]),
    ],
)
def test_star_and_four_digits_are_a_pin(keys: str, pins: list[str]) -> None:
    assert typed(keys) == pins


def test_keys_that_come_too_late_are_no_part_of_it() -> None:
    assert typed("*8305", every=KEY_SECONDS) == ["8305"]
    assert typed("*8305", every=KEY_SECONDS + 0.1) == []


@given(st.text("0123456789*#", max_size=30))
def test_whatever_is_typed_a_pin_is_what_follows_a_star(keys: str) -> None:
    for pin in typed(keys):
        assert f"*{pin}" in keys
        assert len(pin) == 4
