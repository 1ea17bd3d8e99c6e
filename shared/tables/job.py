"""Work after the fact."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint

from shared.tables.base import BIGINT, INSTANT, JSON, Table, column


class Job(Table, table=True):
    """A piece of work that waits in the outbox; its payload holds ids, never words."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_job_status_run_at", "status", "run_at"),
    )

    id: int | None = column(BIGINT, default=None, primary_key=True)
    kind: str
    key: str  # the same work is enqueued once
    payload: dict[str, Any] = column(JSON)
    status: str  # waiting, done or failed
    run_at: datetime = column(INSTANT)  # while it is worked on: when others may take it over
    attempts: int = 0
    last_error: str | None = None
    created_at: datetime = column(INSTANT)
    ended_at: datetime | None = column(INSTANT, default=None)
