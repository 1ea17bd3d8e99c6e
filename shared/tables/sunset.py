"""What vendors told of the models that the installation uses."""

from datetime import date, datetime

from sqlalchemy import Date
from sqlmodel import Field

from shared.tables.base import INSTANT, Table, column


class ModelEnd(Table, table=True):
    """A model on its vendor's list, as it was read last."""

    __tablename__ = "model_end"

    model: str = Field(primary_key=True)
    ends_on: date | None = column(Date(), default=None)  # None: not announced
    checked_at: datetime = column(INSTANT)
