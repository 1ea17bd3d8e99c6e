"""A Stripe of each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.sandbox.stripe.shop import Shop, shop


@pytest.fixture
async def stripe_shop() -> AsyncIterator[Shop]:
    async with shop() as opened:
        yield opened
