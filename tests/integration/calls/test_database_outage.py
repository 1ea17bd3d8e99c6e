"""The database goes away: a call in progress notices nothing, and a new one is told kindly."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.phone.caller import dial
from sandbox.phone.steps import press, say
from tests.integration.calls.conftest import recorded_call
from tests.support.database import database_server
from tests.support.voice_service import running_voice

SCRIPT = ("tell me one", "tell me two", "tell me three")


async def test_call_goes_on_without_the_database_and_is_written_down_when_it_returns(
    tmp_path: Path,
) -> None:
    loop = asyncio.get_running_loop()
    with database_server() as server, server.migrated_database() as urls:
        async with running_voice(urls, tmp_path) as voice, asyncio.TaskGroup() as outages:

            def cut(progress: str) -> None:
                if progress == f"you: {SCRIPT[0]}":
                    outages.create_task(_run(server.embedded.stop))
                if progress == f"you: {SCRIPT[2]}":
                    outages.create_task(_run(server.embedded.start))

            async def _run(what: object) -> None:
                assert callable(what)
                await loop.run_in_executor(None, what)

            report = await dial(
                voice.vendors["twilio"],
                press("1"),
                *map(say, SCRIPT),
                caller="+14155550177",
                progress=cut,
            )
            async with asyncio.timeout(20):
                while (call := recorded_call(voice.database, report.call_sid)).card.is_live:
                    await asyncio.wait([loop.create_future()], timeout=0.1)
            await _run(server.embedded.stop)
            refused = await dial(voice.vendors["twilio"], press("1"), caller="+14155550176")
            await _run(server.embedded.start)

    assert report.problems(max_gap=4) == []
    assert [entry.text for entry in call.entries if entry.side == "caller"] == list(SCRIPT)
    assert call.card.end_reason == "caller_hung_up"
    assert 0 < call.card.seconds <= report.seconds
    assert "we can not take your call" in refused.heard
    assert refused.end_reason == "closing"
