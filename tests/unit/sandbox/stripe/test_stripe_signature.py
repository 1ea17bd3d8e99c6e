"""Webhooks are signed as Stripe's own library signs and checks them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import stripe

from sandbox.stripe.webhooks import signature

SECRET = "whsec_sandbox"
PAYLOAD = '{"id": "evt_1", "object": "event", "data": {"object": {"name": "Søren"}}}'


def test_the_header_is_the_librarys_own() -> None:
    made = signature(SECRET, PAYLOAD.encode(), 1_700_000_000)

    assert made == stripe.WebhookSignature.generate_signature_header(
        PAYLOAD, SECRET, timestamp=1_700_000_000
    )


def test_the_library_accepts_it_for_this_very_body() -> None:
    header = signature(SECRET, PAYLOAD.encode(), int(datetime.now(UTC).timestamp()))

    assert stripe.Webhook.construct_event(PAYLOAD, header, SECRET).id == "evt_1"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(PAYLOAD.replace("evt_1", "evt_2"), header, SECRET)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(PAYLOAD, header, "whsec_other")
