"""Twilio's REST API and its signatures."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException  # type: ignore[import-untyped]
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from shared.errors import ProviderError

PROVIDER: Final = "twilio"
SIGNATURE_HEADER: Final = "X-Twilio-Signature"

_NOT_FOUND: Final = 20404
_NOT_IN_PROGRESS: Final = 21220  # the call has ended: nothing is left to hang up

_silent = logging.getLogger("voice.adapters.twilio_rest")
_silent.disabled = True  # the SDK would log whole requests, numbers included


def rebased(url: str, base_url: str | None) -> str:
    """Return where a request of Twilio's SDK goes: each product below the one base address."""
    if base_url is None:
        return url
    there, base = urlsplit(url), urlsplit(base_url)
    product = there.netloc.partition(".")[0]
    path = f"{base.path.rstrip('/')}/{product}{there.path}"
    return urlunsplit((base.scheme, base.netloc, path, there.query, ""))


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


class TwilioCallControl:
    """Acts on running calls."""

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

    async def hang_up(self, call_sid: str) -> None:
        """End the call; one that has ended already is no failure."""
        try:
            await self._client().calls(call_sid).update_async(status="completed")
        except TwilioRestException as error:
            if error.code in (_NOT_FOUND, _NOT_IN_PROGRESS):
                return
            retryable = error.status == 429 or error.status >= 500  # noqa: PLR2004 - HTTP's own
            message = f"hanging up was answered with {error.status}, code {error.code}"
            raise ProviderError(PROVIDER, message, retryable=retryable) from error
        except (TwilioException, aiohttp.ClientError, TimeoutError, OSError) as error:
            message = f"hanging up failed: {type(error).__name__}"
            raise ProviderError(PROVIDER, message, retryable=True) from error

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _client(self) -> Any:
        # Made at first use: the SDK's client belongs to the loop it is made in.
        if self._http is None:
            self._http = _Http(self._base_url, self._timeout_seconds)
        return Client(self._account_sid, self._auth_token, http_client=self._http)


class SignatureValidator:
    """Tells whether a request really comes from Twilio.

    `url` is the public address that Twilio was given, never what a proxy passed on; `params` are
    the form's fields, blank ones included, or nothing for a websocket's handshake.
    """

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)

    def is_signed(self, url: str, params: Mapping[str, str], signature: str | None) -> bool:
        return bool(signature) and bool(self._validator.validate(url, params, signature))
