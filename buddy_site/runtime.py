"""What the process runs on: its database, configuration and hub.

Reflex builds State classes itself, so they can't be handed anything: they ask `current()`.
Importing the site opens nothing; the server's lifespan enters `running`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import structlog

from buddy_site.flows.live_reads import LiveReads
from buddy_site.live import Hub
from buddy_site.transactions import Transactions
from shared import logs
from shared.clock import Clock, SystemClock
from shared.configuration import Configuration, PersonaView
from shared.database import database_urls, open_database
from shared.errors import BuddyError
from shared.listener import CALL_ENTRIES, CALL_INTERIM, Listener
from shared.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Site:
    """The running site."""

    settings: Settings
    clock: Clock
    database: Transactions
    hub: Hub
    listening: asyncio.Event
    cast: Callable[[], list[PersonaView]]

    @property
    def is_listening(self) -> bool:
        """Whether live pages hear of news."""
        return self.listening.is_set()


class NotRunning(BuddyError):
    """The server has not started, or is about to end."""


_current: Site | None = None


def current() -> Site:
    """Return what this process runs on."""
    if _current is None:
        message = "the site is not running"
        raise NotRunning(message)
    return _current


@contextmanager
def installed(site: Site) -> Iterator[Site]:
    """Make `site` the current one while the block lasts."""
    global _current  # noqa: PLW0603 - the one place where a process keeps what it runs on
    former, _current = _current, site
    try:
        yield site
    finally:
        _current = former


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Site]:
    """Open everything the site needs; say which command is missing where it can't be."""
    logs.configure(settings)
    database = await asyncio.to_thread(open_database, settings, application_name="site")
    direct = (await asyncio.to_thread(database_urls, settings)).direct
    configuration = await Configuration.start(database, direct)
    hub = Hub(LiveReads(database), database.key_ring)
    listener = Listener(
        direct,
        {CALL_ENTRIES: hub.on_entries, CALL_INTERIM: hub.on_interim},
        hub.on_gap,
        application_name="site-live",
    )
    listening = asyncio.create_task(listener.run(), name="live-listener")
    site = Site(
        settings=settings,
        clock=SystemClock(),
        database=database,
        hub=hub,
        listening=listener.listening,
        cast=lambda: [view for _, view in sorted(configuration.personas.items())],
    )
    try:
        async with hub.running():
            with installed(site):
                log.info("site_started")
                yield site
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await configuration.close()
        await database.close()
