"""Every address of the site, written once."""

from __future__ import annotations

LANDING = "/"
HOME = "/home"
CALLS = "/calls"
CALL = "/calls/[call_id]"
SIGN_IN = "/sign-in"
TALK_TIME = "/talk-time"
BILLING = "/billing"
PROFILE = "/profile"
PHONE = "/phone"
SESSIONS = "/sessions"
PRIVACY = "/your-data"
OPERATOR = "/operator"
OPERATOR_CALL = "/operator/calls/[call_id]"

# What anyone may read.
TERMS = "/terms"
PRIVACY_POLICY = "/privacy"
CRISIS = "/crisis"
DELETED = "/account-deleted"

# Plain HTTP beside Reflex. A link to these must leave the single-page app: see components.links.
GOOGLE_START = "/auth/google"
GOOGLE_CALLBACK = "/auth/google/callback"
SIGN_OUT = "/auth/sign-out"
STRIPE_WEBHOOK = "/webhooks/stripe"
EXPORT = "/account/export"
HEALTH = "/healthz"
READY = "/readyz"

# Where a stranger who asked for a private page may be taken back to after signing in.
PRIVATE = (HOME, CALLS, TALK_TIME, BILLING, PROFILE, PHONE, SESSIONS, PRIVACY, OPERATOR)


def call(call_id: str) -> str:
    """Return the address of one call's page."""
    return f"{CALLS}/{call_id}"


def operator_call(call_id: str) -> str:
    """Return the address at which an operator sees a call."""
    return f"{OPERATOR}/calls/{call_id}"


def is_private(path: str) -> bool:
    """Return whether `path` is a private page of ours, and nothing else than a plain path."""
    return path in PRIVATE or (
        path.startswith(f"{CALLS}/") and path.removeprefix(f"{CALLS}/").replace("_", "").isalnum()
    )
