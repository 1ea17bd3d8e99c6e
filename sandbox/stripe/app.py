"""Stripe on loopback: subscriptions with real shapes, signed webhooks and a clock to move.

The API answers as version 2026-10-28.endive does, below /v1; hosted pages are below /c, /p and
/i. What may be steered stands in `steering`. One product, "Unlimited", is on sale, monthly and
yearly. What is not built answers 501; so does a parameter that would be ignored.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from quart import Quart, Response, request

from sandbox.config import SandboxConfig
from sandbox.control import Control, install_control
from sandbox.stripe import lifecycle, steering
from sandbox.stripe.amounts import money
from sandbox.stripe.api import Api, failing_routes
from sandbox.stripe.clock import Clock
from sandbox.stripe.errors import error_body
from sandbox.stripe.keeping import Keeper
from sandbox.stripe.objects import price
from sandbox.stripe.pages import checkout, invoice, portal, portal_cards, words
from sandbox.stripe.store import Books
from sandbox.stripe.webhooks import ROUTE, Webhooks

log = logging.getLogger("sandbox.stripe")

TICK_SECONDS = 1.0  # how late something may happen that nobody asks about


class Stripe:
    """One account: its books, its webhooks, and who keeps them going."""

    def __init__(self, config: SandboxConfig) -> None:
        self.control = Control(
            *failing_routes(),
            ROUTE,
            on_reset=self.reset,
            on_seed=self.seed,
            error_body=error_body,
        )
        self.webhooks = Webhooks(
            config.stripe_webhook_url, config.stripe_webhook_secret, self.control
        )
        self.books = Books(Clock(), self.webhooks.send, config.stripe_url)
        self.api = Api(self.books, self.control, config.stripe_secret_key, self.catch_up)
        self.keeper = Keeper(self.books, config.stripe_state)
        self._webhook_url = config.stripe_webhook_url
        self._ticking: asyncio.Task[None] | None = None
        if not self.keeper.load():
            price.seed(self.books)

    async def open(self) -> None:
        """Let time pass."""
        await self.webhooks.open()
        self._ticking = asyncio.create_task(self._tick())

    async def close(self) -> None:
        """Stop at once."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait({self._ticking})
        await self.webhooks.close()
        self.keeper.save()

    def catch_up(self) -> None:
        """Do what is due."""
        if lifecycle.catch_up(self.books):
            self.keeper.is_stale = True

    async def reset(self) -> None:
        """Forget every customer and what they paid, and show the system's time again."""
        self.webhooks.reset()
        self.webhooks.url = self._webhook_url
        self.books.clear()
        self.books.clock.reset()
        self.api.idempotency.kept.clear()
        price.seed(self.books)

    def seed(self, body: dict[str, Any]) -> None:
        """Take what the account's owner chooses."""
        steering.seed(self.books, self.webhooks, body)

    async def _tick(self) -> None:
        while True:
            try:
                self.catch_up()
                self.keeper.save()
            except Exception as error:
                log.exception("the clock stumbled")
                self.control.record("crash", error=repr(error))
            await asyncio.sleep(TICK_SECONDS)


def create_app(config: SandboxConfig) -> Quart:
    """Return a Stripe of its own."""
    app = Quart("sandbox.stripe.pages")  # where the templates are
    stripe = Stripe(config)
    install_control(app, stripe.control)
    stripe.api.install(app)
    steering.install(app, stripe.books, stripe.webhooks)
    app.jinja_env.filters.update(money=money, day=words.day)
    checkout.install(app, stripe.books)
    invoice.install(app, stripe.books, config.site_url)
    portal.install(app, stripe.books)
    portal_cards.install(app, stripe.books)
    app.before_serving(stripe.open)
    app.after_serving(stripe.close)
    app.extensions["stripe"] = stripe

    @app.get("/favicon.ico")
    async def icon() -> Response:
        return Response(status=204)  # there is none, and a page need not complain

    @app.after_request
    async def touched(response: Response) -> Response:
        stripe.keeper.is_stale |= request.method != "GET"
        return response

    return app
