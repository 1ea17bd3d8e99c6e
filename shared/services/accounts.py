"""Accounts: how one signs in to them, who they belong to, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from shared.database import key_ring, lock
from shared.domain import names
from shared.errors import DomainError
from shared.ids import AccountId, SignInSessionId
from shared.services import consents, phone_lines, sign_in_sessions, talk_time
from shared.services.new_accounts import AccountKind, new_account, open_spoken_name
from shared.services.phone_lines import LineView
from shared.tables.account import Account, GoogleIdentity, Operator, SignInSession
from shared.tables.persona import Persona
from shared.wordings import ConsentKind

__all__ = ["AccountKind", "LineView"]


class AdultUnconfirmed(DomainError):
    """The account's owner has not said yet to be 18 or over."""

    code = "adult_unconfirmed"

    def __init__(self) -> None:
        super().__init__("the account's owner has not confirmed to be an adult")


@dataclass(frozen=True, slots=True)
class GoogleClaims:
    """What the identity provider vouches for."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool
    name: str | None
    given_name: str | None


@dataclass(frozen=True, slots=True)
class NewSignIn:
    """A browser that signed in, with the token that only its cookie knows."""

    account_id: AccountId
    token: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a browser is."""

    account_id: AccountId
    session_id: SignInSessionId
    email: str
    spoken_name: str | None
    is_operator: bool


@dataclass(frozen=True, slots=True)
class ProfileView:
    """An account as its owner sees it."""

    spoken_name: str | None
    email: str | None
    favourite_menu_key: int | None
    lines: tuple[LineView, ...]
    seconds_left: int
    is_unlimited: bool


def sign_in(
    session: Session, *, identity: GoogleClaims, user_agent: str, now: datetime
) -> NewSignIn:
    """Sign a browser in under a token of its own; who comes for the first time is registered."""
    account_id = register(session, identity=identity, now=now)
    token = sign_in_sessions.start(
        session,
        account_id=account_id,
        issuer=identity.issuer,
        subject=identity.subject,
        user_agent=user_agent,
        now=now,
    )
    return NewSignIn(account_id, token)


def register(session: Session, *, identity: GoogleClaims, now: datetime) -> AccountId:
    """Return the account that the identity opens, made if need be; its address is kept current."""
    # Two first sign-ins of one person, in two tabs, make one account.
    lock(session, identity.issuer, identity.subject)
    found = session.get(GoogleIdentity, (identity.issuer, identity.subject))
    sealed_email = key_ring(session).seal(
        identity.email, "email", identity.issuer, identity.subject
    )
    index = email_index(session, identity.email)
    if found is None:
        account_id = new_account(
            session,
            AccountKind.REGISTERED,
            spoken_name=names.from_provider(identity.given_name) or identity.name,
            now=now,
        )
        session.add(
            GoogleIdentity(
                issuer=identity.issuer,
                subject=identity.subject,
                account_id=account_id,
                sealed_email=sealed_email,
                email_index=index,
                is_email_verified=identity.is_email_verified,
                created_at=now,
            )
        )
        session.flush()
        return account_id
    if found.email_index != index or found.is_email_verified != identity.is_email_verified:
        found.sealed_email = sealed_email
        found.email_index = index
        found.is_email_verified = identity.is_email_verified
        session.flush()
    return AccountId(found.account_id)


def signed_in(session: Session, *, token: str, now: datetime) -> SignedIn | None:
    """Return whose browser holds the token; None if it was signed out or is too old."""
    someone = _someone(session, sign_in_sessions.with_token(token, now))
    if someone is None:
        sign_in_sessions.end_if_copied(session, token=token, now=now)
    return someone


def still_signed_in(session: Session, *, session_id: str, now: datetime) -> SignedIn | None:
    """Return whose browser has shown its token before, if its session still goes on."""
    return _someone(session, sign_in_sessions.with_id(session_id, now))


def sign_out(session: Session, *, token: str, now: datetime) -> None:
    """End the browser's session; a token that is none ends nothing."""
    sign_in_sessions.end(session, token=token, now=now)


def add_operator(session: Session, *, email: str, now: datetime) -> None:
    """Let whoever signs in with this verified address run the installation."""
    index = email_index(session, email)
    session.execute(
        insert(Operator)
        .values(
            email_index=index,
            sealed_email=key_ring(session).seal(email, "operator_email", index.hex()),
            added_at=now,
        )
        .on_conflict_do_nothing()
    )


def operator_with(session: Session, *, email: str) -> AccountId | None:
    """Return the account of the operator who signs in with this verified address."""
    index = email_index(session, email)
    found = session.exec(
        select(GoogleIdentity.account_id)
        .join(Operator, col(Operator.email_index) == GoogleIdentity.email_index)
        .where(GoogleIdentity.email_index == index, col(GoogleIdentity.is_email_verified))
    ).first()
    return AccountId(found) if found is not None else None


def profile(session: Session, *, account_id: AccountId, now: datetime) -> ProfileView:
    """Return the account as its owner sees it."""
    account = session.get_one(Account, account_id)
    identity = session.exec(
        select(GoogleIdentity)
        .where(GoogleIdentity.account_id == account_id)
        .order_by(col(GoogleIdentity.created_at))
    ).first()
    favourite = session.exec(
        select(Persona.menu_key).where(Persona.id == account.favourite_persona_id)
    ).first()
    left = talk_time.overview(session, account_id=account_id, now=now)
    return ProfileView(
        spoken_name=open_spoken_name(session, account),
        email=_open_email(session, identity) if identity is not None else None,
        favourite_menu_key=favourite,
        lines=phone_lines.lines(session, account_id=account_id),
        seconds_left=left.seconds_left,
        is_unlimited=left.is_unlimited,
    )


def is_adult(session: Session, *, account_id: AccountId) -> bool:
    """Return whether the account's owner has said to be 18 or over."""
    return consents.has(session, account_id=account_id, kind=ConsentKind.ADULT)


def require_adult(session: Session, *, account_id: AccountId) -> None:
    """Refuse what only an adult may do, unless the account's owner has said to be one."""
    if not is_adult(session, account_id=account_id):
        raise AdultUnconfirmed


def email_index(session: Session, email: str) -> bytes:
    """Return what an address is looked up by; how it is capitalised does not matter."""
    return key_ring(session).blind_index("email", email.strip().casefold())


def _someone(session: Session, which: tuple[Any, ...]) -> SignedIn | None:
    """Return whose sign-in session it is of which all of this is true."""
    row = session.exec(
        select(SignInSession, Account, GoogleIdentity, Operator.email_index)
        .join(Account, col(Account.id) == SignInSession.account_id)
        .join(
            GoogleIdentity,
            (col(GoogleIdentity.issuer) == SignInSession.issuer)
            & (col(GoogleIdentity.subject) == SignInSession.subject),
        )
        .join(
            Operator,
            (col(Operator.email_index) == GoogleIdentity.email_index)
            & col(GoogleIdentity.is_email_verified),
            isouter=True,
        )
        .where(*which)
    ).one_or_none()
    if row is None:
        return None
    browser, account, identity, operator_index = row
    return SignedIn(
        account_id=AccountId(account.id),
        session_id=SignInSessionId(browser.id),
        email=_open_email(session, identity),
        spoken_name=open_spoken_name(session, account),
        is_operator=operator_index is not None,
    )


def _open_email(session: Session, identity: GoogleIdentity) -> str:
    return key_ring(session).open(identity.sealed_email, "email", identity.issuer, identity.subject)
