"""What people say and who they are is nowhere in clear: not in the database, not in a file."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from sandbox.phone.caller import dial
from sandbox.phone.steps import press, say
from shared.database import Database, DatabaseUrls
from shared.phone import PhoneNumber
from shared.sealing import KeyRing
from shared.seed.installation import seed_installation
from shared.services import accounts, phone_lines, talk_time
from shared.services.accounts import GoogleClaims
from tests.integration.calls.conftest import recorded_call
from tests.support.database import DatabaseServer, open_test_database
from tests.support.ports import free_port
from tests.support.voice_service import (
    scripted_vendors,
    voice_log,
    voice_process,
    voice_settings,
)

NUMBER = PhoneNumber("+14155550166")
NAME = "Zebulon"
EMAIL = "zebulon@quixotic.example"
WORDS = "my rutabaga is purple"
# Lower case; sealed text holds none of these but by a chance of one in many billions.
SECRETS = ("4155550166", "555-0166", "zebulon", "quixotic", "rutabaga", "purple")


def register(database: Database) -> None:
    now = datetime.now(UTC)
    signed_in = database.transact_now(
        accounts.sign_in,
        identity=GoogleClaims(
            issuer="https://accounts.example",
            subject="1",
            email=EMAIL,
            is_email_verified=True,
            name=f"{NAME} Q",
            given_name=NAME,
        ),
        user_agent=f"{NAME}'s browser",
        now=now,
    )
    account_id = signed_in.account_id
    database.transact_now(
        phone_lines.attach_verified, account_id=account_id, number=NUMBER, now=now
    )
    database.transact_now(
        talk_time.grant, account_id=account_id, seconds=600, cause="test", now=now
    )


def dump(server: DatabaseServer, urls: DatabaseUrls) -> str:
    program = server.embedded.program("pg_dump")
    return subprocess.run(  # noqa: S603 - our own server's program
        [program, "--dbname", urls.direct], check=True, capture_output=True, text=True
    ).stdout


async def test_nothing_said_and_nobody_is_found_in_dump_or_files(
    database_server_of_run: DatabaseServer, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    port = free_port()
    ring = KeyRing.create(tmp_path / "keys.json")
    async with scripted_vendors(port) as vendors:
        settings = voice_settings(database_urls, tmp_path, port=port, vendors=vendors)
        with open_test_database(database_urls, ring) as database:
            seed_installation(database, settings, datetime.now(UTC))
            register(database)
            async with voice_process(settings) as process:
                report = await dial(vendors["twilio"], press("1"), say(WORDS), caller=NUMBER.e164)
                process.terminate()
                await process.wait()
            call = recorded_call(database, report.call_sid)

    dumped = dump(database_server_of_run, database_urls).lower()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    log = voice_log(settings).read_text()

    assert NAME.lower() in report.turns[0].heard  # it was that account
    assert [entry.text for entry in call.entries[1:]] == [WORDS, f"You said {WORDS}."]
    assert "call_ended" in log
    assert len(files) > 10  # the log, the keys and the announcements
    assert [secret for secret in SECRETS if secret in dumped] == []
    for path in files:
        text = path.read_bytes().lower()
        assert [secret for secret in SECRETS if secret.encode() in text] == [], path
