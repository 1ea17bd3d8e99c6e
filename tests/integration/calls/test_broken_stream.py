"""Streams that break while their process lives, and ends that Twilio asks about."""

from __future__ import annotations

import asyncio

import psycopg

from sandbox.phone.caller import dial
from sandbox.phone.report import PhoneReport
from sandbox.phone.steps import press, say
from shared.services import personas, recordings
from tests.integration.calls.conftest import recorded_call
from tests.support.builders import NOW
from tests.support.voice_service import RunningVoice

CALLER = "+14155550175"


async def ended(voice: RunningVoice, call_sid: str) -> tuple[object, ...]:
    """Return why the call ended and how often it was gone on with, once it has ended."""
    assert voice.settings.database_url is not None
    async with asyncio.timeout(20):
        while True:
            with psycopg.connect(voice.settings.database_url.get_secret_value()) as connection:
                row = connection.execute(
                    "SELECT end_reason, resumes FROM call"
                    " WHERE call_sid = %s AND ended_at IS NOT NULL",
                    (call_sid,),
                ).fetchone()
            if row is not None:
                return row
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)


async def call_whose_stream_breaks(voice: RunningVoice) -> PhoneReport:
    """Have the stream break with the first sound of an answer."""
    async with asyncio.TaskGroup() as injections:

        def break_stream(progress: str) -> None:
            if progress == "you: what about salt":
                failure = voice.control(
                    "twilio", "fail_next", route="stream.message", disconnect=True
                )
                injections.create_task(failure)

        return await dial(
            voice.vendors["twilio"],
            press("1"),
            say("what about salt"),
            say("and more"),
            caller=CALLER,
            progress=break_stream,
        )


async def test_stream_that_breaks_is_gone_on_with_and_nothing_is_paid_twice(
    voice: RunningVoice,
) -> None:
    voice.database.transact_now(personas.set_constant, name="record_calls", value=1, now=NOW)

    report = await call_whose_stream_breaks(voice)

    assert "sorry, i lost you for a second. you were asking about salt." in report.heard
    assert report.turns[-1].heard.endswith("you said and more.")
    assert report.end_reason == "caller"
    assert await ended(voice, report.call_sid) == ("caller_hung_up", 1)
    call = recorded_call(voice.database, report.call_sid)
    asked = [entry.text for entry in call.entries if entry.side == "caller"]
    assert asked == ["what about salt", "and more"]
    assert 0 < call.card.seconds <= report.seconds
    tapes = voice.database.transact_now(recordings.plain, call_id=call.card.call_id)
    assert [tape["resumed"] is not None for tape in tapes] == [False, True]
    async with asyncio.timeout(10):  # the books are closed a moment before the stream is left
        while voice.service.calls_in_progress:
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)


async def test_end_that_was_meant_is_no_broken_stream(voice: RunningVoice) -> None:
    await voice.control("twilio", "fail_next", route="calls.update", status=500, times=20)

    report = await dial(voice.vendors["twilio"], press("9"), caller=CALLER)

    assert report.heard.endswith("consent declined.")  # Twilio asked, and was told to hang up
    assert await ended(voice, report.call_sid) == ("consent_declined", 0)
