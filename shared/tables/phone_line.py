"""A phone number and how it belongs to an account."""

from datetime import datetime

from sqlmodel import Field

from shared.tables.base import BYTES, INSTANT, Table, column


class PhoneLine(Table, table=True):
    """A number; proved to be the account's, or held by a temporary account until claimed."""

    __tablename__ = "phone_line"

    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    number_index: bytes = column(BYTES, unique=True)
    sealed_number: bytes = column(BYTES)
    verified_at: datetime | None = column(INSTANT, default=None)
    created_at: datetime = column(INSTANT)
