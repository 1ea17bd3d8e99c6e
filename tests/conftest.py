"""Fixtures that several kinds of tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from shared.database import Database, DatabaseUrls
from tests.e2e.running_site import RunningSite, running_site
from tests.support.database import DatabaseServer, database_server, open_test_database

# How long one example takes is the machine's affair, and no property of the code.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

pytest_plugins = ["tests.support.spreading"]


@pytest.fixture(scope="session")
def database_server_of_run() -> Iterator[DatabaseServer]:
    """Run PostgreSQL for the whole test run; stopped at its end."""
    with database_server() as server:
        yield server


@pytest.fixture(scope="session")
def site(
    database_server_of_run: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """Run the site, once for all that call it over HTTP and its socket."""
    with running_site(database_server_of_run, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def database_urls(database_server_of_run: DatabaseServer) -> Iterator[DatabaseUrls]:
    """Lend a database of the test's own, with the schema and no rows."""
    with database_server_of_run.migrated_database() as urls:
        yield urls


@pytest.fixture
def database(database_urls: DatabaseUrls) -> Iterator[Database]:
    """Open the test's own database, with a key ring."""
    with open_test_database(database_urls) as database:
        yield database
