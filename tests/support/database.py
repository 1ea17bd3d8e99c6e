"""A real PostgreSQL for tests: one server a test run, one fresh database a test.

The server lies in a folder of its own, so that runs side by side do not meet; a run that was
killed leaves a server, which the next run stops.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from shared import migrations
from shared.database import Database, DatabaseUrls
from shared.embedded import Embedded
from shared.sealing import KeyRing

FOLDER_PREFIX = "gotobuddy-tests-"
OWNER_FILE = "owner-pid"
TEMPLATE = "template_of_tests"
UNSAFE_AND_FAST = (
    "-c fsync=off",
    "-c synchronous_commit=off",
    "-c full_page_writes=off",
    "-c autovacuum=off",
)


@dataclass(slots=True)
class DatabaseServer:
    """The test run's server and the databases it hands out."""

    embedded: Embedded
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextlib.contextmanager
    def empty_database(self) -> Iterator[DatabaseUrls]:
        """Lend a database without any table."""
        with self._lent("template0") as urls:
            yield urls

    @contextlib.contextmanager
    def migrated_database(self) -> Iterator[DatabaseUrls]:
        """Lend a database with the whole schema and no rows."""
        with self._lent(TEMPLATE) as urls:
            yield urls

    def prepare(self) -> None:
        """Make the template that databases are cloned from; nothing may stay connected to it."""
        self._execute("CREATE DATABASE {}", TEMPLATE)
        migrations.upgrade(self.embedded.url(TEMPLATE))

    @contextlib.contextmanager
    def _lent(self, template: str) -> Iterator[DatabaseUrls]:
        name = f"test_{next(self._numbers)}"
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log", name, template)
        url = self.embedded.url(name)
        try:
            yield DatabaseUrls(pooled=url, direct=url)
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.embedded.url("postgres"), autocommit=True) as connection:
            composed = sql.SQL(statement).format(*map(sql.Identifier, names))
            connection.execute(composed)


@contextlib.contextmanager
def database_server(*options: str) -> Iterator[DatabaseServer]:
    """Run a server for as long as the tests do, with further options of its own."""
    with server_folder() as folder:
        embedded = Embedded(
            folder, initdb_options=("--no-sync",), server_options=(*UNSAFE_AND_FAST, *options)
        ).start()
        server = DatabaseServer(embedded)
        server.prepare()
        yield server


@contextlib.contextmanager
def server_folder() -> Iterator[Path]:
    """Lend a folder that the server's user can reach; what is in it is stopped and removed."""
    _remove_left_behind()
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
    (folder / OWNER_FILE).write_text(str(os.getpid()))
    folder.chmod(0o711)  # the server's user must get through to its own folder below
    try:
        yield folder
    finally:
        _remove(folder)


@contextlib.contextmanager
def open_test_database(
    urls: DatabaseUrls, key_ring: KeyRing | None = None, *, pool_size: int = 5
) -> Iterator[Database]:
    """Open a lent database with a key ring of its own."""
    database = Database(
        urls.pooled,
        key_ring or KeyRing.generate(),
        application_name="tests",
        pool_size=pool_size,
    )
    try:
        yield database
    finally:
        database.close_now()


def _remove(folder: Path) -> None:
    Embedded(folder).remove()
    shutil.rmtree(folder, ignore_errors=True)


def _remove_left_behind() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):
            if not _is_alive(int((folder / OWNER_FILE).read_text())):
                _remove(folder)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
