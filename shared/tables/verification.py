"""Proving a number by a code, and what keeps the codes from being misused."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field

from shared.tables.base import BYTES, INSTANT, Table, column


class Verification(Table, table=True):
    """One try of an account to prove that a number is its own."""

    __tablename__ = "verification"

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    number_index: bytes = column(BYTES, index=True)
    sealed_number: bytes = column(BYTES)
    channel: str  # sms or call, the newest
    verification_sid: str | None = None  # the vendor's; none before it answered
    status: str  # starting, pending, approved, canceled, expired, failed or too_many_checks
    sends: int = 0
    checks: int = 0
    created_at: datetime = column(INSTANT)
    last_sent_at: datetime | None = column(INSTANT, default=None)
    expires_at: datetime = column(INSTANT)
    ended_at: datetime | None = column(INSTANT, default=None)


class GuardWindow(Table, table=True):
    """How often something guarded was done in one window of time, by one key of its scope."""

    __tablename__ = "guard_window"

    scope: str = Field(primary_key=True)  # number, prefix, account, address, country or all
    key: bytes = column(BYTES, primary_key=True)  # blind
    started_at: datetime = column(INSTANT, primary_key=True, index=True)
    used: int = column(BigInteger(), default=0)
