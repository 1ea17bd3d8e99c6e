"""Who signs in and pays."""

from datetime import datetime

from sqlmodel import Field

from shared.tables.base import BYTES, FLOAT, INSTANT, Table, column


class Account(Table, table=True):
    """Owns phone lines, calls and talk time."""

    __tablename__ = "account"

    id: str = Field(primary_key=True)
    kind: str  # withheld, temporary or registered
    sealed_spoken_name: bytes | None = column(BYTES, default=None)
    favourite_persona_id: str | None = Field(default=None, foreign_key="persona.id")
    time_zone: str | None = None  # an IANA name
    pace: float = column(FLOAT, default=1.0)  # of the buddies' speech: 1 is as they come
    pause_seconds: float | None = column(FLOAT, default=None)  # None: as the installation has it
    keeps_memory: bool = True
    transcript_days: int | None = None  # after which calls are deleted; None: as it has it
    pin_index: bytes | None = column(BYTES, default=None)  # keyed hash; says nothing by itself
    pin_wrong: int = 0  # in a row
    pin_locked_until: datetime | None = column(INSTANT, default=None)
    onboarding_dismissed_at: datetime | None = column(INSTANT, default=None)
    created_at: datetime = column(INSTANT)
    registered_at: datetime | None = column(INSTANT, default=None)


class GoogleIdentity(Table, table=True):
    """An account at the identity provider, and whose account it opens here."""

    __tablename__ = "google_identity"

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    sealed_email: bytes = column(BYTES)
    email_index: bytes = column(BYTES, index=True)
    is_email_verified: bool
    created_at: datetime = column(INSTANT)


class SignInSession(Table, table=True):
    """One signed-in browser. Its token is stored as a hash only."""

    __tablename__ = "sign_in_session"

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    token_hash: bytes = column(BYTES, unique=True)
    former_token_hash: bytes | None = column(BYTES, default=None, unique=True)  # before rotation
    rotated_at: datetime | None = column(INSTANT, default=None)
    last_seen_at: datetime | None = column(INSTANT, default=None)
    sealed_user_agent: bytes = column(BYTES)
    issuer: str
    subject: str
    created_at: datetime = column(INSTANT)
    expires_at: datetime = column(INSTANT)
    ended_at: datetime | None = column(INSTANT, default=None)


class Operator(Table, table=True):
    """An email address whose owner, once signed in with it, runs the installation."""

    __tablename__ = "operator"

    email_index: bytes = column(BYTES, primary_key=True)
    sealed_email: bytes = column(BYTES)
    added_at: datetime = column(INSTANT)


class Consent(Table, table=True):
    """Somebody agreed to something in words of a version: on the line of a call, or on the site."""

    __tablename__ = "consent"

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    call_id: str | None = Field(
        default=None, foreign_key="call.id", unique=True, ondelete="CASCADE"
    )
    kind: str = "transcription"  # what was agreed to
    wording_version: str
    given_at: datetime = column(INSTANT)
    withdrawn_at: datetime | None = column(INSTANT, default=None)


class Notice(Table, table=True):
    """Something that happened to an account and that its owner has to be told."""

    __tablename__ = "notice"

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    kind: str
    sealed_detail: bytes | None = column(BYTES, default=None)
    created_at: datetime = column(INSTANT)
    dismissed_at: datetime | None = column(INSTANT, default=None)
