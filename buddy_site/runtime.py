"""What the process runs on: its database, configuration and hub.

Reflex builds State classes itself, so they can't be handed anything: they ask `current()`.
Importing the site opens nothing; the server's lifespan enters `running`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import structlog

from buddy_site import jobs
from buddy_site.flows.billing import BillingFlow
from buddy_site.flows.live_reads import LiveReads
from buddy_site.flows.phone_verification import PhoneVerification
from buddy_site.gateways.billing import Billing
from buddy_site.gateways.stripe_billing import StripeBilling
from buddy_site.gateways.twilio_records import TwilioRecords
from buddy_site.gateways.twilio_verify import TwilioVerify
from buddy_site.live import Hub
from buddy_site.transactions import Transactions
from shared import logs
from shared.clock import Clock, SystemClock
from shared.configuration import Configuration, PersonaView
from shared.database import database_urls, open_database
from shared.domain.prices import PaidPlan
from shared.errors import BuddyError
from shared.listener import ACCOUNT, CALL_ENTRIES, CALL_INTERIM, Listener
from shared.seed.prices import paid_plan
from shared.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Site:
    """The running site."""

    settings: Settings
    clock: Clock
    database: Transactions
    hub: Hub
    listening: asyncio.Event
    cast: Callable[[], list[PersonaView]]
    plan: PaidPlan
    billing_gateway: Billing
    billing: BillingFlow
    proving: PhoneVerification

    @property
    def is_listening(self) -> bool:
        """Whether live pages hear of news."""
        return self.listening.is_set()


class NotRunning(BuddyError):
    """The server has not started, or is about to end."""


_current: Site | None = None


def current() -> Site:
    """Return what this process runs on."""
    if _current is None:
        message = "the site is not running"
        raise NotRunning(message)
    return _current


@contextmanager
def installed(site: Site) -> Iterator[Site]:
    """Make `site` the current one while the block lasts."""
    global _current  # noqa: PLW0603 - the one place where a process keeps what it runs on
    former, _current = _current, site
    try:
        yield site
    finally:
        _current = former


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Site]:
    """Open everything the site needs; say which command is missing where it can't be."""
    logs.configure(settings)
    database = await asyncio.to_thread(open_database, settings, application_name="site")
    direct = (await asyncio.to_thread(database_urls, settings)).direct
    configuration = await Configuration.start(database, direct)
    hub = Hub(LiveReads(database), database.key_ring)
    listener = Listener(
        direct,
        {
            CALL_ENTRIES: hub.on_entries,
            CALL_INTERIM: hub.on_interim,
            ACCOUNT: hub.on_account,
        },
        hub.on_gap,
        application_name="site-live",
    )
    listening = asyncio.create_task(listener.run(), name="live-listener")
    clock, plan = SystemClock(), paid_plan()
    gateway = stripe_gateway(settings)
    billing = BillingFlow(database, gateway, clock, site_url=settings.site_public_url, plan=plan)
    records = TwilioRecords(settings)
    codes = TwilioVerify(settings)
    site = Site(
        settings=settings,
        clock=clock,
        database=database,
        hub=hub,
        listening=listener.listening,
        cast=lambda: [view for _, view in sorted(configuration.personas.items())],
        plan=plan,
        billing_gateway=gateway,
        billing=billing,
        proving=PhoneVerification(
            database,
            clock,
            codes,
            countries=settings.countries,
            constant=configuration.constant,
        ),
    )
    working = asyncio.create_task(
        jobs.run(
            database,
            direct,
            clock,
            handlers=jobs.handlers(database, clock, billing, records),
            periodic=jobs.periodic(billing),
        ),
        name="site-jobs",
    )
    try:
        async with codes, hub.running():
            with installed(site):
                log.info("site_started")
                yield site
    finally:
        for task in (working, listening):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await gateway.close()
        await records.close()
        await configuration.close()
        await database.close()


def stripe_gateway(settings: Settings) -> StripeBilling:
    """Return Stripe as the settings know it."""
    return StripeBilling(
        secret_key=settings.stripe_secret_key.get_secret_value(),
        webhook_secret=settings.stripe_webhook_secret.get_secret_value(),
        site_url=settings.site_public_url,
        base_url=settings.stripe_base_url,
    )
