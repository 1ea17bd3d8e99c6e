"""The token that opens a call's stream: given with the TwiML, good once and for a minute."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from shared.tables.call import Call

TOKEN_BYTES = 32
TOKEN_LIFETIME = timedelta(seconds=60)  # Twilio opens the stream within a second or two


def issue(call: Call, *, now: datetime) -> str:
    """Return a token that opens the call's next stream; one given before opens nothing more."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    call.token_hash = _hash(token)
    call.token_expires_at = now + TOKEN_LIFETIME
    return token


def fits(call: Call, token: str, *, now: datetime) -> bool:
    """Return whether this is the token that was issued last, and it is still good."""
    return (
        call.token_hash is not None
        and call.token_expires_at is not None
        and call.token_expires_at >= now
        and hmac.compare_digest(call.token_hash, _hash(token))
    )


def forget(call: Call) -> None:
    """Let no token open a stream."""
    call.token_hash = call.token_expires_at = None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
