"""An exchange, and the product's SDK asking it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from twilio.rest import Client  # type: ignore[import-untyped]

from tests.integration.sandbox.twilio.asking import client
from tests.integration.sandbox.twilio.exchange import Exchange, exchange


@pytest.fixture
async def line() -> AsyncIterator[Exchange]:
    async with exchange() as running:
        yield running


@pytest.fixture
async def twilio(line: Exchange) -> AsyncIterator[Client]:
    async with client(line) as asking:
        yield asking
