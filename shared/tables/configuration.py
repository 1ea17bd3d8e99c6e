"""Constants that an operator may change while calls run."""

from datetime import datetime

from sqlmodel import Field

from shared.tables.base import FLOAT, INSTANT, Table, column


class Constant(Table, table=True):
    """A number by name."""

    __tablename__ = "constant"

    name: str = Field(primary_key=True)
    value: float = column(FLOAT)
    updated_at: datetime = column(INSTANT)
