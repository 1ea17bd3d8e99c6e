"""The vendor's SDK, pointed at a sandbox Twilio."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped]
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from tests.integration.sandbox.twilio.exchange import Exchange

# The SDK's way to authenticate goes away with aiohttp 4; until then aiohttp says so.
SDK_WARNINGS = pytest.mark.filterwarnings(
    "ignore:BasicAuth is deprecated", "ignore:The 'auth' parameter is deprecated"
)
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000"
)


class Rebased(AsyncTwilioHttpClient):  # type: ignore[misc]
    """Sends what is for <product>.twilio.com to the sandbox, below /<product>."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    async def request(self, method: str, url: str, *args: object, **kwargs: object) -> object:
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        rebased = f"{self._base}/{parts.netloc.split('.')[0]}{parts.path}{query}"
        return await super().request(method, rebased, *args, **kwargs)


@asynccontextmanager
async def client(line: Exchange, token: str | None = None) -> AsyncIterator[Client]:
    """Yield a client of the account, or one with a token of its own choice."""
    async with Rebased(line.url) as http:
        yield Client(line.config.account_sid, token or line.config.auth_token, http_client=http)


async def refused(asking: Awaitable[Any]) -> tuple[int, int]:
    """Return the status and the number with which Twilio refused."""
    with pytest.raises(TwilioRestException) as refusal:
        await asking
    return refusal.value.status, refusal.value.code


async def ask(line: Exchange, method: str, path: str, **form: str) -> dict[str, Any]:
    """Ask as the account, without the SDK; return the body as it came."""
    auth = f"{line.config.account_sid}:{line.config.auth_token}"
    headers = {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"}
    async with line.http.request(
        method, f"{line.url}{path}", data=form or None, headers=headers
    ) as answer:
        return dict(await answer.json())


def shapes(body: Any) -> Any:
    """Return a body with its values replaced by their types, and moments by their form."""
    match body:
        case dict():
            return {name: shapes(value) for name, value in body.items()}
        case list():
            return [shapes(value) for value in body]
        case str() if MOMENT.fullmatch(body):
            return "moment"
        case _:
            return type(body)


async def steer(line: Exchange, what: str, **body: Any) -> None:
    """Post to one of the control routes."""
    async with line.http.post(f"{line.url}/_control/{what}", json=body) as answer:
        assert answer.status == 200, await answer.text()


async def letters(line: Exchange, to: str = "") -> list[dict[str, Any]]:
    """Return what the messages page shows, newest first."""
    async with line.http.get(f"{line.url}/_control/messages", params={"to": to}) as answer:
        return list((await answer.json())["messages"])
