"""A till of each test's own."""

from __future__ import annotations

import pytest

from shared.database import Database
from tests.support.paying import Till


@pytest.fixture
def till(database: Database) -> Till:
    return Till(database)
