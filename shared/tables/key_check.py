"""Proof of which keys the database was sealed with."""

from sqlmodel import Field

from shared.tables.base import BYTES, Table, column


class KeyCheck(Table, table=True):
    """A known text, sealed and indexed: opening it shows that the key ring is the right one."""

    __tablename__ = "key_check"

    id: int = Field(primary_key=True)
    sealed: bytes = column(BYTES)
    blind_index: bytes = column(BYTES)
