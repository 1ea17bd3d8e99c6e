"""What all Deepgram adapters share: the client, how a connection is made, the reading of errors."""

from __future__ import annotations

import asyncio
import logging
import warnings
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final, TypeVar

import structlog

from shared.errors import ProviderError
from voice import tasks

with warnings.catch_warnings():
    # The SDK imports the old half of websockets, which says that it is old.
    warnings.simplefilter("ignore", DeprecationWarning)
    from deepgram import AsyncDeepgramClient
    from deepgram.core.api_error import ApiError
    from deepgram.environment import DeepgramClientEnvironment
    from websockets.exceptions import ConnectionClosed, WebSocketException
    from websockets.legacy.client import WebSocketClientProtocol

PROVIDER: Final = "deepgram"
CONNECT_TIMEOUT: Final = 4.0  # seconds; the SDK has none
CLOSE_TIMEOUT: Final = 1.0  # seconds; nobody waits for a vendor's goodbye

# What a socket that is gone raises; a TimeoutError is an OSError.
LOST: Final = (WebSocketException, OSError)

log = structlog.get_logger()

T = TypeVar("T")


def deepgram_client(*, api_key: str, base_url: str | None = None) -> AsyncDeepgramClient:
    """Return a client of Deepgram's own servers, or of those at `base_url`."""
    if base_url is None:
        return AsyncDeepgramClient(api_key=api_key)
    root = base_url.rstrip("/")
    sockets = root.replace("http", "ws", 1) if root.startswith("http") else root
    environment = DeepgramClientEnvironment(
        base=root, production=sockets, agent=sockets, agent_rest=root
    )
    return AsyncDeepgramClient(api_key=api_key, environment=environment)


async def connected(stack: AsyncExitStack, connecting: AbstractAsyncContextManager[T]) -> T:
    """Enter one of the SDK's connections in time; raise `ProviderError` if that can't be done."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            socket = await stack.enter_async_context(connecting)
    except ApiError as error:
        status = error.status_code or 0
        retryable = status == 429 or status >= 500  # noqa: PLR2004 - HTTP's own
        # The error's text holds our request's headers.
        text = f"the stream was refused with {status}"
        raise ProviderError(PROVIDER, text, retryable=retryable) from None
    except LOST as error:
        raise lost(error) from error
    _loosen(socket)
    return socket


def _loosen(socket: object) -> None:
    """Have a connection be gone with the last who uses it.

    Its log adapter and the task of its pings hold it as it holds them: with its buffers it would
    wait for a collection.
    """
    connection = getattr(socket, "_websocket", None)
    if isinstance(connection, WebSocketClientProtocol):
        if isinstance(connection.logger, logging.LoggerAdapter):
            connection.logger = connection.logger.logger
        tasks.loosen(connection.keepalive_ping_task)


async def close_quickly(stack: AsyncExitStack) -> None:
    """Leave a connection without waiting long for the other side's goodbye."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await stack.aclose()
    except LOST as error:
        log.info("deepgram_close_failed", error=type(error).__name__)


def lost(error: Exception) -> ProviderError:
    """Say in our own terms that a connection is gone."""
    code = f" {error.rcvd.code}" if isinstance(error, ConnectionClosed) and error.rcvd else ""
    return ProviderError(PROVIDER, f"{type(error).__name__}{code}", retryable=True)
