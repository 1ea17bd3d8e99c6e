"""The one test with the real engines: a buddy listens, thinks and speaks on this machine.

It fails where an engine is missing: set-up brings them. What is said comes from our own voices,
and from recordings of people where BUDDY_RECORDINGS names a folder of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from buddy.warming import warm_buddies
from sandbox.config import SandboxConfig
from sandbox.deepgram.accuracy import OPTIONS, Reading, measure
from sandbox.deepgram.word_errors import plain_words, word_errors
from sandbox.phone.caller import dial
from sandbox.phone.steps import Say, play, press, say
from shared.database import DatabaseUrls
from shared.sealing import KeyRing
from shared.seed.installation import seed_installation
from tests.integration.calls.conftest import recorded_call
from tests.support.database import open_test_database
from tests.support.ports import free_port, free_ports
from tests.support.voice_service import voice_process, voice_settings

START_SECONDS = 240.0
MAX_GAP = 20.0  # a local model on two cores may think
SERVERS = 5
SENTENCE = "Please tell me one thing about the moon."


@asynccontextmanager
async def real_sandbox(port_base: int, voice_port: int, log: Path) -> AsyncIterator[None]:
    """Run `python -m sandbox` with its engines until the block is left."""
    config = SandboxConfig.at(port_base)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sandbox",
            "--port-base",
            str(config.port_base),
            "--voice-url",
            f"http://localhost:{voice_port}/calls/incoming",
            "--status-callback-url",
            f"http://localhost:{voice_port}/calls/status",
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(START_SECONDS):
            for offset in range(SERVERS):
                while not await asyncio.to_thread(_answers, port_base + offset):
                    assert process.returncode is None, log.read_text()
                    await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.5)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _answers(port: int) -> bool:
    with (
        suppress(urllib.error.URLError, OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer,
    ):
        return bool(answer.status == 200)
    return False


def errors_in(heard: str, said: str) -> float:
    """Return the word error rate of what was heard."""
    reference = plain_words(said)
    return word_errors(reference, plain_words(heard)) / len(reference)


def recordings() -> Path | None:
    folder = os.environ.get("BUDDY_RECORDINGS")
    return Path(folder) if folder else None


async def _read_recordings(deepgram_url: str) -> list[Reading]:
    if (folder := recordings()) is None:
        return []
    url = f"{deepgram_url.replace('http', 'ws')}/v1/listen?{OPTIONS}"
    return await measure(folder, pace=3.0, url=url)


def spoken(folder: Path | None) -> list[tuple[Say, str]]:
    """Return what the caller says, with its words."""
    script = [(say(SENTENCE), SENTENCE)]
    if folder is not None:
        entries = json.loads((folder / "manifest.json").read_text())
        clip = min(entries, key=lambda entry: entry["seconds"])
        script.append((play(folder / clip["file"]), clip["text"]))
    return script


@pytest.mark.alone
@pytest.mark.engines
async def test_buddy_listens_thinks_and_speaks_on_this_machine(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    voice_port, port_base = free_port(), free_ports(SERVERS)
    vendors = {
        name: f"http://127.0.0.1:{port_base + offset}"
        for offset, name in enumerate(("twilio", "deepgram", "openai"))
    }
    settings = voice_settings(database_urls, tmp_path, port=voice_port, vendors=vendors)
    settings = settings.model_copy(update={"first_token_seconds": 60.0})
    settings.model_fields_set.add("first_token_seconds")
    script = spoken(recordings())
    with open_test_database(database_urls, KeyRing.create(tmp_path / "keys.json")) as database:
        seed_installation(database, settings, datetime.now(UTC))
        async with real_sandbox(port_base, voice_port, tmp_path / "sandbox.log"):
            assert await warm_buddies(settings, vendors["openai"])
            async with voice_process(settings):
                report = await dial(
                    vendors["twilio"],
                    press("1"),
                    *(step for step, _ in script),
                    caller="+14155550123",
                    max_gap=MAX_GAP,
                )
            readings = await _read_recordings(vendors["deepgram"])
        call = recorded_call(database, report.call_sid)

    assert report.problems(max_gap=MAX_GAP) == []
    greeting, *_ = call.entries
    assert errors_in(report.turns[0].heard, greeting.text) < 0.35
    asked = [entry.text for entry in call.entries if entry.side == "caller"]
    said = " ".join(words for _, words in script)
    assert errors_in(" ".join(asked), said) < 0.35, (asked, said)
    answers = [entry.text for entry in call.entries[1:] if entry.side == "buddy"]
    assert len(plain_words(" ".join(answers))) >= 3
    assert errors_in(" ".join(turn.heard for turn in report.turns[1:]), " ".join(answers)) < 0.5
    if readings:
        errors = sum(reading.errors for reading in readings)
        assert errors / sum(reading.words for reading in readings) <= 0.08
