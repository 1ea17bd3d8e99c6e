"""What the caller's keys mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.conversation.keypad import (
    KEY_SECONDS,
    Keypad,
    PlainKey,
    Shortcut,
    Typed,
    TypedPin,
)


def typed(keys: str, every: float = 1.0) -> list[Typed]:
    keypad = Keypad()
    read = (keypad.press(key, number * every) for number, key in enumerate(keys, start=1))
    return [what for what in read if what is not None]


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ("**8305", [TypedPin("8305")]),
        ("***8305", [TypedPin("8305")]),  # who is not sure presses it once more
        ("**830", []),
        ("**83#05", [PlainKey("0"), PlainKey("5")]),
        ("**83**8305", [TypedPin("8305")]),  # a star begins anew
        ("**83059", [TypedPin("8305"), PlainKey("9")]),
        ("**83*0", [Shortcut.MENU]),
        ("**8305**1111", [TypedPin("8305"), TypedPin("1111")]),
        ("*0", [Shortcut.MENU]),
        ("*1", [Shortcut.REPEAT]),
        ("*2*2", [Shortcut.SLOWER, Shortcut.SLOWER]),
        ("*9", [Shortcut.OFF_THE_RECORD]),
        ("#", [Shortcut.SKIP]),
        ("*#", []),
        ("*5", []),  # nobody's: not a five either
        ("5", [PlainKey("5")]),
        ("*02", [Shortcut.MENU, PlainKey("2")]),
    ],
)
def test_keys_are_read_as_what_they_mean(keys: str, what: list[Typed]) -> None:
    assert typed(keys) == what


def test_keys_that_come_too_late_are_no_part_of_what_was_begun() -> None:
    assert typed("**8305", every=KEY_SECONDS) == [TypedPin("8305")]
    assert typed("*9", every=KEY_SECONDS + 0.1) == [PlainKey("9")]


@given(st.text("0123456789*#", max_size=30))
def test_pins_and_commands_are_typed_in_one_piece_and_in_their_order(keys: str) -> None:
    rest = keys
    for what in typed(keys):
        match what:
            case TypedPin(digits):
                sought = f"**{digits}"
            case PlainKey(digit):
                sought = digit
            case Shortcut():
                sought = what.value
        assert sought in rest
        rest = rest[rest.index(sought) + len(sought) :]


@given(st.text("0123456789", max_size=30))
def test_digits_alone_are_never_a_pin(keys: str) -> None:
    assert typed(keys) == [PlainKey(digit) for digit in re.findall(r"\d", keys)]
