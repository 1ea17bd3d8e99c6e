"""Calls that something else ends while they run: a deletion, or a process that must stop at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlmodel import Session, select

from sandbox.phone.caller import dial
from sandbox.phone.report import PhoneReport
from sandbox.phone.steps import press, say
from shared.ids import AccountId
from shared.services import erasure
from shared.tables.call import Call
from tests.support.voice_service import RunningVoice

CALLERS_CONSENT = "consent WHERE call_id IS NOT NULL"
DELETED_WITHIN = 4.0  # seconds, the goodbye included


async def test_account_deleted_in_mid_call_ends_the_call_and_leaves_nothing(
    voice: RunningVoice,
) -> None:
    await voice.service.is_following()
    moments: list[float] = []

    async def delete_everything() -> None:
        moments.append(asyncio.get_running_loop().time())
        await voice.database.transact(_delete_callers)

    report = await _call_during_which(voice, "+14155550177", delete_everything())
    took = asyncio.get_running_loop().time() - moments[0]

    assert report.heard.endswith("account deleted.")
    assert report.end_reason == "closing"
    assert took < DELETED_WITHIN
    await _until_idle(voice)
    assert voice.settings.database_url is not None
    with psycopg.connect(voice.settings.database_url.get_secret_value()) as connection:
        for table in ("call", "entry", "turn_timing", "reservation", CALLERS_CONSENT):
            query = f"SELECT count(*) FROM {table}"  # noqa: S608 - names of ours
            assert connection.execute(query).fetchone() == (0,), table


async def test_call_ends_though_twilio_would_not_hang_up(voice: RunningVoice) -> None:
    await voice.control("twilio", "fail_next", route="calls.update", status=503, times=9)

    report = await dial(voice.vendors["twilio"], press("9"), caller="+14155550174")

    assert report.heard.endswith("consent declined.")
    assert report.end_reason == "closing"
    await _until_idle(voice)


async def test_process_that_must_stop_at_once_still_says_a_short_goodbye(
    voice: RunningVoice,
) -> None:
    took: list[float] = []

    async def stop() -> None:
        began = asyncio.get_running_loop().time()
        await voice.service.drain(0)
        took.append(asyncio.get_running_loop().time() - began)

    report = await _call_during_which(voice, "+14155550176", stop())

    assert report.heard.endswith("service stopping.")
    assert report.end_reason == "closing"
    assert took[0] < 3


async def _call_during_which(
    voice: RunningVoice, caller: str, happens: Coroutine[Any, Any, None]
) -> PhoneReport:
    """Have something happen while the buddy answers the caller's first words."""
    async with asyncio.TaskGroup() as tasks:

        def on_progress(line: str) -> None:
            if line == "you: tell me more":
                tasks.create_task(happens)

        return await dial(
            voice.vendors["twilio"],
            press("1"),
            say("tell me more"),
            say("and then"),
            caller=caller,
            progress=on_progress,
        )


async def _until_idle(voice: RunningVoice) -> None:
    async with asyncio.timeout(5):
        while voice.service.calls_in_progress:
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.02)


def _delete_callers(session: Session) -> None:
    for account_id in session.exec(select(Call.account_id).distinct()).all():
        erasure.delete_account(session, account_id=AccountId(account_id), now=datetime.now(UTC))
