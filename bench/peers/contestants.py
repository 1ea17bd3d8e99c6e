"""Who takes part, with which settings, and how each is started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session

from bench.peers.environments import HERE, python
from shared.sealing import KeyRing
from shared.seed.installation import seed_installation
from shared.services import personas
from shared.settings import Settings
from tests.support.database import DatabaseServer, open_test_database
from tests.support.ports import free_port
from tests.support.voice_service import shorten_greetings, voice_process, voice_settings
from voice.announcements import ANNOUNCER, TEXTS, file_name

BOT_CORE: Final = {0}
WORLD_CORE: Final = {1}
START_SECONDS: Final = 60.0
NOTICE_BYTES: Final = 2400  # 300 ms: the notice is not what is measured
# A hundred callers of one installation at once, and no budget that could end before the run.
LIMITS: Final = {"spending_calls_in_all": 1000, "spending_daily_budget_micros": 10**12}


@dataclass(frozen=True, slots=True)
class Vendors:
    """Where the fake vendors listen."""

    http: int
    ears: int


@dataclass(frozen=True, slots=True)
class Bot:
    """A running bot: its process, and what the callers need to know."""

    pid: int
    order: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One service with one set of settings."""

    name: str
    settings: str  # in words, for the report
    start: Callable[[Vendors, DatabaseServer], AbstractAsyncContextManager[Bot]]
    speculates: bool = False


@dataclass(frozen=True, slots=True)
class Ourselves:
    """The service of this repository, as `python -m voice` runs it, with some constants of an installation."""

    constants: dict[str, float]
    environment: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def __call__(self, vendors: Vendors, server: DatabaseServer) -> AsyncIterator[Bot]:
        port = free_port()
        bases = {
            "twilio": f"http://127.0.0.1:{vendors.http}",
            "openai": f"http://127.0.0.1:{vendors.http}",
            "deepgram": f"http://127.0.0.1:{vendors.ears}",
        }
        with tempfile.TemporaryDirectory() as folder, server.migrated_database() as urls:
            data = Path(folder)
            ring = KeyRing.create(data / "keys.json")
            settings = voice_settings(urls, data, port=port, vendors=bases)
            with open_test_database(urls, ring) as database:
                seed_installation(database, settings, datetime.now(UTC))
                database.transact_now(shorten_greetings)
                database.transact_now(self._configure)
            _shorten_announcements(settings)
            with _environment(self.environment), _on(BOT_CORE):
                starting = voice_process(settings)
                async with starting as process:
                    os.sched_setaffinity(0, WORLD_CORE)
                    yield Bot(process.pid, {**self._order(settings), "dsn": urls.direct})

    def _configure(self, session: Session) -> None:
        for name, value in {**LIMITS, **self.constants}.items():
            personas.set_constant(session, name=name, value=value, now=datetime.now(UTC))

    def _order(self, settings: Settings) -> dict[str, Any]:
        return {
            "is_greeted": True,
            "first_key": "1",
            "webhook": {
                "url": f"{settings.voice_public_url}/calls/incoming",
                "status_url": f"{settings.voice_public_url}/calls/status",
                "secret": settings.twilio_auth_token.get_secret_value(),
                "to": settings.phone_number,
                "run": f"{settings.voice_port:012}",
                "first_number": 5550000,
            },
        }


@dataclass(frozen=True, slots=True)
class Program:
    """A peer's bot, in the peer's environment."""

    environment: str
    mode: str

    @asynccontextmanager
    async def __call__(self, vendors: Vendors, _server: DatabaseServer) -> AsyncIterator[Bot]:
        port = free_port()
        script = HERE / "bots" / f"{self.environment}_bot.py"
        arguments = (self.mode, port, vendors.http, vendors.ears)
        with _on(BOT_CORE):
            process = await asyncio.create_subprocess_exec(
                python(self.environment),
                script,
                *map(str, arguments),
                env={**os.environ, "HF_HUB_OFFLINE": "1"},
                stdout=sys.stderr,
                stderr=sys.stderr,
            )
        try:
            await _until_healthy(port, process)
            order = {
                "is_greeted": False,
                "first_key": "",
                "stream": f"ws://127.0.0.1:{port}/stream",
            }
            yield Bot(process.pid, order)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@contextlib.contextmanager
def _on(core: set[int]) -> Iterator[None]:
    """Start processes on this core; our own place is the world's."""
    os.sched_setaffinity(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, WORLD_CORE)


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


async def _until_healthy(port: int, process: asyncio.subprocess.Process) -> None:
    def ask() -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer,
        ):
            return bool(answer.status == 200)
        return False

    async with asyncio.timeout(START_SECONDS):
        while not await asyncio.to_thread(ask):
            if process.returncode is not None:
                message = "the bot ended while it was starting"
                raise RuntimeError(message)
            await asyncio.sleep(0.2)


def _shorten_announcements(settings: Settings) -> None:
    """Lay the line's own words ready, all of them short."""
    folder = settings.data_dir / "announcements"
    folder.mkdir()
    for text in TEXTS.values():
        (folder / file_name(text, ANNOUNCER, settings.speech_model)).write_bytes(
            b"\x10\x90" * (NOTICE_BYTES // 2)
        )


NOVA: Final = {"BUDDY_RECOGNISER": "nova"}
LEAN: Final = {"pause_time_seconds": 0.3, "turn_speculations": 0}
SPECULATING: Final = {"pause_time_seconds": 0.3}

CONTESTANTS: Final = {
    contestant.name: contestant
    for contestant in (
        Contestant(
            "ours-lean",
            "Deepgram v1 (endpointing 300 ms), pause time 0.3 s, no speculation",
            Ourselves(LEAN, NOVA),
        ),
        Contestant(
            "ours-speculating",
            "Deepgram v2 with eager ends, pause time 0.3 s, speculative replies",
            Ourselves(SPECULATING),
            speculates=True,
        ),
        Contestant(
            "ours-recommended",
            "an installation's defaults: Deepgram v2, pause time 0.8 s, speculative replies",
            Ourselves({}),
            speculates=True,
        ),
        Contestant(
            "pipecat-lean",
            "Deepgram v1 (endpointing 300 ms), turns by the recogniser's words, speech time-out 0, "
            "no VAD, no turn model, metrics off",
            Program("pipecat", "lean"),
        ),
        Contestant(
            "pipecat-recommended",
            "what its command line generates: Deepgram v1, Silero VAD, smart-turn v3, metrics on",
            Program("pipecat", "recommended"),
        ),
        Contestant(
            "livekit-lean",
            "Deepgram v1 (endpointing 300 ms), turn_detection stt, delays 0, no VAD, no "
            "preemptive generation",
            Program("livekit", "lean"),
        ),
        Contestant(
            "livekit-recommended",
            "a session with its defaults: Deepgram v1, bundled VAD and turn detector, "
            "preemptive generation of the model's reply",
            Program("livekit", "recommended"),
            speculates=True,
        ),
    )
}
