"""Talk time: what is left decides, the ledger proves."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from shared.tables.base import BIGINT, BYTES, INSTANT, Table, column


class TalkTime(Table, table=True):
    """What an account may still talk; the only thing a grant reads."""

    __tablename__ = "talk_time"
    __table_args__ = (CheckConstraint("seconds_left >= 0", name="not_negative"),)

    account_id: str = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    seconds_left: int = 0


class Reservation(Table, table=True):
    """The seconds that a call holds; open while the call runs."""

    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("taken_seconds >= 0 AND taken_seconds <= held_seconds", name="taken"),
        Index(
            "ix_reservation_open_expires_at",
            "expires_at",
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_reservation_open_account_id",
            "account_id",
            postgresql_where=text("status = 'open'"),
        ),
    )

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    status: str  # open, swept (its process seems dead) or settled
    held_seconds: int = 0  # what the call may talk in all
    taken_seconds: int = 0  # the part of it that was taken from what is left
    used_seconds: int = 0
    sweeps: int = 0
    expires_at: datetime = column(INSTANT)


class LedgerEntry(Table, table=True):
    """Proof of one grant or use; rows are added, never changed."""

    __tablename__ = "ledger_entry"

    id: int | None = column(BIGINT, default=None, primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    cause: str = Field(unique=True)
    seconds: int  # what it adds to the account's talk time, or takes
    used_seconds: int = 0  # what was talked, also where nothing was taken
    booked_at: datetime = column(INSTANT)


class AllowanceTaken(Table, table=True):
    """A number, or an identity, has had this allowance; outlives every account that held it."""

    __tablename__ = "allowance_taken"

    allowance: str = Field(primary_key=True)
    holder_index: bytes = column(BYTES, primary_key=True)  # blind: of a number or an identity
    seconds: int  # what was granted
    taken_at: datetime = column(INSTANT)
