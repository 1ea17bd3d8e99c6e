"""The site's webhook on a port, for a vendor to send to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette

from buddy_site import runtime
from buddy_site.endpoints import stripe_webhook
from buddy_site.flows.billing import BillingFlow
from buddy_site.gateways.billing import Billing
from sandbox.serving import serving


@dataclass(frozen=True)
class Behind:
    """What of the site the webhook knows."""

    billing_gateway: Billing
    billing: BillingFlow


@asynccontextmanager
async def webhook_of(gateway: Billing, billing: BillingFlow) -> AsyncIterator[str]:
    """Serve the webhook; yield its address."""
    site: Any = Behind(gateway, billing)
    with runtime.installed(site):
        async with serving(Starlette(routes=stripe_webhook.routes())) as url:
            yield f"{url}/webhooks/stripe"
