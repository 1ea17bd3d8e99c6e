from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice.audio.blocks import Blocks


def cut(*pieces: bytes) -> list[int]:
    blocks = Blocks()
    full = [len(block) for piece in pieces for block in blocks.feed(piece)]
    return full + [len(block) for block in blocks.rest()]


def test_the_first_frame_goes_alone() -> None:
    assert cut(bytes(1000)) == [160, 840]


def test_small_pieces_are_put_together_and_large_ones_are_cut() -> None:
    assert cut(bytes(160), *[bytes(100)] * 9, bytes(4000)) == [160, 500, 1600, 1600, 1200]


def test_the_first_frame_does_not_wait_for_more_than_itself() -> None:
    blocks = Blocks()

    assert [len(block) for block in blocks.feed(bytes(160))] == [160]


@given(st.lists(st.binary(max_size=2000)))
def test_nothing_is_lost_and_nothing_is_too_large(pieces: list[bytes]) -> None:
    blocks = Blocks()
    out = [block for piece in pieces for block in blocks.feed(piece)]
    out += blocks.rest()

    assert b"".join(out) == b"".join(pieces)
    assert all(len(block) <= 1600 for block in out)
