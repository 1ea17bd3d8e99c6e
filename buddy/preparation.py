"""What has to be there before any program starts: the database, the keys, the schema, the seed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import psycopg

from buddy.console import Console
from buddy.guarding import GuardProcess
from buddy.programs import ROOT, sandbox_choices, with_ports
from buddy.setup.stamps import Stamps, key_of
from shared import embedded, migrations
from shared.clock import SystemClock
from shared.database import DatabaseUrls, database_urls, open_database
from shared.sealing import KeyMissing, KeyRing
from shared.seed.installation import seed_installation
from shared.settings import Settings

ENGINES = ROOT / "sandbox" / "engines"
LOOK_SECONDS = 2.0  # how often the embedded server is looked after


class EmbeddedServer:
    """The embedded server of a run: started or joined, kept, and stopped; nothing with an address.

    The server itself outlives whoever started it, so the guard is told of it too.
    """

    def __init__(self, settings: Settings, guard: GuardProcess, console: Console) -> None:
        self._server = embedded.server(settings) if settings.database_url is None else None
        self._guard = guard
        self._console = console
        self._pid_file = Path()
        self._known_pid = ""
        self._starting: asyncio.Task[embedded.Embedded] | None = None

    async def start(self) -> None:
        if self._server is None:
            return
        await self._start()
        # PostgreSQL writes its pid into its data folder, which is beside its log.
        self._pid_file = self._server.log_path.parent / "data" / "postmaster.pid"
        self._known_pid = self._pid()
        self._guard.watch_database(self._pid_file)

    async def keep(self) -> None:
        """Start the server again whenever it is gone, until cancelled."""
        while self._server is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), LOOK_SECONDS)
            await self._start()
            if (pid := self._pid()) != self._known_pid:
                self._known_pid = pid
                self._console.step("database", "was gone and is back")

    async def stop(self) -> None:
        """Stop the server, after the start that a thread may still be in."""
        if self._server is None:
            return
        if self._starting is not None:
            await asyncio.wait({self._starting})
        await asyncio.to_thread(self._server.stop)
        self._guard.watch_database(None)

    def _pid(self) -> str:
        try:
            return self._pid_file.read_text().partition("\n")[0]
        except OSError:
            return self._known_pid  # it went away again: the next look starts it

    async def _start(self) -> None:
        assert self._server is not None  # noqa: S101 - callers have looked
        self._starting = asyncio.create_task(asyncio.to_thread(self._server.start))
        await asyncio.shield(self._starting)


def prepare(settings: Settings) -> None:
    """Make the keys once, bring the schema up to date, seed what is missing."""
    forget_other_voices(settings, sandbox_choices(os.environ))
    urls = database_urls(settings)
    ensure_keys(settings, urls)
    migrations.upgrade(urls.direct)
    database = open_database(settings, application_name="gotobuddy-seed")
    try:
        # The demo account signs in at the sandbox's Google, whose address follows its port.
        seed_installation(database, with_ports(settings), SystemClock().now())
    finally:
        database.close_now()


def forget_other_voices(settings: Settings, choices: Mapping[str, str]) -> None:
    """Remove announcements that other voices spoke than those the sandbox has now.

    The voice service keeps them by words, voice and model, as a vendor names them; the sandbox
    keeps those names whether it speaks by engine or in tones.
    """
    if settings.environment != "sandbox":
        return
    files = [*ENGINES.rglob("*.py"), *ENGINES.rglob("*.json")]
    voices = key_of(choices.get("BUDDY_SANDBOX_SCRIPT", ""), files=files)
    stamps = Stamps(settings.data_dir)
    if not stamps.fits("announcements.voices", voices):
        shutil.rmtree(settings.data_dir / "announcements", ignore_errors=True)
        stamps.set("announcements.voices", voices)


def ensure_keys(settings: Settings, urls: DatabaseUrls) -> None:
    """Make a key ring for a new database; refuse where one was lost."""
    if settings.keys_path.exists():
        return
    if _was_sealed(urls.direct):
        message = (
            f"there is no key file at {settings.keys_path}, but the database was sealed with one: "
            "restore it, or remove the data with `make clean`"
        )
        raise KeyMissing(message)
    KeyRing.create(settings.keys_path)


def _was_sealed(url: str) -> bool:
    with psycopg.connect(url) as connection:
        table = connection.execute("SELECT to_regclass('key_check')").fetchone()
        if table is None or table[0] is None:
            return False
        return connection.execute("SELECT 1 FROM key_check").fetchone() is not None
