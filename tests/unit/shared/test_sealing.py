"""The key ring."""

from __future__ import annotations

import json
import stat
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sealing import KeyMissing, KeyRing, SealBroken

RING = KeyRing.generate()


@given(st.text())
def test_what_is_sealed_opens_where_it_belongs_and_looks_different_each_time(text: str) -> None:
    first, second = (RING.seal(text, "entry", "call_1", 1) for _ in range(2))

    assert RING.open(first, "entry", "call_1", 1) == text
    assert first != second
    assert len(text) < 4 or text.encode() not in first


def test_swapped_rows_do_not_open() -> None:
    mine = RING.seal("my words", "entry", "call_1", 1)
    other = RING.seal("your words", "entry", "call_2", 1)

    with pytest.raises(SealBroken):
        RING.open(other, "entry", "call_1", 1)
    with pytest.raises(SealBroken):
        RING.open(mine, "unheard", "call_1", 1)


@pytest.mark.parametrize("position", [1, 13, -1])
def test_a_changed_byte_does_not_open(position: int) -> None:
    sealed = bytearray(RING.seal("my words", "entry"))
    sealed[position] ^= 1

    with pytest.raises(SealBroken):
        RING.open(bytes(sealed), "entry")


@pytest.mark.parametrize("length", [0, 1, 5, 13, 28])
def test_a_shortened_value_does_not_open(length: int) -> None:
    sealed = RING.seal("my words", "entry")

    with pytest.raises(SealBroken):
        RING.open(sealed[:length], "entry")


def test_a_value_under_an_older_key_opens_and_one_under_a_lost_key_says_so() -> None:
    old, new, index = b"o" * 32, b"n" * 32, b"i" * 32
    before = KeyRing(keys={1: old}, current=1, index_key=index)
    rotated = KeyRing(keys={1: old, 2: new}, current=2, index_key=index)
    lost = KeyRing(keys={2: new}, current=2, index_key=index)
    sealed = before.seal("my words", "entry")

    assert rotated.open(sealed, "entry") == "my words"
    assert rotated.seal("my words", "entry")[0] == 2
    assert rotated.blind_index("email", "a") == before.blind_index("email", "a")
    with pytest.raises(KeyMissing, match="key 1"):
        lost.open(sealed, "entry")


def test_a_blind_index_is_the_same_for_the_same_text_and_purpose_only() -> None:
    index = RING.blind_index("phone_number", "+14155550123")

    assert index == RING.blind_index("phone_number", "+14155550123")
    assert index != RING.blind_index("phone_number", "+14155550124")
    assert index != RING.blind_index("email", "+14155550123")
    assert index != KeyRing.generate().blind_index("phone_number", "+14155550123")


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "keys.json"
    with ThreadPool(8) as threads:
        rings = threads.map(lambda _: KeyRing.create(path), range(8))

    sealed = rings[0].seal("my words", "entry")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {ring.open(sealed, "entry") for ring in rings} == {"my words"}
    assert KeyRing.load(path).open(sealed, "entry") == "my words"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "{}", '{"keys": {"1": "short"}}', '{"keys": 3}', "[]"])
def test_a_file_that_is_no_key_file_is_refused_without_quoting_it(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)

    with pytest.raises(KeyMissing) as refusal:
        KeyRing.load(path)

    assert "short" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match=r"keys\.json"):
        KeyRing.load(tmp_path / "keys.json")


def test_the_file_keeps_no_more_than_keys(tmp_path: Path) -> None:
    KeyRing.create(tmp_path / "keys.json")

    stored = json.loads((tmp_path / "keys.json").read_text())

    assert sorted(stored) == ["current", "index_key", "keys"]
