"""Re-sealing: brings every sealed value under the current key, while the programs run.

`SEALED_COLUMNS` names every sealed column and its purpose; a test holds it to the tables. A value
is bound to its purpose and its row's primary key. Values are changed a batch at a time and locked
meanwhile, so that what somebody writes is never replaced by what it was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, func, select, tuple_, update
from sqlmodel import Session, SQLModel

from shared.database import key_ring
from shared.tables.account import Account, GoogleIdentity, Notice, Operator, SignInSession
from shared.tables.call import BeingSaid, Entry, Unanswered
from shared.tables.guarding import AuditEntry
from shared.tables.phone_line import PhoneLine
from shared.tables.recording import CallRecording
from shared.tables.verification import Verification

BATCH_ROWS: Final = 500

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values and the purpose they are authenticated with."""

    model: type[SQLModel]
    name: str
    purpose: str

    @property
    def table(self) -> Table:
        return SQLModel.metadata.tables[str(self.model.__tablename__)]

    def bound_to(self, key: Key) -> tuple[object, ...]:
        """Return what the value of the row with this key is authenticated with."""
        return (self.purpose, *(part.hex() if isinstance(part, bytes) else part for part in key))


SEALED_COLUMNS: Final = (
    SealedColumn(Account, "sealed_spoken_name", "spoken_name"),
    SealedColumn(GoogleIdentity, "sealed_email", "email"),
    SealedColumn(SignInSession, "sealed_user_agent", "user_agent"),
    SealedColumn(Operator, "sealed_email", "operator_email"),
    SealedColumn(PhoneLine, "sealed_number", "phone_number"),
    SealedColumn(Verification, "sealed_number", "verification_number"),
    SealedColumn(Notice, "sealed_detail", "notice"),
    SealedColumn(Entry, "sealed_text", "entry"),
    SealedColumn(Entry, "sealed_unheard", "unheard"),
    SealedColumn(BeingSaid, "sealed_text", "entry"),
    SealedColumn(BeingSaid, "sealed_unheard", "unheard"),
    SealedColumn(Unanswered, "sealed_text", "unanswered"),
    SealedColumn(CallRecording, "sealed_tape", "tape"),
    SealedColumn(AuditEntry, "sealed_reason", "audit_reason"),
)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction did: how many values, and the row to go on after (None: the end)."""

    resealed: int
    last: Key | None


def values_by_key(session: Session, *, sealed: SealedColumn) -> Counter[int]:
    """Return how many of a column's values there are under each key."""
    value = sealed.table.c[sealed.name]
    key_id = func.get_byte(value, 0)
    rows = session.execute(select(key_id, func.count()).where(value.is_not(None)).group_by(key_id))
    return Counter({row[0]: row[1] for row in rows})


def reseal(session: Session, *, sealed: SealedColumn, after: Key | None) -> Batch:
    """Bring a batch of one column's values under the current key, in the order of their rows."""
    ring, table = key_ring(session), sealed.table
    value, key = table.c[sealed.name], tuple(table.primary_key.columns)
    query = (
        select(value, *key)
        .where(value.is_not(None), func.get_byte(value, 0) != ring.current)
        .order_by(*key)
        .limit(BATCH_ROWS)
        .with_for_update(key_share=True)
    )
    if after is not None:
        query = query.where(tuple_(*key) > after)
    last: Key | None = None
    rows = session.execute(query).all()
    for stored, *row_key in rows:
        last = tuple(row_key)
        bound_to = sealed.bound_to(last)
        text = ring.open(bytes(stored), *bound_to)
        session.execute(
            update(table)
            .where(*(column == part for column, part in zip(key, last, strict=True)))
            .values({sealed.name: ring.seal(text, *bound_to)})
        )
    return Batch(len(rows), last)
