"""Runs use cases, each in one transaction, off the event loop.

A service function takes a `Session` first and never commits; `Database.transact` gives it one,
in a thread of its own pool, as wide as the connection pool. What it seals and opens with is in
`session.info["key_ring"]`.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from shared import embedded, migrations
from shared.errors import BuddyError, ProviderError
from shared.sealing import KeyMissing, KeyRing, SealBroken
from shared.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

POOL_WAIT_SECONDS = 2.0  # a caller on the line must not wait longer for a connection
STATEMENT_TIMEOUT_MS = 5000
ANSWER_LIMIT_SECONDS = 8.0  # a server that hangs without closing its sockets
IDLE_IN_TRANSACTION_MS = 10_000


class StoreUnavailable(ProviderError):
    """The database did not answer, or not in time."""

    def __init__(self, message: str) -> None:
        super().__init__("database", message, retryable=True)


class _ConnectionGone(Exception):
    """The connection that was to begin a transaction is dead."""


class SchemaOutdated(BuddyError):
    """The database's schema is not the one this program was written for."""


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where the database is: possibly through a pooler, and past it for LISTEN and migrations."""

    pooled: str
    direct: str


class Database:
    """Runs use cases, each in one transaction, off the event loop."""

    def __init__(
        self,
        url: str,
        key_ring: KeyRing,
        *,
        application_name: str,
        pool_size: int = 5,
        prepare_threshold: int | None = 5,
    ) -> None:
        self.key_ring = key_ring
        self._engine = _engine(
            url,
            application_name=application_name,
            pool_size=pool_size,
            prepare_threshold=prepare_threshold,
        )
        self._threads = ThreadPoolExecutor(pool_size, thread_name_prefix="database")

    async def transact(
        self, use_case: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run the use case; raise `StoreUnavailable` where the database would not."""
        context = contextvars.copy_context()
        started = self._threads.submit(
            lambda: context.run(lambda: self.transact_now(use_case, *args, **kwargs))
        )
        outcome = asyncio.wrap_future(started)
        try:
            done, _ = await asyncio.wait({outcome}, timeout=POOL_WAIT_SECONDS)
            if not done and started.cancel():
                message = f"no connection was free within {POOL_WAIT_SECONDS:g} s"
                raise StoreUnavailable(message)
            async with asyncio.timeout(ANSWER_LIMIT_SECONDS):
                return await outcome
        except TimeoutError:
            message = f"no answer within {POOL_WAIT_SECONDS + ANSWER_LIMIT_SECONDS:g} s"
            raise StoreUnavailable(message) from None
        finally:
            outcome.cancel()

    def transact_now(
        self, use_case: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run the use case on the calling thread: for commands and tests."""
        try:
            try:
                return self._transact(use_case, *args, **kwargs)
            except _ConnectionGone:  # it was kept from before; nothing has been asked for yet
                return self._transact(use_case, *args, **kwargs)
        except _ConnectionGone as gone:
            raise StoreUnavailable(str(gone)) from None
        except PoolTimeout:
            message = f"no connection was free within {POOL_WAIT_SECONDS:g} s"
            raise StoreUnavailable(message) from None
        except OperationalError as error:
            raise StoreUnavailable(_without_values(error)) from None
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StoreUnavailable(_without_values(error)) from None
            raise

    def _transact(
        self, use_case: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        with Session(self._engine, info={"key_ring": self.key_ring}) as session, session.begin():
            try:
                session.connection()  # begins
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise _ConnectionGone(_without_values(error)) from None
                raise
            return use_case(session, *args, **kwargs)

    async def close(self) -> None:
        """Let running use cases finish and close every connection."""
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        """Close on the calling thread."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._engine.dispose()


def key_ring(session: Session) -> KeyRing:
    """Return the key ring that `Database` put into the session."""
    ring = session.info["key_ring"]
    assert isinstance(ring, KeyRing)  # noqa: S101 - tells mypy what the session holds
    return ring


def lock(session: Session, *what: str) -> None:
    """Wait until no other transaction is busy with the same thing, and keep others waiting."""
    digest = key_ring(session).blind_index("lock", " ".join(what))
    session.execute(
        text("SELECT pg_advisory_xact_lock(:key)"),
        {"key": int.from_bytes(digest[:8], "big", signed=True)},
    )


def database_urls(settings: Settings) -> DatabaseUrls:
    """Return where the database is; where no address is set, start or join the embedded one."""
    if settings.database_url is None:
        url = embedded.server(settings).start().url(embedded.DATABASE)
        return DatabaseUrls(pooled=url, direct=url)
    pooled = _plain(settings.database_url.get_secret_value())
    direct = settings.database_url_direct
    return DatabaseUrls(
        pooled=pooled, direct=_plain(direct.get_secret_value()) if direct is not None else pooled
    )


def open_database(settings: Settings, *, application_name: str, pool_size: int = 5) -> Database:
    """Open the database for a program, or say which command it needs first."""
    urls = database_urls(settings)
    database = Database(
        urls.pooled,
        KeyRing.load(settings.keys_path),
        application_name=application_name,
        pool_size=pool_size,
        prepare_threshold=settings.database_prepare_threshold,
    )
    try:
        database.transact_now(require_schema)
        database.transact_now(require_keys)
    except BaseException:
        database.close_now()
        raise
    return database


def require_schema(session: Session) -> None:
    """Refuse a database whose schema is older or newer than this program."""
    found, expected = migrations.revision_of(session.connection()), migrations.expected_revision()
    if found != expected:
        message = (
            f"the database's schema is at {found or 'nothing'}, this program needs {expected}: "
            "run `make migrate`"
        )
        raise SchemaOutdated(message)


def prove_keys(session: Session) -> None:
    """Leave the proof that programs are held to, sealed with the current key."""
    session.execute(
        text("UPDATE key_check SET sealed = :sealed WHERE id = 1"),
        {"sealed": key_ring(session).seal("key check", "key_check")},
    )


def require_keys(session: Session) -> None:
    """Refuse a database that was sealed with keys this ring does not hold."""
    ring = key_ring(session)
    index = ring.blind_index("key_check", "index")
    # The first program to open a new database leaves the proof that later ones are held to.
    session.execute(
        text(
            "INSERT INTO key_check (id, sealed, blind_index) VALUES (1, :sealed, :index) "
            "ON CONFLICT DO NOTHING"
        ),
        {"sealed": ring.seal("key check", "key_check"), "index": index},
    )
    sealed, stored_index = session.execute(
        text("SELECT sealed, blind_index FROM key_check WHERE id = 1")
    ).one()
    try:
        ring.open(bytes(sealed), "key_check")
    except (KeyMissing, SealBroken):
        is_ours = False
    else:
        is_ours = bytes(stored_index) == index
    if not is_ours:
        message = (
            "this database was sealed with other keys than the key file holds: restore the key "
            "file that belongs to it (BUDDY_KEY_FILE names where it is)"
        )
        raise KeyMissing(message)


def _engine(
    url: str, *, application_name: str, pool_size: int, prepare_threshold: int | None
) -> Engine:
    engine = create_engine(
        "postgresql+psycopg://" + _plain(url).partition("://")[2],
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_use_lifo=True,  # few connections stay warm, with what they have prepared
        pool_recycle=1800,
        isolation_level="AUTOCOMMIT",  # `_begin` begins
        hide_parameters=True,
        connect_args={
            "application_name": application_name,
            "connect_timeout": 2,
            "prepare_threshold": prepare_threshold,
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Begin a transaction and limit it, in one round trip.

    The limits are the transaction's, because a transaction pooler refuses start-up options and
    would hand a session's settings to the next client.
    """
    connection.exec_driver_sql(
        "BEGIN; "
        f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS}"
    )


def _plain(url: str) -> str:
    """Return the address as libpq takes it, whichever driver it was written for."""
    return "postgresql://" + url.partition("://")[2]


def _without_values(error: DBAPIError) -> str:
    """Name the failure without the statement and its values."""
    return type(error.orig).__name__ if error.orig is not None else type(error).__name__
