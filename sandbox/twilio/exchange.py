"""What the calls of one account share, and where their TwiML comes from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sandbox.control import Control
from sandbox.twilio.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Exchange:
    """What every call of an account shares."""

    account_sid: str
    auth_token: str
    http: aiohttp.ClientSession
    webhooks: Webhooks
    control: Control
    deepgram_url: str  # what hears the speech that is gathered
    say: Callable[[str, str], Awaitable[bytes]]  # text and voice to the line's audio
    run_aside: Callable[[Coroutine[Any, Any, None]], None]


@dataclass(frozen=True, slots=True)
class Fetch:
    """TwiML to be had from a URL."""

    url: str
    method: str = "POST"
    fallback: Fetch | None = None
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inline:
    """TwiML that came with a REST update."""

    text: str


Source = Fetch | Inline
