"""`python -m sandbox.phone` as a person runs it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from sandbox.sound import read_wave
from tests.integration.sandbox.twilio.talking import MENU, NOTICE, Buddy, sandbox_with

PHONE_SECONDS = 60.0


async def run_phone(*arguments: str) -> tuple[int | None, str, str]:
    """Run the phone; return its status and what it wrote on both outputs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.phone", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    out, err = await asyncio.wait_for(process.communicate(), PHONE_SECONDS)
    return process.returncode, out.decode(), err.decode()


async def polite(buddy: Buddy) -> None:
    await buddy.begin(f"{NOTICE} {MENU}")
    await buddy.until_key()
    await buddy.clear()
    await buddy.say("Hello.")
    while True:
        await buddy.say(f"You said {await buddy.listen()}.")


async def rude(buddy: Buddy) -> None:
    await buddy.say("Hello.")


async def test_a_good_call_prints_its_report_and_exits_with_0(tmp_path: Path) -> None:
    recording = tmp_path / "heard.wav"
    async with sandbox_with(polite) as url:
        status, out, err = await run_phone(
            *("--sandbox", url, "--digits", "1", "--say", "good day", "--patience", "0.5"),
            *("--record", str(recording), "--json"),
        )

    report = json.loads(out)
    assert status == 0, err
    assert report.keys() == {"call_sid", "end_reason", "seconds", "turns"}
    assert [(turn["said"], turn["heard"]) for turn in report["turns"]] == [
        (None, "hello."),
        ("good day", "you said good day."),
    ]
    assert "answered" in err
    assert "buddy: you said good day." in err
    assert len(read_wave(recording.read_bytes())) > 8000


async def test_a_bad_call_says_why_and_exits_with_1() -> None:
    async with sandbox_with(rude) as url:
        status, out, err = await run_phone("--sandbox", url, "--say", "good day")

    assert (status, out) == (1, "")
    assert "not good: the notice was not heard" in err


async def test_no_call_at_all_exits_with_2() -> None:
    status, out, err = await run_phone("--sandbox", "http://127.0.0.1:1", "--say", "good day")

    assert (status, out) == (2, "")
    assert "start it with `make run`" in err
