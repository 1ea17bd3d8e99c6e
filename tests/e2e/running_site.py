"""The real site in its own process, on a free port, with a database and a Google of its own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session

from buddy_site import build
from sandbox.config import SandboxConfig
from sandbox.deepgram.app import create_app as deepgram_app
from sandbox.google.app import create_app as google_app
from sandbox.openai.app import create_app as openai_app
from sandbox.serving import serving
from sandbox.stripe.app import create_app as stripe_app
from sandbox.twilio.app import create_app as twilio_app
from shared.database import Database, DatabaseUrls, key_ring
from shared.ids import AccountId, CallId
from shared.listener import CALL_ENTRIES, CALL_INTERIM, notify
from shared.phone import PhoneNumber
from shared.sealing import KeyRing
from shared.seed.installation import DEMO_NUMBER, seed_installation
from shared.services import accounts, calls, personas
from shared.services.accounts import GoogleClaims
from shared.settings import Settings
from shared.tables.call import Entry
from tests.e2e.tunnel import Tunnel
from tests.support.builders import confirm_adult
from tests.support.database import DatabaseServer, open_test_database
from tests.support.ports import free_port

START_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1
BEN, ETHAN, MAYA = 2, 3, 6  # on the menu


class SiteProcess:
    """The site's own process, started as `python -m buddy run` does."""

    def __init__(self, environment: dict[str, str], log: Path, ready_url: str) -> None:
        self._environment, self._log, self._ready_url = environment, log, ready_url
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                build.server_command(),
                cwd=build.ROOT,
                env=self._environment,
                stdout=output,
                stderr=output,
            )
        patience = threading.Event()
        deadline = datetime.now(UTC) + timedelta(seconds=START_SECONDS)
        while datetime.now(UTC) < deadline and self._process.poll() is None:
            with (
                contextlib.suppress(urllib.error.URLError, OSError),
                urllib.request.urlopen(self._ready_url, timeout=2),  # noqa: S310 - loopback
            ):
                return
            patience.wait(POLL_SECONDS)
        message = f"the site did not get ready:\n{self._log.read_text()[-4000:]}"
        self.stop()
        raise RuntimeError(message)

    def stop(self) -> None:
        """End it as the supervisor does, or else by force."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@dataclass(frozen=True, slots=True)
class Vendors:
    """Where the sandbox's servers are."""

    google_url: str
    twilio_url: str
    stripe_url: str
    deepgram_url: str
    openai_url: str


@dataclass(frozen=True, slots=True)
class RunningSite:
    """What a test needs to know of the site it visits.

    The browser reaches it through `tunnel`, which can be cut. `environment` starts any other program of the product on the same database and keys.
    """

    url: str
    google_url: str
    twilio_url: str
    stripe_url: str
    database: Database
    database_urls: DatabaseUrls
    environment: dict[str, str]
    process: SiteProcess
    tunnel: Tunnel
    log: Path
    # Where the sandbox's Twilio looks for a voice service, and what one needs, if a test runs it.
    voice_port: int
    vendors: Vendors

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Have no site while the block lasts."""
        self.process.stop()
        try:
            yield
        finally:
            self.process.start()

    def token_for(self, subject: str, *, is_adult: bool = False) -> str:
        """Sign somebody in without a browser and return the session's token."""
        signed_in = self.database.transact_now(
            accounts.sign_in,
            identity=self.claims(subject),
            user_agent="a test",
            now=datetime.now(UTC),
        )
        if is_adult:
            confirm_adult(self.database, signed_in.account_id)
        return signed_in.token

    def account_of(self, token: str) -> AccountId:
        """Return whose token it is."""
        someone = self.database.transact_now(accounts.signed_in, token=token, now=datetime.now(UTC))
        assert someone is not None
        return someone.account_id

    def claims(self, subject: str) -> GoogleClaims:
        """Return what the sandbox's Google says of one of its accounts."""
        return GoogleClaims(
            issuer=self.google_url,
            subject=subject,
            email=f"{subject}@gotobuddy.example",
            is_email_verified=True,
            name=subject.title(),
            given_name=subject.title(),
        )

    def cookie(self, token: str) -> str:
        """Return the Cookie header of a browser with this session."""
        return f"buddy_session={token}"


class Caller:
    """Makes a call without a telephone: rows through the services, words through NOTIFY."""

    def __init__(self, site: RunningSite, call_sid: str, number: PhoneNumber = DEMO_NUMBER) -> None:
        self._site = site
        self._started = datetime.now(UTC)
        self._sequence = 0
        self._persona_version_id: str | None = None
        taken = self._transact(
            calls.take_call, call_sid=call_sid, number=number, is_attested=True, now=self._started
        )
        self.call_id: CallId = taken.call_id
        self._transact(
            calls.open_stream,
            call_sid=call_sid,
            stream_sid=f"MZ{call_sid}",
            token=taken.stream_token,
            now=self._started,
        )

    def choose(self, menu_key: int = ETHAN) -> None:
        views = self._transact(personas.published)
        chosen = next(view for view in views if view.menu_key == menu_key)
        self._transact(
            calls.choose_persona,
            call_id=self.call_id,
            persona_version_id=chosen.version_id,
            now=datetime.now(UTC),
        )
        self._persona_version_id = chosen.version_id

    def divide(self, kind: str) -> None:
        """Write a divider as the voice service would."""
        self._sequence += 1
        self._transact(self._write, "line", "", "", kind)

    def say(self, side: str, text: str, *, unheard: str = "") -> None:
        """Write an entry as the voice service would, and tell whoever listens."""
        self._sequence += 1
        self._transact(self._write, side, text, unheard)

    def rewrite(self, side: str, text: str, *, unheard: str) -> None:
        """Write the newest entry anew, as after an interruption."""
        self._sequence -= 1
        self.say(side, text, unheard=unheard)

    def show_interim(self, side: str, text: str) -> None:
        """Send words that may still change."""
        said = json.dumps({"call_id": self.call_id, "side": side, "text": text})
        self._transact(self._notify_interim, said)

    def hang_up(self, used_seconds: int = 42) -> None:
        self._transact(
            calls.end_call,
            call_id=self.call_id,
            end_reason="caller_hung_up",
            used_seconds=used_seconds,
            now=self._started + timedelta(seconds=used_seconds),
        )

    def _write(
        self, session: Session, side: str, text: str, unheard: str, kind: str = "words"
    ) -> None:
        ring, place = key_ring(session), (self.call_id, self._sequence)
        session.merge(
            Entry(
                call_id=self.call_id,
                sequence=self._sequence,
                side=side,
                offset_ms=self._sequence * 1000,
                said_at=self._started + timedelta(seconds=self._sequence),
                sealed_text=ring.seal(text, "entry", *place),
                sealed_unheard=ring.seal(unheard, "unheard", *place) if unheard else None,
                was_interrupted=bool(unheard),
                kind=kind,
                persona_version_id=self._persona_version_id,
            )
        )
        notify(session, CALL_ENTRIES, self.call_id)

    @staticmethod
    def _notify_interim(session: Session, said: str) -> None:
        sealed = key_ring(session).seal(said, "interim")
        notify(session, CALL_INTERIM, base64.b64encode(sealed).decode())

    def _transact(self, *args: Any, **kwargs: Any) -> Any:
        return self._site.database.transact_now(*args, **kwargs)


@contextlib.contextmanager
def running_site(server: DatabaseServer, folder: Path) -> Iterator[RunningSite]:
    """Run the site until the block is left; its pages are built if they are not current."""
    build.build(Settings())
    keys_path = folder / "keys.json"
    ring = KeyRing.create(keys_path)
    port, voice_port = free_port(), free_port()
    with (
        Tunnel.to(port) as tunnel,
        server.migrated_database() as urls,
        open_test_database(urls, ring) as database,
        _sandbox(url := f"http://localhost:{tunnel.port}", voice_port) as vendors,
    ):
        google_url = vendors.google_url
        environment = {
            **os.environ,
            "DATABASE_URL": urls.pooled,
            "DATABASE_URL_DIRECT": urls.direct,
            "BUDDY_DATA_DIR": str(folder),
            "BUDDY_KEY_FILE": str(keys_path),
            "BUDDY_SITE_PORT": str(port),
            "BUDDY_SITE_PUBLIC_URL": url,
            "BUDDY_TEST_PHONE_URL": f"{vendors.twilio_url}/phone",
            "BUDDY_TWILIO_BASE_URL": vendors.twilio_url,
            "BUDDY_STRIPE_BASE_URL": vendors.stripe_url,
            "BUDDY_GOOGLE_METADATA_URL": f"{google_url}/.well-known/openid-configuration",
        }
        settings = Settings(
            google_metadata_url=environment["BUDDY_GOOGLE_METADATA_URL"],
        )
        seed_installation(database, settings, datetime.now(UTC))
        database.transact_now(  # all browsers of a run come from one address
            personas.set_constant,
            name="verification_address",
            value=10_000,
            now=datetime.now(UTC),
        )
        log = folder / "site.log"
        process = SiteProcess(environment, log, f"http://127.0.0.1:{port}/readyz")
        process.start()
        try:
            yield RunningSite(
                url,
                google_url,
                vendors.twilio_url,
                vendors.stripe_url,
                database,
                urls,
                environment,
                process,
                tunnel,
                log,
                voice_port,
                vendors,
            )
        finally:
            process.stop()


@contextlib.contextmanager
def _sandbox(site_url: str, voice_port: int) -> Iterator[Vendors]:
    """Serve the sandbox, in script mode, from a thread with a loop of its own."""
    addresses: list[Vendors] = []
    has_started, must_stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    voice_url = f"http://localhost:{voice_port}"
    config = SandboxConfig(
        script=True,
        site_url=site_url,
        stripe_webhook_url=f"{site_url}/webhooks/stripe",
        voice_url=f"{voice_url}/calls/incoming",
        status_callback_url=f"{voice_url}/calls/status",
        sms_url=f"{voice_url}/messages/incoming",
    )

    async def serve() -> None:
        async with (
            serving(google_app(config)) as google_url,
            serving(stripe_app(config)) as stripe_url,
            serving(deepgram_app(config)) as deepgram_url,
            serving(openai_app(config)) as openai_url,
            serving(
                twilio_app(config.with_options(deepgram_url=deepgram_url, openai_url=openai_url))
            ) as twilio_url,
        ):
            signing_in = google_url.replace("127.0.0.1", "localhost")
            found = Vendors(signing_in, twilio_url, stripe_url, deepgram_url, openai_url)
            addresses.append(found)
            has_started.set()
            await must_stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert has_started.wait(START_SECONDS)
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(must_stop.set)
        thread.join(STOP_SECONDS)
        loop.close()
