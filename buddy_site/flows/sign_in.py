"""Signing in and out: what the vendor vouched for becomes a session row, and ends again."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from buddy_site.transactions import Transactions
from shared.clock import Clock
from shared.errors import DomainError
from shared.services import accounts, profiles
from shared.services.accounts import GoogleClaims, NewSignIn


class EmailUnverified(DomainError):
    """Google does not vouch for the address, so it may be anybody's."""

    code = "email_unverified"


async def sign_in(
    database: Transactions,
    clock: Clock,
    identity: GoogleClaims,
    *,
    user_agent: str,
    former_token: str | None,
    zone: str,
) -> NewSignIn:
    """Sign the browser in under a new token; the one it came with ends.

    An account without a time zone takes the browser's.
    """
    if not identity.is_email_verified:
        message = "the email address is not verified"
        raise EmailUnverified(message)
    return await database.transact(
        _rotate,
        identity=identity,
        user_agent=user_agent,
        former_token=former_token,
        zone=zone,
        now=clock.now(),
    )


async def sign_out(database: Transactions, clock: Clock, token: str) -> None:
    """End the session on the server: the cookie is worth nothing any more."""
    await database.transact(accounts.sign_out, token=token, now=clock.now())


def _rotate(
    session: Session,
    *,
    identity: GoogleClaims,
    user_agent: str,
    former_token: str | None,
    zone: str,
    now: datetime,
) -> NewSignIn:
    if former_token is not None:
        accounts.sign_out(session, token=former_token, now=now)
    signed_in = accounts.sign_in(session, identity=identity, user_agent=user_agent, now=now)
    profiles.guess_time_zone(session, account_id=signed_in.account_id, text=zone)
    return signed_in
