"""Calls, what was said in them, and how fast."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from shared.tables.base import BYTES, FLOAT, INSTANT, Table, column


class Call(Table, table=True):
    """One phone call."""

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_account_id_started_at", "account_id", "started_at"),
        Index("ix_call_started_at", "started_at"),
        Index("ix_call_running", "account_id", postgresql_where=text("ended_at IS NULL")),
    )

    id: str = Field(primary_key=True)
    call_sid: str = Field(unique=True)
    account_id: str = Field(foreign_key="account.id", ondelete="CASCADE")
    number_index: bytes | None = column(BYTES, default=None)  # blind; None: it was withheld
    status: str  # as Twilio has them
    status_sequence: int = -1  # of the newest status callback
    is_attested: bool
    proved_at: datetime | None = column(INSTANT, default=None)  # by PIN, in the call
    token_hash: bytes | None = column(BYTES, default=None)
    token_expires_at: datetime | None = column(INSTANT, default=None)
    stream_sid: str | None = Field(default=None, unique=True)
    persona_version_id: str | None = Field(default=None, foreign_key="persona_version.id")
    started_at: datetime = column(INSTANT)
    stream_started_at: datetime | None = column(INSTANT, default=None)
    # The stream broke, and the line may still be there: another stream may go on with the call.
    stream_lost_at: datetime | None = column(INSTANT, default=None)
    lost_reason: str | None = None  # why the call ends, should nobody go on with it
    resumes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    # Times that the caller asked buddies to speak more slowly.
    slower: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    ended_at: datetime | None = column(INSTANT, default=None)
    end_reason: str | None = None
    talk_seconds: int = 0
    line_seconds: int | None = None  # from answer to hang-up, as Twilio counts
    answer_ms: float | None = column(FLOAT, default=None)  # from the stream to the first sound
    interruptions: int = 0  # of buddies, by the caller
    underruns: int = 0  # silences within a segment, because its audio came too late
    speculations_prepared: int = 0  # replies prepared ahead of their turn
    speculations_committed: int = 0  # and those that were said


class Entry(Table, table=True):
    """One row of a call's transcript."""

    __tablename__ = "entry"

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    sequence: int = Field(primary_key=True)  # counts from 1 within the call
    side: str  # caller, buddy or line
    kind: str = Field(default="words", sa_column_kwargs={"server_default": "words"})  # or a divider
    offset_ms: int  # since the stream's start
    said_at: datetime = column(INSTANT)
    sealed_text: bytes = column(BYTES)
    sealed_unheard: bytes | None = column(BYTES, default=None)
    was_interrupted: bool = False
    persona_version_id: str | None = Field(default=None, foreign_key="persona_version.id")


class Unanswered(Table, table=True):
    """What the caller said last, until it has been answered: another process may go on with it.

    Unlogged: it is worth its cost for as long as a call runs, and outlives no crash of the server.
    """

    __tablename__ = "unanswered"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    sealed_text: bytes = column(BYTES)
    said_at: datetime = column(INSTANT)  # as of the entry that it becomes
    is_whole: bool  # the turn has ended: a reply is owed


class BeingSaid(Table, table=True):
    """What a buddy is saying, as the entry that it is should the process die now.

    Unlogged, like what is unanswered, and for the same reason.
    """

    __tablename__ = "being_said"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    sequence: int = Field(primary_key=True)  # of the entry
    offset_ms: int
    said_at: datetime = column(INSTANT)
    sealed_text: bytes = column(BYTES)  # as far as it was heard at the last mark
    sealed_unheard: bytes | None = column(BYTES, default=None)
    persona_version_id: str | None = Field(default=None, foreign_key="persona_version.id")


class TurnTiming(Table, table=True):
    """How long each stage of a turn took, counted from the end of the caller's speech."""

    __tablename__ = "turn_timing"

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    turn: int = Field(primary_key=True)
    offset_ms: int | None = None  # of the end of the caller's speech, since the stream's start
    was_speculated: bool = False  # the reply was made before the turn had ended
    had_filler: bool = False  # words covered the wait
    final_words_ms: float | None = column(FLOAT, default=None)
    request_ms: float | None = column(FLOAT, default=None)
    turn_ended_ms: float | None = column(FLOAT, default=None)
    first_token_ms: float | None = column(FLOAT, default=None)
    first_segment_ms: float | None = column(FLOAT, default=None)
    first_byte_ms: float | None = column(FLOAT, default=None)
    first_frame_ms: float | None = column(FLOAT, default=None)
    first_mark_ms: float | None = column(FLOAT, default=None)
    gap_ms: float | None = column(FLOAT, default=None)
    # What the call had come to by then: a process that is killed tells no more of it.
    answer_ms: float | None = column(FLOAT, default=None)
    interruptions: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    underruns: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    speculations_prepared: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    speculations_committed: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
