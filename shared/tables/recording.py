"""What a call was made of, for running it again."""

from datetime import datetime

from sqlmodel import Field

from shared.tables.base import BYTES, INSTANT, Table, column


class CallRecording(Table, table=True):
    """A call's tape: words and times, and no sound."""

    __tablename__ = "call_recording"

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    sealed_tape: bytes = column(BYTES)  # of compressed JSON
    recorded_at: datetime = column(INSTANT)
