"""`buddy keys`: which keys personal text is sealed with, and taking new ones into use.

`rotate` adds a key, tells the running programs and brings everything stored under it, while they
run; `reseal` goes on with that where it was broken off. `retire` throws the former keys away, once
nothing is sealed with them any more.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Session

from buddy.commands.subcommands import Subcommands
from shared import key_file
from shared.database import Database, open_database, prove_keys
from shared.listener import CONFIGURATION, notify
from shared.services import resealing
from shared.services.resealing import SEALED_COLUMNS, SealedColumn
from shared.settings import Settings

# A program that is busy may seal a value or two with the former key after it was told.
MOST_PASSES = 5


def add_to(commands: Subcommands) -> None:
    parser = commands.add_parser("keys", help="the keys that personal text is sealed with")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, carry_out, what in (
        ("show", show, "say how much is sealed with which key"),
        ("rotate", rotate, "take a new key into use and re-seal everything with it"),
        ("reseal", reseal, "bring everything under the key that seals"),
        ("retire", retire, "throw away the keys that nothing is sealed with any more"),
    ):
        actions.add_parser(name, help=what).set_defaults(carry_out=carry_out)


def show(_arguments: argparse.Namespace) -> int:
    with _opened(Settings()) as database:
        ring, found = database.key_ring, _values_by_key(database)
    for key_id in ring.key_ids:
        role = "seals" if key_id == ring.current else "only opens"
        print(f"key {key_id}: {role}, {found[key_id]} values")
    return 0


def rotate(_arguments: argparse.Namespace) -> int:
    settings = Settings()
    with _opened(settings) as database:
        path = settings.keys_path
        key_file.overwrite(path, key_file.read(path).with_new_key())
        database.key_ring.refresh()
        database.transact_now(_tell_programs)
        print(f"key {database.key_ring.current} seals from now on; back up {path} now.")
        return _reseal_everything(database)


def reseal(_arguments: argparse.Namespace) -> int:
    with _opened(Settings()) as database:
        return _reseal_everything(database)


def retire(_arguments: argparse.Namespace) -> int:
    settings = Settings()
    with _opened(settings) as database:
        current = database.key_ring.current
        if left := _left(database):
            print(f"{left} values are sealed with former keys: run `python -m buddy keys reseal`.")
            return 1
        stored = key_file.read(settings.keys_path)
        key_file.overwrite(settings.keys_path, stored.with_current_key_only())
        database.transact_now(_tell_programs)
    print(f"{len(stored.keys) - 1} former keys thrown away; key {current} seals and opens.")
    return 0


def _reseal_everything(database: Database) -> int:
    """Re-seal until nothing is left under former keys; return the exit status."""
    resealed = 0
    for _ in range(MOST_PASSES):
        resealed += sum(_reseal_column(database, sealed) for sealed in SEALED_COLUMNS)
        if not (left := _left(database)):
            break
    print(f"{resealed} values re-sealed, {left} left under former keys.")
    if left:
        print("Programs were still sealing with them: run `python -m buddy keys reseal` later.")
        return 1
    database.transact_now(prove_keys)
    if len(database.key_ring.key_ids) > 1:
        print("Backups of the database still need the former keys. When none matters any more:")
        print("  python -m buddy keys retire")
    return 0


def _reseal_column(database: Database, sealed: SealedColumn) -> int:
    resealed = 0
    batch = database.transact_now(resealing.reseal, sealed=sealed, after=None)
    while batch.last is not None:
        resealed += batch.resealed
        batch = database.transact_now(resealing.reseal, sealed=sealed, after=batch.last)
    return resealed


def _values_by_key(database: Database) -> Counter[int]:
    found: Counter[int] = Counter()
    for sealed in SEALED_COLUMNS:
        found += database.transact_now(resealing.values_by_key, sealed=sealed)
    return found


def _left(database: Database) -> int:
    found = _values_by_key(database)
    return found.total() - found[database.key_ring.current]


def _tell_programs(session: Session) -> None:
    notify(session, CONFIGURATION, "keys")


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = open_database(settings, application_name="gotobuddy-keys")
    try:
        yield database
    finally:
        database.close_now()
