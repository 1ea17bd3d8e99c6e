"""Runs migrations: one process at a time, each migration in a transaction of its own."""

from __future__ import annotations

from sqlalchemy import create_engine, pool, text
from sqlmodel import SQLModel

import shared.tables  # noqa: F401 - registers every table
from alembic import context
from shared.database import database_urls
from shared.settings import Settings

UPGRADE_LOCK = 4_723_146_808  # any number that nothing else in the database locks

config = context.config
url = config.attributes.get("url") or database_urls(Settings()).direct
engine = create_engine(
    "postgresql+psycopg://" + url.partition("://")[2],
    poolclass=pool.NullPool,
    connect_args={"application_name": "migrations"},
)

# The lock has a connection of its own: it must outlive the transactions of the migrations.
with (
    engine.connect().execution_options(isolation_level="AUTOCOMMIT") as lock,
    engine.connect() as connection,
):
    lock.execute(text("SELECT pg_advisory_lock(:key)"), {"key": UPGRADE_LOCK})
    try:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            transaction_per_migration=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        lock.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": UPGRADE_LOCK})
engine.dispose()
