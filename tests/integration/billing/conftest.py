"""A till of each test's own, over a database that a module's tests empty after themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlmodel import Session

from shared.database import Database
from tests.support.database import DatabaseServer, open_test_database
from tests.support.paying import Till

EMPTYING = """
TRUNCATE account, payment, processed_webhook, reconciliation, job, erasure, allowance_taken CASCADE
"""


@pytest.fixture(scope="module")
def database_of_module(database_server_of_run: DatabaseServer) -> Iterator[Database]:
    """Open a database for all tests of a module: making one takes longer than most of them."""
    with (
        database_server_of_run.migrated_database() as urls,
        open_test_database(urls) as database,
    ):
        yield database


@pytest.fixture
def database(database_of_module: Database) -> Iterator[Database]:
    """Lend the module's database, with no rows of anybody's."""
    yield database_of_module
    database_of_module.transact_now(_empty)


@pytest.fixture
def till(database: Database) -> Till:
    return Till(database)


def _empty(session: Session) -> None:
    session.execute(text(EMPTYING))
