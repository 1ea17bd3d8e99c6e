"""How both programs reach Twilio's REST APIs: the SDK's async client at another address.

Each product's API goes below the one base address of the settings, under its own name
(`/api/…`, `/verify/…`, `/lookups/…`). Time limits hold, and requests are never logged: they
carry numbers.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException  # type: ignore[import-untyped]
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from shared.closing import Closing
from shared.errors import ProviderError

PROVIDER: Final = "twilio"

# What can go wrong before Twilio has answered; whether it has acted is not known.
UNANSWERED: Final = (TwilioException, aiohttp.ClientError, TimeoutError, OSError)

_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500

_silent = logging.getLogger("shared.twilio_transport")
_silent.disabled = True  # the SDK would log whole requests, numbers included


def rebased(url: str, base_url: str | None) -> str:
    """Return where a request of Twilio's SDK goes: each product below the one base address."""
    if base_url is None:
        return url
    there, base = urlsplit(url), urlsplit(base_url)
    product = there.netloc.partition(".")[0]
    path = f"{base.path.rstrip('/')}/{product}{there.path}"
    return urlunsplit((base.scheme, base.netloc, path, there.query, ""))


class TwilioRest(Closing):
    """Twilio's REST client, made at first use: it belongs to the loop it is made in."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        base_url: str | None = None,
        timeout_seconds: float = 5.0,
    ) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._http: _Http | None = None

    @property
    def client(self) -> Any:
        """The SDK's client; its methods that end in `_async` are the ones that work."""
        if self._http is None:
            self._http = _Http(self._base_url, self._timeout_seconds)
        return Client(self._account_sid, self._auth_token, http_client=self._http)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None


def failure(error: Exception, *, doing: str) -> ProviderError:
    """Return what an error of the SDK means; the text never quotes the request."""
    if isinstance(error, TwilioRestException):
        status = int(error.status)
        message = f"{doing} was answered with {status}, code {error.code}"
        retryable = status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR
        return ProviderError(PROVIDER, message, retryable=retryable)
    message = f"{doing} failed: {type(error).__name__}"
    return ProviderError(PROVIDER, message, retryable=True)


class _Http(AsyncTwilioHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's client with another address, a time limit that works and no deprecated login."""

    def __init__(self, base_url: str | None, timeout: float) -> None:
        super().__init__(timeout=timeout, logger=_silent)
        self._base_url = base_url

    async def request(  # noqa: PLR0917 - the SDK's signature
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's signature
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the SDK's signature
    ) -> Response:
        headers = dict(headers or {})
        if auth is not None:
            login = base64.b64encode(":".join(auth).encode()).decode("ascii")
            headers["Authorization"] = f"Basic {login}"
        async with asyncio.timeout(timeout or self.timeout):
            return await super().request(
                method, rebased(url, self._base_url), params, data, headers
            )
