"""One Stripe for a module's tests; each begins with nothing in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.sandbox.stripe.shop import Shop, shop


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened_shop() -> AsyncIterator[Shop]:
    async with shop() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def stripe_shop(opened_shop: Shop) -> AsyncIterator[Shop]:
    yield opened_shop
    await opened_shop.reset()
