"""Brings the database's schema up to date, and says where it stands."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from alembic import command

ROOT = Path(__file__).resolve().parent.parent


def upgrade(url: str, revision: str = "head") -> None:
    """Upgrade the database at its direct address; several processes may do so at once."""
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take migrations back, down to `revision`; what only they stored is lost."""
    command.downgrade(_config(url), revision)


def check(url: str) -> None:
    """Raise if the tables in the code differ from what the migrations make."""
    command.check(_config(url))


def revision_of(connection: Connection) -> str | None:
    """Return the revision that the database is at, None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def expected_revision() -> str:
    """Return the revision that this program was written for."""
    head = ScriptDirectory(str(ROOT / "alembic")).get_current_head()
    assert head is not None  # noqa: S101 - the folder holds migrations
    return head


def _config(url: str) -> Config:
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "alembic"))
    config.attributes["url"] = url
    return config
