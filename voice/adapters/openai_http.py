"""What both OpenAI adapters share: the HTTP client, the time limits and the reading of errors."""

from __future__ import annotations

from typing import Final

import httpx2
import openai

from shared.errors import ProviderError

PROVIDER: Final = "openai"

# A stalled stream ends after `read`; one that only drips is ended by whoever asked for it.
TIMEOUT: Final = httpx2.Timeout(10.0, connect=2.0)
# A caller's turns are seconds apart: the default of 5 s would dial anew for most of them.
_LIMITS: Final = httpx2.Limits(
    max_connections=200, max_keepalive_connections=100, keepalive_expiry=60.0
)


def openai_client(
    *, api_key: str, base_url: str | None = None, http: httpx2.AsyncClient | None = None
) -> openai.AsyncOpenAI:
    """Return a client that never retries by itself: a caller is waiting."""
    return openai.AsyncOpenAI(
        api_key=api_key,
        base_url=base_url,
        timeout=TIMEOUT,
        max_retries=0,
        http_client=http or http_client(),
    )


def http_client() -> httpx2.AsyncClient:
    """Return the aiohttp transport: half the CPU of the SDK's own on streamed replies."""
    return openai.DefaultAioHttpClient(timeout=TIMEOUT, limits=_LIMITS)


def provider_error(error: Exception) -> ProviderError:
    """Say what failed in our own terms; what was asked or answered stays out of the text."""
    match error:
        case openai.RateLimitError():
            return _failed(error, retryable=error.code != "insufficient_quota")
        case openai.APIStatusError():
            return _failed(error, retryable=error.status_code >= 500)  # noqa: PLR2004 - HTTP's own
        case _:  # the connection, a time limit, or an error frame in mid-stream
            return _failed(error, retryable=True)


def _failed(error: Exception, *, retryable: bool) -> ProviderError:
    status = f" {error.status_code}" if isinstance(error, openai.APIStatusError) else ""
    return ProviderError(PROVIDER, f"{type(error).__name__}{status}", retryable=retryable)
