"""Rotating the keys: everything is re-sealed while programs run, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel

from buddy.__main__ import main
from buddy.programs import ROOT
from shared import key_file
from shared.configuration import Configuration
from shared.database import Database, DatabaseUrls, key_ring, require_keys
from shared.ids import CallId
from shared.sealing import KeyMissing, KeyRing
from shared.services import accounts, calls, resealing
from shared.services.resealing import BATCH_ROWS, SEALED_COLUMNS
from shared.tables.call import Entry
from tests.support.builders import NOW, claims, open_call

ROWS = BATCH_ROWS + 7

Keys = Callable[[str], int]


class ToldRing(KeyRing):
    """A program's ring that says when it has found another key."""

    is_rotated = asyncio.Event()

    def refresh(self) -> None:
        super().refresh()
        if self.current != 1:
            self.is_rotated.set()


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    KeyRing.create(path)
    return path


@pytest.fixture
def program(database_urls: DatabaseUrls, key_path: Path) -> Iterator[Database]:
    """Open the database as a running program does."""
    ring = KeyRing.load(key_path)
    database = Database(database_urls.pooled, ring, application_name="a program")
    database.transact_now(require_keys)
    yield database
    database.close_now()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, database_urls: DatabaseUrls, key_path: Path) -> Keys:
    """Run `buddy keys …` on the test's database and key file."""
    monkeypatch.setenv("DATABASE_URL", database_urls.pooled)
    monkeypatch.setenv("BUDDY_KEY_FILE", str(key_path))
    monkeypatch.chdir(ROOT)
    return lambda action: main(["keys", action])


def sign_in(database: Database) -> str:
    return database.transact_now(
        accounts.sign_in, identity=claims(), user_agent="a browser", now=NOW
    ).token


def write_entries(database: Database, call_id: CallId, numbers: range) -> None:
    def write(session: Session) -> None:
        ring = key_ring(session)
        for number in numbers:
            session.add(
                Entry(
                    call_id=call_id,
                    sequence=number,
                    side="caller",
                    offset_ms=number,
                    said_at=NOW,
                    sealed_text=ring.seal(f"words {number}", "entry", call_id, number),
                    sealed_unheard=ring.seal("…", "unheard", call_id, number),
                )
            )

    database.transact_now(write)


def keys_in_use(database: Database) -> set[int]:
    return {
        key_id
        for sealed in SEALED_COLUMNS
        for key_id in database.transact_now(resealing.values_by_key, sealed=sealed)
    }


def test_every_sealed_column_is_known() -> None:
    sealed = {
        (table.name, column.name)
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.name.startswith("sealed_")
    }

    assert {(column.table.name, column.name) for column in SEALED_COLUMNS} == sealed


def test_a_rotation_reseals_what_is_there_and_retiring_ends_the_former_key(
    program: Database, keys: Keys, key_path: Path
) -> None:
    token = sign_in(program)
    opened = open_call(program)
    write_entries(program, opened.call_id, range(1, ROWS + 1))

    rotated = keys("rotate")
    in_use = keys_in_use(program)
    retired = keys("retire")

    afterwards = KeyRing.load(key_path)
    someone = program.transact_now(accounts.signed_in, token=token, now=NOW)
    entries = program.transact_now(
        calls.entries_after, account_id=opened.account_id, call_id=opened.call_id, sequence=0
    )
    assert (rotated, in_use, retired) == (0, {2}, 0)
    assert (afterwards.key_ids, afterwards.current) == ((2,), 2)
    assert someone is not None
    assert someone.email == "sam@example.com"
    assert [entry.text for entry in entries] == [f"words {n}" for n in range(1, ROWS + 1)]
    assert keys("show") == 0  # the proof of the keys was renewed as well


def test_a_key_that_something_is_sealed_with_is_not_thrown_away(
    program: Database, keys: Keys, key_path: Path
) -> None:
    opened = open_call(program)
    keys("rotate")
    stored = key_file.read(key_path)
    late = KeyRing(keys=stored.keys, current=1, index_key=stored.index_key)
    program.key_ring, ring = late, program.key_ring  # it was told, but was busy
    write_entries(program, opened.call_id, range(1, 3))
    program.key_ring = ring

    refused = keys("retire")
    resealed = keys("reseal")

    assert (refused, resealed, keys("retire")) == (1, 0, 0)
    assert keys_in_use(program) == {2}


async def test_a_running_program_is_told_of_a_rotation(
    program: Database, keys: Keys, key_path: Path, database_urls: DatabaseUrls
) -> None:
    ring = ToldRing.load(key_path)
    program.key_ring = ring
    configuration = await Configuration.start(program, database_urls.direct)
    await configuration.is_following()

    await asyncio.to_thread(keys, "rotate")
    async with asyncio.timeout(5):
        await ring.is_rotated.wait()

    await configuration.close()
    assert ring.current == 2


def test_a_program_that_was_not_told_reads_its_file_when_it_meets_a_new_key(
    program: Database, keys: Keys
) -> None:
    token = sign_in(program)
    keys("rotate")

    someone = program.transact_now(accounts.signed_in, token=token, now=NOW)

    assert someone is not None
    assert program.key_ring.current == 2


def test_a_ring_without_the_key_says_so(key_path: Path) -> None:
    ring = KeyRing.load(key_path)
    sealed = KeyRing.load(key_path).seal("words", "place")

    with pytest.raises(KeyMissing, match="lacks key 9"):
        ring.open(bytes([9]) + sealed[1:], "place")
