"""The way to Stripe: its SDK's client, with an address and time limits of ours, and its failures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import stripe

from buddy_site.gateways.billing import Missing
from shared.errors import ProviderError

PROVIDER: Final = "stripe"
ANSWER_SECONDS = 15.0  # all tries of one call; nobody waits on a page for longer
RETRIES = 2
TOO_MANY_REQUESTS, SERVER_FAILURE = 429, 500
MISSING = "resource_missing"

logging.getLogger("stripe").disabled = True  # it would log addresses and bodies


class StripeTransport:
    """The SDK's client, made when it is first asked for."""

    def __init__(self, secret_key: str, base_url: str | None, timeout_seconds: float) -> None:
        self._secret_key = secret_key
        self._base_url = base_url
        self._timeout = timeout_seconds
        self._http: stripe.AIOHTTPClient | None = None
        self._made: stripe.StripeClient | None = None

    @property
    def client(self) -> stripe.StripeClient:
        """The client; its connections belong to the loop that asked first."""
        if self._made is None:
            self._http = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=self._timeout))
            self._made = stripe.StripeClient(
                self._secret_key,
                base_addresses={"api": self._base_url} if self._base_url is not None else None,
                max_network_retries=RETRIES,
                http_client=self._http,
            )
        return self._made

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close_async()  # type: ignore[no-untyped-call]
            self._http = self._made = None


@asynccontextmanager
async def failures(*, refusal: type[Exception] | None = None) -> AsyncIterator[None]:
    """Put Stripe's failures into ours; nothing of what was sent or answered goes along.

    `refusal` is what an invalid request means here, where it means something.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except stripe.InvalidRequestError as error:
        if error.code == MISSING:
            raise Missing(str(error.param)) from None
        if refusal is not None:
            raise refusal from None
        raise _failure(error, retryable=False) from None
    except stripe.StripeError as error:
        status = error.http_status
        retryable = isinstance(error, stripe.APIConnectionError) or (
            status is not None and (status == TOO_MANY_REQUESTS or status >= SERVER_FAILURE)
        )
        raise _failure(error, retryable=retryable) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ProviderError(PROVIDER, type(error).__name__, retryable=True) from None
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        message = f"an answer of another shape: {type(error).__name__}"
        raise ProviderError(PROVIDER, message, retryable=False) from error


def _failure(error: stripe.StripeError, *, retryable: bool) -> ProviderError:
    message = f"{type(error).__name__}, status {error.http_status}, code {error.code}"
    return ProviderError(PROVIDER, message, retryable=retryable)
