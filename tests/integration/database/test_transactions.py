"""One use case, one transaction, off the event loop; and what a lost database looks like."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from shared import database as database_module
from shared.database import Database, DatabaseUrls, StoreUnavailable, database_urls, open_database
from shared.sealing import KeyRing
from shared.services import personas
from shared.settings import Settings
from tests.support.builders import NOW
from tests.support.database import DatabaseServer, open_test_database


class Refused(Exception):
    """What a test's use case raises."""


def set_constant(session: Session, name: str) -> None:
    personas.set_constant(session, name=name, value=1, now=NOW)


async def test_a_use_case_is_done_as_a_whole_or_not_at_all(database: Database) -> None:
    def set_and_fail(session: Session) -> None:
        set_constant(session, "lost")
        raise Refused

    await database.transact(set_constant, "kept")
    with pytest.raises(Refused):
        await database.transact(set_and_fail)

    assert await database.transact(personas.constants) == {"kept": 1}


async def test_a_use_case_runs_in_another_thread_with_the_callers_log_context(
    database: Database,
) -> None:
    def look(_session: Session) -> tuple[int, dict[str, object]]:
        return threading.get_ident(), structlog.contextvars.get_contextvars()

    with structlog.contextvars.bound_contextvars(call_sid="CA1"):
        thread, context = await database.transact(look)

    assert thread != threading.get_ident()
    assert context == {"call_sid": "CA1"}


async def test_a_terminated_connection_is_replaced_before_anyone_notices(
    database: Database, database_urls: DatabaseUrls
) -> None:
    await database.transact(personas.constants)
    with psycopg.connect(database_urls.direct, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    assert await database.transact(personas.constants) == {}


async def test_a_connection_that_dies_in_a_use_case_is_a_lost_store(database: Database) -> None:
    def die(session: Session) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailable) as lost:
        await database.transact(die)

    assert lost.value.retryable
    assert "pg_terminate" not in str(lost.value)


async def test_a_statement_that_hangs_is_given_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "STATEMENT_TIMEOUT_MS", 50)

    with pytest.raises(StoreUnavailable, match="QueryCanceled"):
        await database.transact(lambda session: session.execute(text("SELECT pg_sleep(60)")))


async def test_nobody_waits_long_for_a_connection(
    database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "POOL_WAIT_SECONDS", 0.05)
    release, is_running = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        is_running.set()
        release.wait(timeout=30)

    with open_test_database(database_urls, pool_size=1) as database:
        holding = asyncio.create_task(database.transact(hold))
        await asyncio.to_thread(is_running.wait, 30)

        with pytest.raises(StoreUnavailable, match="no connection was free"):
            await database.transact(set_constant, "never")
        release.set()
        await holding

        assert await database.transact(personas.constants) == {}


async def test_a_server_that_hangs_is_a_lost_store(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "POOL_WAIT_SECONDS", 0.02)
    monkeypatch.setattr(database_module, "ANSWER_LIMIT_SECONDS", 0.05)
    release = threading.Event()

    with pytest.raises(StoreUnavailable, match="no answer"):
        await database.transact(lambda _session: release.wait(timeout=30))

    release.set()


async def test_a_database_that_is_not_there_is_a_lost_store() -> None:
    nowhere = DatabaseUrls("postgresql://nobody@127.0.0.1:1/nothing", "")
    with open_test_database(nowhere) as database, pytest.raises(StoreUnavailable):
        await database.transact(personas.constants)


def test_a_broken_rule_is_no_lost_store_and_shows_no_parameters(database: Database) -> None:
    def break_rule(session: Session) -> None:
        session.execute(
            text("INSERT INTO constant (name, value) VALUES (:name, 1)"), {"name": "secret"}
        )

    with pytest.raises(IntegrityError) as broken:
        database.transact_now(break_rule)

    assert "hidden" in str(broken.value)


def test_programs_that_open_a_new_database_at_once_agree_on_its_keys(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    settings = Settings.model_construct(
        database_url=SecretStr(database_urls.pooled), data_dir=tmp_path
    )
    KeyRing.create(settings.keys_path)

    with ThreadPoolExecutor(4) as threads:
        opened = list(
            threads.map(lambda n: open_database(settings, application_name=f"p{n}"), range(4))
        )

    for database in opened:
        database.close_now()
    assert len(opened) == 4


def test_any_spelling_of_the_address_reaches_the_database(
    database_server_of_run: DatabaseServer,
) -> None:
    with database_server_of_run.migrated_database() as urls:
        rest = urls.pooled.partition("://")[2]
        for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
            settings = Settings.model_construct(database_url=SecretStr(f"{scheme}://{rest}"))
            found = database_urls(settings)
            assert found == urls
            with open_test_database(found) as database:
                assert database.transact_now(personas.constants) == {}
