"""The schema: up, checked, down, up again, and by several processes at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from shared import migrations
from shared.database import DatabaseUrls, SchemaOutdated, open_database
from shared.sealing import KeyMissing, KeyRing
from shared.settings import Settings
from tests.support.database import DatabaseServer

ROOT = migrations.ROOT


@pytest.fixture
def empty_urls(database_server_of_run: DatabaseServer) -> Iterator[DatabaseUrls]:
    with database_server_of_run.empty_database() as urls:
        yield urls


def settings_for(urls: DatabaseUrls, folder: Path) -> Settings:
    return Settings.model_construct(database_url=SecretStr(urls.pooled), data_dir=folder)


def tables(urls: DatabaseUrls) -> set[str]:
    with psycopg.connect(urls.direct) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    return {row[0] for row in rows}


def test_the_schema_goes_up_and_down_and_up_again(empty_urls: DatabaseUrls) -> None:
    migrations.upgrade(empty_urls.direct)
    migrations.check(empty_urls.direct)
    made = tables(empty_urls)

    migrations.downgrade(empty_urls.direct, "base")
    left = tables(empty_urls)
    migrations.upgrade(empty_urls.direct)

    assert left == {"alembic_version"}
    assert tables(empty_urls) == made
    migrations.check(empty_urls.direct)


def test_each_migration_can_be_taken_back_alone(empty_urls: DatabaseUrls) -> None:
    migrations.upgrade(empty_urls.direct)

    while tables(empty_urls) != {"alembic_version"}:
        migrations.downgrade(empty_urls.direct, "-1")
        migrations.upgrade(empty_urls.direct, "+1")
        migrations.downgrade(empty_urls.direct, "-1")

    migrations.upgrade(empty_urls.direct)


def test_four_processes_upgrade_at_once(empty_urls: DatabaseUrls) -> None:
    program = "import sys; from shared import migrations; migrations.upgrade(sys.argv[1])"
    running = [
        subprocess.Popen(  # noqa: S603 - our own program
            (sys.executable, "-c", program, empty_urls.direct),
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]

    errors = [process.communicate(timeout=120)[1] for process in running]

    assert [process.returncode for process in running] == [0, 0, 0, 0], errors
    migrations.check(empty_urls.direct)


def test_a_program_refuses_a_schema_it_does_not_know_and_names_the_command(
    empty_urls: DatabaseUrls, tmp_path: Path
) -> None:
    settings = settings_for(empty_urls, tmp_path)
    KeyRing.create(settings.keys_path)

    with pytest.raises(SchemaOutdated, match="make migrate"):
        open_database(settings, application_name="test")
    migrations.upgrade(empty_urls.direct, "0003")
    with pytest.raises(SchemaOutdated, match="0003"):
        open_database(settings, application_name="test")


def test_a_program_opens_a_database_with_its_own_keys_again_and_again(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    settings = settings_for(database_urls, tmp_path)
    KeyRing.create(settings.keys_path)

    for _ in range(2):
        open_database(settings, application_name="test").close_now()


def test_a_database_whose_keys_are_gone_does_not_open(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    settings = settings_for(database_urls, tmp_path)
    KeyRing.create(settings.keys_path)
    open_database(settings, application_name="test").close_now()
    settings.keys_path.rename(tmp_path / "elsewhere.json")

    with pytest.raises(KeyMissing, match="there is no key file"):
        open_database(settings, application_name="test")
    KeyRing.create(settings.keys_path)
    with pytest.raises(KeyMissing, match="other keys"):
        open_database(settings, application_name="test")
    (tmp_path / "elsewhere.json").replace(settings.keys_path)
    open_database(settings, application_name="test").close_now()
