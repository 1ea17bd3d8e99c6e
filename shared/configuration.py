"""Personas and constants in the process: read as plain dictionaries, reloaded on every edit.

A look-up takes well under a microsecond. The database announces edits of these tables itself,
so that one made by hand is seen as well; whatever was edited, everything is reloaded, in one
statement after the other, so that an older state never follows a newer one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Hashable, Mapping
from typing import Any, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from shared.database import Database, StoreUnavailable
from shared.domain.profiles import LONGEST_PAUSE_SECONDS, SHORTEST_PAUSE_SECONDS
from shared.listener import CONFIGURATION, Listener
from shared.sealing import KeyMissing
from shared.services import personas
from shared.services.personas import PersonaView

__all__ = ["Configuration", "PersonaView"]

PAUSE_TIME = "pause_time_seconds"
PAUSE_TIME_SECONDS = 0.8  # shorter cuts people off, longer feels slow
FULL_RELOAD_SECONDS = 60.0  # the net under notifications that got lost

log = structlog.get_logger()


class Configuration:
    """What calls read while they run."""

    def __init__(self, database: Database, dsn_direct: str) -> None:
        self._database = database
        self._listener = Listener(
            dsn_direct,
            {CONFIGURATION: self._on_edit},
            self.load,
            application_name="configuration",
        )
        self._loading = asyncio.Lock()
        self._is_loaded = False
        self._constants: dict[str, float] = {}
        self._pauses: dict[int | None, float] = {}
        self._pause_differences: dict[int | None, float] = {}
        self._following: asyncio.Task[None] | None = None
        self.personas: Mapping[int, PersonaView] = {}
        # What calls have made of all this, by names of theirs; the next edit empties it.
        self.derived: dict[Hashable, Any] = {}

    @classmethod
    async def start(cls, database: Database, dsn_direct: str) -> Self:
        """Load everything and follow changes until `close`."""
        configuration = cls(database, dsn_direct)
        await configuration.load()
        configuration._following = asyncio.create_task(configuration.run(), name="configuration")
        return configuration

    async def is_following(self) -> None:
        """Wait until edits are being listened for."""
        await self._listener.listening.wait()

    async def close(self) -> None:
        """Stop following."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    async def run(self) -> None:
        """Follow changes until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listener.run())
            tasks.create_task(self._reload_now_and_then())

    async def load(self) -> None:
        """Read everything anew; what was read before stays while the database is away."""
        async with self._loading:
            self._refresh_keys()
            try:
                views, constants = await self._database.transact(_read)
            except (StoreUnavailable, SQLAlchemyError) as error:
                if not self._is_loaded:
                    raise
                log.warning("configuration_kept", error=type(error).__name__)
                return
            self._put(views, constants)

    def persona(self, menu_key: int) -> PersonaView:
        """Return the buddy on this key of the menu; raise KeyError if there is none."""
        return self.personas[menu_key]

    def pause_seconds(self, menu_key: int | None, own: float | None = None) -> float:
        """Return the silence that ends an utterance; read it anew each turn.

        A caller's `own` stands in for the installation's; what a buddy adds to it still counts.
        """
        if own is not None:
            return clamp_pause(own + self._pause_differences.get(menu_key, 0.0))
        pauses = self._pauses
        return pauses[menu_key] if menu_key in pauses else pauses.get(None, PAUSE_TIME_SECONDS)

    def constant(self, name: str, default: float) -> float:
        """Return the constant, or the default where the installation sets none."""
        return self._constants.get(name, default)

    def _put(self, views: tuple[PersonaView, ...], constants: Mapping[str, float]) -> None:
        pause = constants.get(PAUSE_TIME, PAUSE_TIME_SECONDS)
        self._pauses = {
            None: clamp_pause(pause),
            **{view.menu_key: clamp_pause(pause + view.pause_difference_seconds) for view in views},
        }
        self._pause_differences = {view.menu_key: view.pause_difference_seconds for view in views}
        self._constants = dict(constants)
        self.personas = {view.menu_key: view for view in views}
        self.derived = {}
        self._is_loaded = True

    def _refresh_keys(self) -> None:
        """Follow a rotation of the keys, which is announced as an edit."""
        try:
            self._database.key_ring.refresh()
        except KeyMissing as error:
            log.warning("keys_kept", error=str(error))

    async def _on_edit(self, _edited: str) -> None:
        await self.load()

    async def _reload_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(FULL_RELOAD_SECONDS)  # noqa: TID251 - the period is the purpose
            await self.load()


def clamp_pause(seconds: float) -> float:
    """Keep a pause time where people neither are cut off nor wait."""
    return min(max(seconds, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)


def _read(session: Session) -> tuple[tuple[PersonaView, ...], Mapping[str, float]]:
    return personas.published(session), personas.constants(session)
