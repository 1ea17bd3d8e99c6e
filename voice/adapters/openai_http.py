"""What OpenAI's adapters share: the HTTP client, the time limits and the reading of errors."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

import httpx2
import msgspec
import openai

from shared.errors import ProviderError

PROVIDER: Final = "openai"

# A stalled stream ends after `read`; one that only drips is ended by whoever asked for it.
TIMEOUT: Final = httpx2.Timeout(10.0, connect=2.0)
# A caller's turns are seconds apart: the default of 5 s would dial anew for most of them.
_LIMITS: Final = httpx2.Limits(
    max_connections=200, max_keepalive_connections=100, keepalive_expiry=60.0
)
NO_MONEY: Final = "insufficient_quota"


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


class Endpoint:
    """One address that takes JSON and streams its answer, over the connections of a client.

    What does not change from request to request is made once: a caller waits while the rest is.
    """

    def __init__(self, client: openai.AsyncOpenAI, http: httpx2.AsyncClient, path: str) -> None:
        self._http = http
        self._url = client.base_url.join(path)
        headers = {**client.default_headers, **client.auth_headers}
        self._headers = httpx2.Headers(
            {
                **{name: value for name, value in headers.items() if isinstance(value, str)},
                # What is compressed waits at the other end until there is enough of it.
                "Accept-Encoding": "identity",
            }
        )

    async def ask(self, body: dict[str, Any]) -> AsyncGenerator[bytes]:
        """Yield the answer as it arrives; raise `ProviderError` for a refusal or a lost line."""
        request = httpx2.Request(
            "POST", self._url, headers=self._headers, content=msgspec.json.encode(body)
        )
        try:
            response = await self._http.send(request, stream=True)
            try:
                if response.is_error:
                    raise refusal(response.status_code, await response.aread())
                async for piece in response.aiter_bytes():
                    yield piece
            finally:
                await response.aclose()
        except (httpx2.HTTPError, OSError) as error:
            raise provider_error(error) from error


def refusal(status: int, body: bytes) -> ProviderError:
    """Say what a refused request means; the body's message may quote what was sent."""
    return _refused(f"refused with {status}", status, _code(body))


def provider_error(error: Exception) -> ProviderError:
    """Say what failed in our own terms; what was asked or answered stays out of the text."""
    match error:
        case openai.APIStatusError():
            text = f"{type(error).__name__} {error.status_code}"
            return _refused(text, error.status_code, error.code)
        case _:  # the connection or a time limit
            return ProviderError(PROVIDER, type(error).__name__, retryable=True)


def _refused(text: str, status: int, code: str | None) -> ProviderError:
    may_help = status >= 500 or (status == 429 and code != NO_MONEY)  # noqa: PLR2004 - HTTP's own
    return ProviderError(PROVIDER, text, retryable=may_help)


def _code(body: bytes) -> str | None:
    """Return the error's code, if the body has one."""
    try:
        return msgspec.json.decode(body, type=_Refusal).error.code
    except msgspec.DecodeError:
        return None


class _Error(msgspec.Struct, frozen=True):
    code: str | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error: _Error
