"""NOTIFY for whoever changes something, LISTEN for whoever follows.

What is sent while a listener is away is lost: on every (re)connection it listens first and
then has everything reloaded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import psycopg
import structlog
from psycopg import sql
from sqlalchemy import text
from sqlmodel import Session

from shared.errors import ProviderError

CONFIGURATION: Final = "configuration"  # payload: the table that was edited
CALL_ENTRIES: Final = "call_entries"  # payload: call id; new entries, or the call itself changed
CALL_INTERIM: Final = "call_interim"  # payload: base64 of sealed JSON {call_id, side, text}
CALL_COMMANDS: Final = "call_commands"  # payload: "end:<call>" or "profile:<account>"
ACCOUNT: Final = "account"  # payload: account id; what it may do or has to pay has changed
JOBS: Final = "jobs"  # payload: the kind of job that was enqueued

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")

FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 5.0
CHECK_SECONDS = 20.0  # a peer that vanished without a word is found out this soon

log = structlog.get_logger()


def notify(session: Session, channel: str, payload: str) -> None:
    """Tell the channel's listeners when the transaction commits."""
    session.execute(_NOTIFY, {"channel": channel, "payload": payload})


class Listener:
    """Follows channels over a connection of its own, until cancelled."""

    def __init__(
        self,
        dsn_direct: str,
        channels: Mapping[str, Callable[[str], Awaitable[None]]],
        on_gap: Callable[[], Awaitable[None]],
        *,
        application_name: str = "listener",
    ) -> None:
        self._dsn = dsn_direct
        self._channels = channels
        self._on_gap = on_gap
        self._application_name = application_name
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Listen; reconnect for as long as it takes."""
        delay = FIRST_RETRY_SECONDS
        while True:
            try:
                async with await self._connect() as connection:
                    await self._follow(connection)
            except (psycopg.OperationalError, OSError, ProviderError) as error:
                if self.listening.is_set():
                    delay = FIRST_RETRY_SECONDS
                self.listening.clear()
                log.warning("listener_lost", error=type(error).__name__, retry_seconds=delay)
            await asyncio.sleep(delay)  # noqa: TID251 - nothing tells when the server is back
            delay = min(delay * 2, LONGEST_RETRY_SECONDS)

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await psycopg.AsyncConnection.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=5,
            keepalives_idle=15,
            keepalives_interval=5,
            keepalives_count=3,
            application_name=self._application_name,
        )

    async def _follow(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        for channel in self._channels:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        await self._on_gap()
        self.listening.set()
        while True:
            async for notification in connection.notifies(timeout=CHECK_SECONDS):
                await self._channels[notification.channel](notification.payload)
            await connection.execute("SELECT 1")
