"""Sign-in sessions: browsers in which somebody is signed in, and the tokens they hold.

A token says which session it is for and bears our seal, so that one we gave out long ago can be
told from a made-up one. It is replaced once a day, when a page is loaded. The one before stays
good until the next time, for the tabs and answers that were under way; whoever comes with an
older one has a copy, and as nobody can tell which of the two is the owner, the session ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, or_, select

from shared.database import key_ring
from shared.errors import DomainError
from shared.ids import AccountId, SignInSessionId, new_id
from shared.listener import ACCOUNT, notify
from shared.tables.account import SignInSession

LIFETIME = timedelta(days=30)
ROTATION_PERIOD = timedelta(days=1)
SEEN_PERIOD = timedelta(minutes=5)  # how exactly it is kept when a browser was here
LONGEST_USER_AGENT = 300  # characters

SECRET_BYTES = 24
SEAL_LENGTH = 22  # of base64: 132 bits
TOKEN = re.compile(rf"([0-9a-f]{{24}})([\w-]{{32}})([\w-]{{{SEAL_LENGTH}}})", re.ASCII)


class NoSuchBrowser(DomainError):
    """The account has no such sign-in session, or it is over."""

    code = "no_such_browser"


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page load found: the browser's new token where its own was due."""

    session_id: SignInSessionId
    new_token: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BrowserView:
    """A browser in which the account's owner is signed in, as they see it."""

    session_id: SignInSessionId
    user_agent: str
    signed_in_at: datetime
    seen_at: datetime


def start(
    session: Session,
    *,
    account_id: AccountId,
    issuer: str,
    subject: str,
    user_agent: str,
    now: datetime,
) -> str:
    """Begin a session and return its token, which nothing but the browser knows."""
    session_id = SignInSessionId(new_id("sis"))
    token = _new_token(session, session_id)
    session.add(
        SignInSession(
            id=session_id,
            account_id=account_id,
            token_hash=_hash(token),
            rotated_at=now,
            last_seen_at=now,
            sealed_user_agent=key_ring(session).seal(
                user_agent[:LONGEST_USER_AGENT], "user_agent", session_id
            ),
            issuer=issuer,
            subject=subject,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    session.flush()
    return token


def with_token(token: str, now: datetime) -> tuple[Any, ...]:
    """Return what is true of the one session that the token opens now."""
    hashed = _hash(token)
    return (
        or_(SignInSession.token_hash == hashed, SignInSession.former_token_hash == hashed),
        *_open(now),
    )


def with_id(session_id: str, now: datetime) -> tuple[Any, ...]:
    """Return what is true of this session while it goes on: for who has shown its token."""
    return (SignInSession.id == session_id, *_open(now))


def end_if_copied(session: Session, *, token: str, now: datetime) -> None:
    """End the session of a token that was replaced twice; any other token ends nothing."""
    session_id = _session_of(session, token)
    if session_id is not None:
        _end(session, now, SignInSession.id == session_id)


def visit(session: Session, *, token: str, now: datetime) -> Visit | None:
    """Note that a page is loaded, and replace the browser's token if it is due."""
    found = session.exec(
        select(SignInSession).where(*with_token(token, now)).with_for_update()
    ).one_or_none()
    if found is None:
        end_if_copied(session, token=token, now=now)
        return None
    new_token = None
    if now - (found.rotated_at or found.created_at) >= ROTATION_PERIOD:
        new_token = _new_token(session, found.id)
        found.former_token_hash = _hash(token)
        found.token_hash = _hash(new_token)
        found.rotated_at = found.last_seen_at = now
    elif found.last_seen_at is None or now - found.last_seen_at >= SEEN_PERIOD:
        found.last_seen_at = now
    session.flush()
    return Visit(SignInSessionId(found.id), new_token, found.expires_at)


def end(session: Session, *, token: str, now: datetime) -> None:
    """End the browser's session; a token that is none ends nothing."""
    _end(session, now, *with_token(token, now))


def browsers(session: Session, *, account_id: AccountId, now: datetime) -> tuple[BrowserView, ...]:
    """Return where the account's owner is signed in, the latest seen first."""
    rows = session.exec(
        select(SignInSession).where(SignInSession.account_id == account_id, *_open(now))
    )
    views = [
        BrowserView(
            session_id=SignInSessionId(row.id),
            user_agent=key_ring(session).open(row.sealed_user_agent, "user_agent", row.id),
            signed_in_at=row.created_at,
            seen_at=row.last_seen_at or row.created_at,
        )
        for row in rows
    ]
    return tuple(sorted(views, key=lambda view: view.seen_at, reverse=True))


def revoke(
    session: Session, *, account_id: AccountId, session_id: SignInSessionId, now: datetime
) -> None:
    """End one of the account's sessions; raise `NoSuchBrowser`."""
    ended = _end(
        session,
        now,
        SignInSession.account_id == account_id,
        SignInSession.id == session_id,
    )
    if not ended:
        raise NoSuchBrowser


def revoke_others(
    session: Session, *, account_id: AccountId, session_id: SignInSessionId, now: datetime
) -> int:
    """End all of the account's sessions but this one; return how many there were."""
    return _end(
        session,
        now,
        SignInSession.account_id == account_id,
        SignInSession.id != session_id,
    )


def _open(now: datetime) -> tuple[Any, ...]:
    return (col(SignInSession.ended_at).is_(None), SignInSession.expires_at > now)


def _end(session: Session, now: datetime, *which: Any) -> int:
    """End these sessions, and let the pages that are open in them find out at once."""
    ended = session.execute(
        update(SignInSession)
        .where(*_open(now), *which)
        .values(ended_at=now)
        .returning(col(SignInSession.account_id))
    ).all()
    for account_id in {row.account_id for row in ended}:
        notify(session, ACCOUNT, account_id)
    return len(ended)


def _new_token(session: Session, session_id: str) -> str:
    body = session_id.removeprefix("sis_") + secrets.token_urlsafe(SECRET_BYTES)
    return body + _seal(session, body)


def _session_of(session: Session, token: str) -> str | None:
    """Return the session that a token of ours was once given out for."""
    parts = TOKEN.fullmatch(token)
    if parts is None:
        return None
    name, secret, seal = parts.groups()
    is_ours = hmac.compare_digest(seal, _seal(session, name + secret))
    return f"sis_{name}" if is_ours else None


def _seal(session: Session, body: str) -> str:
    index = key_ring(session).blind_index("session_token", body)
    return base64.urlsafe_b64encode(index).decode()[:SEAL_LENGTH]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
