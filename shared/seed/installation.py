"""Puts into the database what an installation needs before its first call.

What an operator has changed since stays as it is: a persona or constant that is there is not
touched.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from shared.database import Database
from shared.errors import BuddyError
from shared.ids import AccountId
from shared.phone import PhoneNumber
from shared.seed.characters import personas as seeded_personas
from shared.services import accounts, consents, personas, phone_lines, talk_time
from shared.services.accounts import GoogleClaims
from shared.settings import Settings
from shared.wordings import ConsentKind, current

# What an operator finds to edit; every other constant of the voice loop has its default in the
# code and may be added by its name.
CONSTANTS = {
    "pause_time_seconds": 0.8,  # the silence that ends an utterance
    "turn_silence": 10.0,  # seconds after which a caller who says nothing is asked
    "turn_cover_after": 3.0,  # seconds of the buddy's silence after which something is said
    "turn_reply_timeout": 20.0,  # seconds for a reply's first words
    "reception_menu_wait": 6.0,  # seconds after the menu for a key or a name
}

DEMO_SUBJECT = "demo"
DEMO_EMAIL = "demo@gotobuddy.example"
DEMO_NAME = "Sam"
DEMO_NUMBER = PhoneNumber("+14155550123")
DEMO_SECONDS = 3600


class DemoRefused(BuddyError):
    """Production was asked for the demo account."""


def seed_installation(database: Database, settings: Settings, now: datetime) -> None:
    """Seed what every installation needs, and in the sandbox the demo account."""
    database.transact_now(seed, now=now)
    if settings.environment != "production":
        database.transact_now(seed_demo, settings=settings, now=now)


def seed(session: Session, *, now: datetime) -> None:
    """Add the personas and constants that are not there yet."""
    for persona in seeded_personas():
        if not personas.is_known(session, slug=persona.slug):
            personas.publish(
                session,
                slug=persona.slug,
                menu_key=persona.menu_key,
                character=persona.character,
                now=now,
            )
    for name, value in CONSTANTS.items():
        personas.add_constant(session, name=name, value=value, now=now)


def seed_demo(session: Session, *, settings: Settings, now: datetime) -> AccountId:
    """Make the demo account as verification and grants would; production has none."""
    if settings.environment == "production":
        message = "production has no demo account"
        raise DemoRefused(message)
    account_id = accounts.register(
        session,
        identity=GoogleClaims(
            issuer=settings.google_metadata_url.partition("/.well-known/")[0],
            subject=DEMO_SUBJECT,
            email=DEMO_EMAIL,
            is_email_verified=True,
            name=DEMO_NAME,
            given_name=DEMO_NAME,
        ),
        now=now,
    )
    consents.give(
        session,
        account_id=account_id,
        kind=ConsentKind.ADULT,
        wording_version=current(ConsentKind.ADULT).version,
        now=now,
    )
    phone_lines.attach_verified(session, account_id=account_id, number=DEMO_NUMBER, now=now)
    talk_time.grant(
        session,
        account_id=account_id,
        seconds=DEMO_SECONDS,
        cause=f"demo:{account_id}",
        now=now,
    )
    return account_id
