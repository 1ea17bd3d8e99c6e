"""Stripe's webhook: https://docs.stripe.com/webhooks.

The signature is over the raw body. 400 says that this is none of Stripe's; any 5xx makes Stripe
send it again, for days, and until then the reconciliation finds what was missed.
"""

from __future__ import annotations

import asyncio

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from buddy_site import paths, runtime
from buddy_site.gateways.billing import WebhookRefused
from shared.errors import ProviderError

SIGNATURE_HEADER = "stripe-signature"
LARGEST_BODY = 512 * 1024  # bytes; Stripe's events are a few thousand
ANSWER_SECONDS = 9.0  # Stripe gives up on an endpoint after ten or more

log = structlog.get_logger()


def routes() -> list[Route]:
    """Return the one address that Stripe is given."""
    return [Route(paths.STRIPE_WEBHOOK, take, methods=["POST"])]


async def take(request: Request) -> Response:
    """Let a signed event have its effect, and say so."""
    try:
        body = await _body(request)
    except ClientDisconnect:
        return PlainTextResponse("Incomplete.", 400)
    if body is None:
        return PlainTextResponse("Too large.", 413)
    site = runtime.current()
    signature = request.headers.get(SIGNATURE_HEADER, "")
    try:
        event = site.billing_gateway.read_webhook(body, signature)
    except WebhookRefused as refusal:
        log.warning("webhook_refused", reason=str(refusal))
        return PlainTextResponse("Not signed by Stripe.", 400)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await site.billing.news.take_webhook(event)
    except (ProviderError, TimeoutError) as error:
        log.warning(
            "webhook_postponed",
            event_id=event.event_id,
            kind=event.kind,
            error=type(error).__name__,
        )
        return PlainTextResponse("Later, please.", 503)
    return PlainTextResponse("Thanks.")


async def _body(request: Request) -> bytes | None:
    """Return the raw body, or None as soon as it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)
