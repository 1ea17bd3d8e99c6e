"""What is spent, what is sent, who looked, and what is being erased."""

from datetime import date, datetime

from sqlalchemy import Date
from sqlmodel import Field

from shared.tables.base import BIGINT, BYTES, INSTANT, Table, column


class Spending(Table, table=True):
    """What one paid thing has cost on one day (UTC), as estimated from its price list."""

    __tablename__ = "spending"

    day: date = column(Date(), primary_key=True)
    component: str = Field(primary_key=True)  # telephony, recognition, model, speech, sms, ...
    micros: int = column(BIGINT, default=0)  # millionths of a US dollar


class TextMessage(Table, table=True):
    """An SMS of ours to a caller; never its words."""

    __tablename__ = "text_message"

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    call_id: str | None = Field(default=None, foreign_key="call.id", ondelete="SET NULL")
    kind: str
    message_sid: str | None = Field(default=None, unique=True)
    status: str  # as Twilio has them, and refused
    created_at: datetime = column(INSTANT)


class AuditEntry(Table, table=True):
    """An operator did something with somebody's data; outlives what it was done to."""

    __tablename__ = "audit_entry"

    id: str = Field(primary_key=True)
    at: datetime = column(INSTANT, index=True)
    operator_account_id: str = Field(index=True)
    action: str
    account_id: str | None = Field(default=None, index=True)
    call_id: str | None = None
    sealed_reason: bytes | None = column(BYTES, default=None)


class Erasure(Table, table=True):
    """A deletion that was asked for, until every vendor has done its part."""

    __tablename__ = "erasure"

    id: str = Field(primary_key=True)
    subject: str  # account or call
    requested_at: datetime = column(INSTANT)
    pending: int = 0  # what vendors still have to delete
    finished_at: datetime | None = column(INSTANT, default=None)
