"""Asks the product's server what to do, as Twilio does: signed, patient for 15 seconds.

https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides: 5 s to connect, one more
try where no connection came about, 15 s in all; a fragment such as `#rc=2&ct=1000` changes that
and is part of neither the request nor its signature. Retries carry `I-Twilio-Idempotency-Token`.
https://www.twilio.com/docs/api/errors/11200, 11205 and 12300 say what else may go wrong.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from sandbox.twilio.errors import NOT_BUILT, CallProblem
from sandbox.twilio.signature import HEADER, sign

CEILING_SECONDS = 15.0
CONNECT_SECONDS = 5.0
TWIML_TYPES = ("text/xml", "application/xml", "text/html", "application/twiml+xml")
FIRST_ERROR_STATUS = 400


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often a URL is tried."""

    connect_seconds: float = CONNECT_SECONDS
    total_seconds: float = CEILING_SECONDS
    retries: int = 1

    @classmethod
    def of(cls, fragment: str) -> Patience:
        """Read a URL's fragment: `rc` retries, `ct` and `tt` milliseconds."""
        wishes = {name: int(text) for name, text in parse_qsl(fragment) if text.isdigit()}
        return cls(
            connect_seconds=min(wishes.get("ct", 5000), 10_000) / 1000,
            total_seconds=min(wishes.get("tt", 15_000), 15_000) / 1000,
            retries=min(wishes.get("rc", 1), 5),
        )


class Webhooks:
    """Sends one account's webhooks."""

    def __init__(self, http: aiohttp.ClientSession, auth_token: str) -> None:
        self._http = http
        self._auth_token = auth_token

    async def twiml(self, url: str, fields: Mapping[str, str], method: str = "POST") -> str:
        """Return the TwiML at the URL; raise `CallProblem` where there is none."""
        status, kind, body = await self._ask(url, fields, method)
        if status >= FIRST_ERROR_STATUS:
            raise CallProblem(11200, f"{_bare(url)} answered {status}")
        if kind not in TWIML_TYPES:
            if kind.startswith("audio/"):
                message = f"the sandbox plays no {kind} in place of TwiML"
                raise CallProblem(NOT_BUILT, message)
            raise CallProblem(12300, f"{_bare(url)} answered with {kind or 'no content type'}")
        return body

    async def message_twiml(self, url: str, fields: Mapping[str, str]) -> str:
        """Return the TwiML that answers a message; empty where there is nothing to answer."""
        status, kind, body = await self._ask(url, fields, "POST")
        if status >= FIRST_ERROR_STATUS:
            raise CallProblem(11200, f"{_bare(url)} answered {status}")
        if body.strip() and kind not in TWIML_TYPES:
            raise CallProblem(12300, f"{_bare(url)} answered with {kind or 'no content type'}")
        return body

    async def notify(self, url: str, fields: Mapping[str, str], method: str = "POST") -> int:
        """Tell the URL something; return its status. Nobody asks again."""
        status, _, _ = await self._ask(url, fields, method)
        return status

    async def _ask(self, url: str, fields: Mapping[str, str], method: str) -> tuple[int, str, str]:
        patience = Patience.of(urlsplit(url).fragment)
        token = str(uuid.uuid4())
        try:
            async with asyncio.timeout(patience.total_seconds):
                for attempt in range(patience.retries + 1):
                    try:
                        return await self._once(_bare(url), fields, method, token, patience)
                    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                        if attempt == patience.retries:
                            raise
        except TimeoutError as error:
            raise CallProblem(11205, f"{_bare(url)} did not answer in time") from error
        except aiohttp.TooManyRedirects as error:
            raise CallProblem(11215, f"{_bare(url)} redirects without end") from error
        except (aiohttp.InvalidURL, ValueError) as error:
            raise CallProblem(11100, f"{url!r} is no URL") from error
        except aiohttp.ClientError as error:
            raise CallProblem(11205, f"{_bare(url)} can't be reached: {error}") from error
        raise AssertionError

    async def _once(
        self, url: str, fields: Mapping[str, str], method: str, token: str, patience: Patience
    ) -> tuple[int, str, str]:
        if method == "GET":
            joined = "&" if urlsplit(url).query else "?"
            url, fields = f"{url}{joined}{urlencode(fields)}", {}
        headers = {
            HEADER: sign(self._auth_token, url, fields),
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        body = urlencode(fields) if method == "POST" else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        timeout = aiohttp.ClientTimeout(sock_connect=patience.connect_seconds)
        async with self._http.request(
            method,
            URL(url, encoded=True),
            data=body,
            headers=headers,
            timeout=timeout,
            max_redirects=10,
        ) as answer:
            text = await answer.text(encoding=answer.charset or "utf-8", errors="replace")
            return (
                answer.status,
                answer.content_type if answer.headers.get("Content-Type") else "",
                text,
            )


def _bare(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, parts.query, ""))
