"""The voice service among scripted vendors, and what a call left in the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from shared.database import Database, DatabaseUrls
from shared.ids import AccountId, CallId
from shared.services import calls
from shared.services.calls import CallDetail
from shared.tables.call import Call
from tests.support.voice_service import RunningVoice, running_voice


@pytest.fixture
async def voice(database_urls: DatabaseUrls, tmp_path: Path) -> AsyncIterator[RunningVoice]:
    async with running_voice(database_urls, tmp_path) as running:
        yield running


def recorded_call(database: Database, call_sid: str) -> CallDetail:
    """Return the call as its own account sees it."""

    def read(session: Session) -> CallDetail:
        call = session.exec(select(Call).where(Call.call_sid == call_sid)).one()
        return calls.detail(session, account_id=AccountId(call.account_id), call_id=CallId(call.id))

    return database.transact_now(read)
