"""The voice service on a database of its own, with scripted sandbox servers around it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app as deepgram_app
from sandbox.openai.app import create_app as openai_app
from sandbox.serving import serving as serving_sandbox
from sandbox.twilio.app import create_app as twilio_app
from shared.database import Database, DatabaseUrls
from shared.sealing import KeyRing
from shared.seed.installation import seed_installation
from shared.settings import Settings
from tests.support.database import open_test_database
from tests.support.fakes import (
    FakeCallControl,
    FakeLanguageModel,
    FakeSpeechToText,
    FakeTextToSpeech,
)
from tests.support.serving import serving
from voice.app import create_app
from voice.service import Providers, VoiceService

BUDDIES = "+14155550100"


@dataclass(frozen=True, slots=True)
class RunningVoice:
    """A voice service that can be phoned."""

    settings: Settings
    service: VoiceService
    vendors: dict[str, str]  # base URLs by name
    database: Database


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


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
async def scripted_vendors(voice_port: int) -> AsyncIterator[dict[str, str]]:
    """Run the sandbox's Twilio, Deepgram and OpenAI in script mode; yield their addresses."""
    async with AsyncExitStack() as stack:
        config = SandboxConfig(
            script=True,
            voice_url=f"http://localhost:{voice_port}/calls/incoming",
            status_callback_url=f"http://localhost:{voice_port}/calls/status",
        )
        openai = await stack.enter_async_context(serving_sandbox(openai_app(config)))
        deepgram = await stack.enter_async_context(serving_sandbox(deepgram_app(config)))
        config = config.with_options(openai_url=openai, deepgram_url=deepgram)
        twilio = await stack.enter_async_context(serving_sandbox(twilio_app(config)))
        yield {"twilio": twilio, "deepgram": deepgram, "openai": openai}


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
        app = create_app(settings)
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
        nothing,
        AsyncExitStack(),
    )
    async with AsyncExitStack() as stack:
        settings = voice_settings(urls, folder, port=port, vendors=nowhere)
        database = stack.enter_context(open_test_database(urls, ring))
        seed_installation(database, settings, datetime.now(UTC))
        app = create_app(settings, providers)
        await stack.enter_async_context(serving(app, port=port))
        yield RunningVoice(settings, app.extensions["service"], nowhere, database)
