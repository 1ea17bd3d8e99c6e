"""What all tables have in common: how constraints are named and what instants and lists are."""

from typing import Any

from sqlalchemy import BigInteger, DateTime, Float, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Text
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BIGINT = BigInteger()
INSTANT = DateTime(timezone=True)
FLOAT = Float(53)
BYTES = LargeBinary()
TEXT = Text()
TEXTS = ARRAY(Text())
JSON = JSONB()


class Table(SQLModel):
    """Base of every table."""


def column(sa_type: Any, **options: Any) -> Any:
    """Return a column of a type that SQLModel would not choose by itself."""
    return Field(sa_type=sa_type, **options)
