"""Makes what tests start from: personas, calls, accounts."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session

from shared import wordings
from shared.database import Database
from shared.ids import AccountId, CallId, PersonaVersionId
from shared.phone import PhoneNumber
from shared.services import accounts, calls, consents, personas
from shared.services.accounts import GoogleClaims, SignedIn
from shared.services.calls import OpenedCall
from shared.services.personas import Character
from shared.tables.billing import Subscription
from shared.wordings import ConsentKind

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SAM = PhoneNumber("+14155550123")
KIM = PhoneNumber("+14155550188")


def character(name: str = "Ben", *, pause_difference_seconds: float = 0.0) -> Character:
    """Return a character with as little in it as may be."""
    return Character(
        name=name,
        prompt=f"You are {name}.",
        card=f"{name}, in short.",
        voice="ballad",
        voice_instructions="Slow and close.",
        model=None,
        fillers=("Hm.",),
        search_fillers=("Let me look.",),
        greeting=f"Hello {{name}}, {name} here, an AI. What now?",
        greeting_unnamed=f"Hello, {name} here, an AI. What now?",
        pause_difference_seconds=pause_difference_seconds,
        tagline="Tells stories.",
        sample_lines=("Once upon a time.",),
    )


def published_persona(
    database: Database, slug: str = "ben", *, menu_key: int = 2, name: str = "Ben"
) -> PersonaVersionId:
    """Publish a persona."""
    return database.transact_now(
        personas.publish, slug=slug, menu_key=menu_key, character=character(name), now=NOW
    )


def claims(subject: str = "sam", *, email: str = "sam@example.com") -> GoogleClaims:
    """Return what the identity provider says of somebody."""
    return GoogleClaims(
        issuer="https://accounts.example",
        subject=subject,
        email=email,
        is_email_verified=True,
        name="Sam Example",
        given_name="Sam",
    )


def registered_account(database: Database, subject: str = "sam") -> AccountId:
    """Sign somebody in for the first time."""
    signed_in = database.transact_now(
        accounts.sign_in,
        identity=claims(subject, email=f"{subject}@example.com"),
        user_agent="a browser",
        now=NOW,
    )
    return signed_in.account_id


def confirm_adult(database: Database, account_id: AccountId) -> None:
    """Let the account's owner say that they are 18 or over."""
    database.transact_now(
        consents.give,
        account_id=account_id,
        kind=ConsentKind.ADULT,
        wording_version=wordings.current(ConsentKind.ADULT).version,
        now=NOW,
    )


def subscribe(database: Database, account_id: AccountId, *, until: datetime) -> str:
    """Give the account a subscription that was canceled and runs until then; return its id."""
    subscription_id = f"sub_{account_id}"

    def add(session: Session) -> None:
        session.add(
            Subscription(
                id=subscription_id,
                account_id=account_id,
                status="active",
                price_id="price_monthly",
                lookup_key="unlimited_monthly",
                started_at=NOW,
                current_period_start=NOW,
                current_period_end=until,
                cancel_at_period_end=True,
                synced_at=NOW,
            )
        )

    database.transact_now(add)
    return subscription_id


def open_call(
    database: Database,
    call_sid: str = "CA1",
    *,
    number: PhoneNumber | None = SAM,
    now: datetime = NOW,
) -> OpenedCall:
    """Take a call and open its stream."""
    taken = database.transact_now(
        calls.take_call, call_sid=call_sid, number=number, is_attested=True, now=now
    )
    return database.transact_now(
        calls.open_stream,
        call_sid=call_sid,
        stream_sid=f"MZ{call_sid}",
        token=taken.stream_token,
        now=now,
    )


def signed_in_operator(database: Database) -> SignedIn:
    """Sign in somebody who runs the installation."""
    database.transact_now(accounts.add_operator, email="op@example.com", now=NOW)
    token = database.transact_now(
        accounts.sign_in, identity=claims("op", email="op@example.com"), user_agent="", now=NOW
    ).token
    someone = database.transact_now(accounts.signed_in, token=token, now=NOW)
    assert someone is not None
    return someone


def call_in_progress(database: Database, call_sid: str = "CA1") -> CallId:
    """Take a call of a number nobody knows yet, which has the pre-trial allowance."""
    return open_call(database, call_sid).call_id
