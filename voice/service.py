"""The running voice service: what its calls share, and how it starts, drains and stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Final

import structlog

from shared.clock import Clock
from shared.configuration import Configuration
from shared.database import Database, database_urls, open_database
from shared.domain.spending import limits
from shared.errors import ProviderError
from shared.services import missed_ends
from shared.settings import Settings
from voice import tasks
from voice.adapters.twilio_leg import TwilioCallLeg
from voice.adapters.twilio_rest import SignatureValidator
from voice.announcements import AnnouncementShelf
from voice.caller import greeting, voice_of
from voice.conversation import bridges
from voice.conversation.commands import Announcement
from voice.conversation.events import ServiceEnding
from voice.conversation.recovery import LOST_YOU
from voice.made_ahead import MadeAhead
from voice.metrics import Metrics
from voice.providers import Providers
from voice.running_calls import RunningCalls
from voice.spending import DayBooks, GuardedTextToSpeech, SpendGuard
from voice.streams import Streams
from voice.text_desk import TextDesk
from voice.transcript import TranscriptWriter
from voice.watching import Tracing

log = structlog.get_logger()

GOODBYE_SECONDS: Final = 20.0  # calls that outlast the drain may still say goodbye
# Without a drain somebody waits for the process to end: the short goodbye, and no more.
SHORT_GOODBYE_SECONDS: Final = 2.7
ASKED_SECONDS: Final = 2.0  # who calls hears it ring for so much longer at most


class VoiceService:
    """One process's calls."""

    def __init__(
        self,
        settings: Settings,
        providers: Providers,
        clock: Clock,
        announcements: Mapping[Announcement, str],
        *,
        metrics: Metrics | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.settings = settings
        self.metrics = metrics or Metrics()
        self._tracing = tracing
        self._announcements = announcements
        self.clock = clock
        self.validator = SignatureValidator(settings.twilio_auth_token.get_secret_value())
        self.is_draining = False
        self._providers = providers
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_started = False
        self.database: Database
        self._configuration: Configuration
        self._writer: TranscriptWriter
        self._made_ahead: MadeAhead
        self._running: RunningCalls
        self._streams: Streams

    @property
    def is_ready(self) -> bool:
        """Whether new calls may come."""
        return self._is_started and not self.is_draining

    @property
    def calls_in_progress(self) -> int:
        return len(self._running) if self._is_started else 0

    async def is_following(self) -> None:
        """Wait until requests to end a call are being listened for."""
        await self._running.is_following()

    async def end_missed(self, call_sids: Iterable[str]) -> None:
        """End those calls that seem to go on, and of which Twilio says that they are over."""
        try:
            async with asyncio.timeout(ASKED_SECONDS):
                for call_sid in call_sids:
                    if await self._providers.call_control.is_over(call_sid):
                        log.info("end_was_missed", call_sid=call_sid)
                        await self.database.transact(
                            missed_ends.end_missed, call_sid=call_sid, now=self.clock.now()
                        )
        except (ProviderError, TimeoutError) as error:
            log.warning("other_calls_unknown", error=str(error))

    async def start(self) -> None:
        """Open the database and make ready what calls will need."""
        loop = asyncio.get_running_loop()
        urls = await loop.run_in_executor(None, database_urls, self.settings)
        self.database = await loop.run_in_executor(
            None, lambda: open_database(self.settings, application_name="voice")
        )
        self._configuration = await Configuration.start(self.database, urls.direct)
        self._writer = TranscriptWriter(urls.pooled, self.database.key_ring)
        self._spawn(self._writer.run())
        guard = SpendGuard(
            DayBooks(self.database, self.clock),
            self.clock,
            lambda: limits(self._configuration.constant),
        )
        self._spawn(guard.run())
        texts = TextDesk(
            self.settings, self._providers.text_messages, self.database, self.clock, guard
        )
        self._running = RunningCalls(self.database, urls.direct)
        self._spawn(self._running.follow())
        shelf = await AnnouncementShelf.prepare(
            self._providers.text_to_speech,
            model=self.settings.spoken_by,
            folder=self.settings.data_dir / "announcements",
            texts=self._announcements,
            may_be_kept=self._providers.speaks_as_wanted,
        )
        self.metrics.follow(
            calls=lambda: self.calls_in_progress,
            tasks=lambda: len(asyncio.all_tasks()),
            rows_waiting=lambda: self._writer.held,
            spent_micros=guard.spent_here,
        )
        self._made_ahead = MadeAhead(
            GuardedTextToSpeech(
                self._providers.text_to_speech, guard, self._providers.speech_price
            ),
            model=self.settings.spoken_by,
            folder=self.settings.data_dir / "made_ahead",
            may_be_kept=self._providers.speaks_as_wanted,
        )
        self._streams = Streams(
            settings=self.settings,
            providers=self._providers,
            clock=self.clock,
            database=self.database,
            configuration=self._configuration,
            writer=self._writer,
            shelf=shelf,
            made_ahead=self._made_ahead,
            running=self._running,
            texts=texts,
            guard=guard,
            metrics=self.metrics,
            tracing=self._tracing,
            spawn=self._spawn,
        )
        self._spawn(self._warm_up())
        self._is_started = True
        log.info("voice_started", buddies=len(self._configuration.personas))

    async def stop(self) -> None:
        """Write down what is left and let go of everything."""
        self._is_started = False
        await self._writer.flush()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._configuration.close()
        await self._providers.close.aclose()
        if self._tracing is not None:
            await self._tracing.close()
        await self.database.close()

    async def drain(self, seconds: float) -> None:
        """Take no new calls and return when the last one ended, or said goodbye at the end."""
        self.is_draining = True
        log.info("drain_began", calls=self.calls_in_progress)
        if self._is_started:
            await self._running.until_none(seconds)
            self._running.tell_all(ServiceEnding(is_short=not seconds))
            await self._running.until_none(GOODBYE_SECONDS if seconds else SHORT_GOODBYE_SECONDS)
        log.info("drain_ended", calls=self.calls_in_progress)

    async def serve_stream(self, leg: TwilioCallLeg) -> None:
        """Lead one stream's call; returns when the stream is over."""
        serving = self._spawn(self._streams.serve(leg))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            leg.line_lost()  # the server stops, and waits no longer
            raise

    async def _warm_up(self) -> None:
        """Make what the first callers would wait for."""
        # The libraries first: loading them holds up every call, making words holds up none.
        try:
            await self._providers.warm_up()
        except ProviderError as error:
            log.warning("warm_up_failed", error=str(error))
        for persona in self._configuration.personas.values():
            first = greeting(persona, None, self.clock.now())
            ready = (first, LOST_YOU, bridges.HANDING_OVER, bridges.taking_up(persona.name))
            for words in ready:
                await self._made_ahead.prepare(voice_of(persona), words, is_personal=False)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = tasks.start(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
