"""What is made ready in the database before the programs start."""

from __future__ import annotations

from pathlib import Path

import psycopg
from pydantic import SecretStr

from buddy.preparation import prepare
from shared.database import DatabaseUrls
from shared.settings import Settings


def test_demo_account_signs_in_at_the_sandbox_wherever_its_ports_are(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr(database_urls.pooled), sandbox_port=9700
    )

    prepare(settings)

    with psycopg.connect(database_urls.direct) as connection:
        issuers = connection.execute("SELECT issuer FROM google_identity").fetchall()
    assert issuers == [("http://localhost:9703",)]
