"""The voice service on a database of its own, with scripted sandbox servers around it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr
from sqlmodel import Session, select

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app as deepgram_app
from sandbox.openai.app import create_app as openai_app
from sandbox.serving import serving as serving_sandbox
from sandbox.twilio.app import create_app as twilio_app
from shared.database import Database, DatabaseUrls
from shared.sealing import KeyRing
from shared.seed.installation import seed_installation
from shared.services import personas
from shared.settings import Settings
from shared.tables.persona import PersonaVersion
from tests.support.database import open_test_database
from tests.support.fake_line import FakeCallControl
from tests.support.fake_messages import FakeTextMessages
from tests.support.fakes import (
    FakeLanguageModel,
    FakeSpeechToText,
    FakeTextToSpeech,
)
from tests.support.ports import free_port
from tests.support.serving import serving
from voice.app import create_app
from voice.conversation.commands import Announcement
from voice.providers import Providers
from voice.service import VoiceService

FIRST_START_SECONDS = 120.0  # real voices make every announcement, on a machine that has more to do

# Long announcements make long tests. These still say what the test phone listens for.
SHORT_WORDS = {
    **{announcement: f"{announcement.replace('_', ' ')}." for announcement in Announcement},
    Announcement.NOTICE: "i am an ai.",
    Announcement.NOTICE_SHORT: "an ai again.",
    Announcement.MENU: "press a key.",
}


@dataclass(frozen=True, slots=True)
class RunningVoice:
    """A voice service that can be phoned."""

    settings: Settings
    service: VoiceService
    vendors: dict[str, str]  # base URLs by name
    database: Database

    async def control(self, vendor: str, what: str, **body: Any) -> None:
        """Tell a sandbox server how to behave: `script`, `fail_next`, `reset` or `seed`."""
        url = f"{self.vendors[vendor]}/_control/{what}"
        async with aiohttp.ClientSession() as http, http.post(url, json=body) as answer:
            assert answer.ok, await answer.text()


def voice_settings(
    urls: DatabaseUrls, folder: Path, *, port: int, vendors: dict[str, str]
) -> Settings:
    """Return the settings of a voice service on this database and these vendors."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=folder,
        voice_port=port,
        voice_public_url=f"http://localhost:{port}",
        database_url=SecretStr(urls.pooled),
        twilio_base_url=vendors["twilio"],
        deepgram_base_url=vendors["deepgram"],
        openai_base_url=f"{vendors['openai']}/v1",
        drain_seconds=5,
    )


@asynccontextmanager
async def scripted_vendors(
    voice_port: int, *more_voice_ports: int
) -> AsyncIterator[dict[str, str]]:
    """Run the sandbox's Twilio, Deepgram and OpenAI in script mode; yield their addresses."""
    bases = [f"http://127.0.0.1:{port}" for port in (voice_port, *more_voice_ports)]
    async with AsyncExitStack() as stack:
        config = SandboxConfig(
            script=True,
            voice_url=f"http://localhost:{voice_port}/calls/incoming",
            status_callback_url=f"http://localhost:{voice_port}/calls/status",
            sms_url=f"http://localhost:{voice_port}/messages/incoming",
            voice_bases=",".join(bases) if more_voice_ports else "",
        )
        openai = await stack.enter_async_context(serving_sandbox(openai_app(config)))
        deepgram = await stack.enter_async_context(serving_sandbox(deepgram_app(config)))
        config = config.with_options(openai_url=openai, deepgram_url=deepgram)
        twilio = await stack.enter_async_context(serving_sandbox(twilio_app(config)))
        yield {"twilio": twilio, "deepgram": deepgram, "openai": openai}


def shorten_greetings(session: Session) -> None:
    """Have every buddy say no more than who it is: long greetings make long tests too."""
    for version in session.exec(select(PersonaVersion)):
        where = "on {weekday}" if version.name == "Lisa" else "here"
        version.greeting = f"hi {{name}}, {version.name} {where}."
        version.greeting_unnamed = f"hi, {version.name} {where}."


def say_no_fillers(session: Session) -> None:
    """Leave out fillers: a machine that has more to do would add words to what is heard."""
    personas.set_constant(session, name="turn_filler_after", value=0, now=datetime.now(UTC))


@asynccontextmanager
async def running_voice(
    urls: DatabaseUrls, folder: Path, **options: Any
) -> AsyncIterator[RunningVoice]:
    """Run everything a phone call needs, in this event loop."""
    port = free_port()
    ring = KeyRing.create(folder / "keys.json")
    async with AsyncExitStack() as stack:
        vendors = await stack.enter_async_context(scripted_vendors(port))
        settings = voice_settings(urls, folder, port=port, vendors=vendors)
        settings = settings.model_copy(update=options)
        database = stack.enter_context(open_test_database(urls, ring))
        seed_installation(database, settings, datetime.now(UTC))
        database.transact_now(shorten_greetings)
        database.transact_now(say_no_fillers)
        app = create_app(settings, announcements=SHORT_WORDS)
        await stack.enter_async_context(serving(app, port=port))
        yield RunningVoice(settings, app.extensions["service"], vendors, database)


@asynccontextmanager
async def voice_alone(urls: DatabaseUrls, folder: Path) -> AsyncIterator[RunningVoice]:
    """Run the voice service on fakes of every vendor: for what happens at its doors."""
    port = free_port()
    nowhere = {"twilio": "http://127.0.0.1:9", "deepgram": "http://127.0.0.1:9"}
    nowhere["openai"] = "http://127.0.0.1:9"
    ring = KeyRing.create(folder / "keys.json")

    async def nothing() -> None:
        """Open no connections."""

    providers = Providers(
        FakeSpeechToText(),
        FakeLanguageModel(),
        FakeTextToSpeech(first_byte_seconds=0, speed=1000),
        FakeCallControl(),
        FakeTextMessages(),
        nothing,
        AsyncExitStack(),
    )
    async with AsyncExitStack() as stack:
        settings = voice_settings(urls, folder, port=port, vendors=nowhere)
        database = stack.enter_context(open_test_database(urls, ring))
        seed_installation(database, settings, datetime.now(UTC))
        app = create_app(settings, providers, announcements=SHORT_WORDS)
        await stack.enter_async_context(serving(app, port=port))
        yield RunningVoice(settings, app.extensions["service"], nowhere, database)


@asynccontextmanager
async def voice_process(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `python -m voice` in a process of its own, until it is ready and to its end."""
    log_path = voice_log(settings)
    with log_path.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "voice", env=_environment(settings), stdout=log, stderr=log
        )
    try:
        await _until_ready(settings, process, log_path)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def voice_log(settings: Settings) -> Path:
    """Return where the process that listens on this port writes its log."""
    return settings.data_dir / f"voice-{settings.voice_port}.log"


def _environment(settings: Settings) -> dict[str, str]:
    given = {
        f"BUDDY_{name.upper()}": value.get_secret_value()
        if isinstance(value, SecretStr)
        else str(value)
        for name in settings.model_fields_set
        if (value := getattr(settings, name)) is not None and name != "database_url"
    }
    assert settings.database_url is not None
    return {**os.environ, **given, "DATABASE_URL": settings.database_url.get_secret_value()}


async def _until_ready(
    settings: Settings, process: asyncio.subprocess.Process, log_path: Path
) -> None:
    url = f"http://127.0.0.1:{settings.voice_port}/readyz"
    async with asyncio.timeout(FIRST_START_SECONDS), aiohttp.ClientSession() as http:
        while True:
            assert process.returncode is None, _text(log_path)
            with suppress(aiohttp.ClientError):
                async with http.get(url) as answer:
                    if answer.ok:
                        return
            await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.1)


def _text(path: Path) -> str:
    return path.read_text()
