"""What all Deepgram adapters share: the client, how a connection is made, the reading of errors."""

from __future__ import annotations

import asyncio
import warnings
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final, TypeVar

import structlog

from shared.errors import ProviderError
from voice.adapters.deepgram_messages import Complaint, decoded
from voice.adapters.deepgram_wire import DeepgramWire, Refused, WireLost, latest_wire, make_wire

with warnings.catch_warnings():
    # The SDK imports the old half of websockets, which says that it is old.
    warnings.simplefilter("ignore", DeprecationWarning)
    from deepgram import AsyncDeepgramClient
    from deepgram.environment import DeepgramClientEnvironment

PROVIDER: Final = "deepgram"
CONNECT_TIMEOUT: Final = 4.0  # seconds; the SDK has none
CLOSE_TIMEOUT: Final = 1.0  # seconds; nobody waits for a vendor's goodbye

log = structlog.get_logger()

T = TypeVar("T")


def deepgram_client(*, api_key: str, base_url: str | None = None) -> AsyncDeepgramClient:
    """Return a client of Deepgram's own servers, or of those at `base_url`."""
    if base_url is None:
        return AsyncDeepgramClient(api_key=api_key, transport_factory=make_wire)
    root = base_url.rstrip("/")
    sockets = root.replace("http", "ws", 1) if root.startswith("http") else root
    environment = DeepgramClientEnvironment(
        base=root, production=sockets, agent=sockets, agent_rest=root
    )
    return AsyncDeepgramClient(
        api_key=api_key, environment=environment, transport_factory=make_wire
    )


async def connected(
    stack: AsyncExitStack, connecting: AbstractAsyncContextManager[T]
) -> tuple[T, DeepgramWire]:
    """Enter one of the SDK's connections in time; raise `ProviderError` if that can't be done.

    Return what the SDK makes of it, and the websocket under that.
    """
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            socket = await stack.enter_async_context(connecting)
            wire = latest_wire()
            await wire.open()
    except Refused as error:
        retryable = error.status == 429 or error.status >= 500  # noqa: PLR2004 - HTTP's own
        text = f"the stream was refused with {error.status}"
        raise ProviderError(PROVIDER, text, retryable=retryable) from None
    except OSError as error:
        raise lost(error) from error
    return socket, wire


async def close_quickly(stack: AsyncExitStack) -> None:
    """Leave a connection without waiting long for the other side's goodbye."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await stack.aclose()
    except OSError as error:
        log.info("deepgram_close_failed", error=type(error).__name__)


def lost(error: OSError) -> ProviderError:
    """Say in our own terms that a connection is gone."""
    reason = f" {error}" if isinstance(error, WireLost) else ""
    return ProviderError(PROVIDER, f"{type(error).__name__}{reason}", retryable=True)


def complaint_of(text: str | bytes) -> ProviderError:
    """Say what an error or a warning means: its name alone, for the rest may quote what was sent."""
    return ProviderError(PROVIDER, f"complained of {decoded(text, Complaint).name}", retryable=True)
