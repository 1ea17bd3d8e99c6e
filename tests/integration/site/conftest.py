"""A running site, once for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.running_site import RunningSite, running_site
from tests.support.database import DatabaseServer


@pytest.fixture(scope="session")
def site(
    database_server_of_run: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """Run the site."""
    with running_site(database_server_of_run, tmp_path_factory.mktemp("site")) as running:
        yield running
