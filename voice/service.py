"""The running voice service: what its calls share, and how it starts, drains and stops."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from shared.clock import Clock
from shared.configuration import Configuration
from shared.database import Database, StoreUnavailable, database_urls, open_database
from shared.domain.spending import limits
from shared.errors import DomainError, ProtocolError, ProviderError, RemoteProtocolError
from shared.ids import CallId
from shared.services import calls, talk_time
from shared.services.calls import OpenedCall
from shared.settings import Settings
from voice.adapters.twilio_media import StartMessage, TwilioCallLeg
from voice.adapters.twilio_rest import SignatureValidator
from voice.announcements import NOTICE_VERSION, AnnouncementShelf
from voice.call import CallSession
from voice.caller import Caller, greeting, visitor_of, voice_of
from voice.conversation import bridges
from voice.conversation.commands import Announcement, EndReason
from voice.conversation.events import Event, ServiceEnding
from voice.conversation.recovery import LOST_YOU
from voice.desk import CallDesk, Ears
from voice.made_ahead import MadeAhead
from voice.meter import Meter
from voice.metrics import Metrics
from voice.pin_desk import PinDesk
from voice.ports import (
    FRAME_BYTES,
    CallControl,
    LanguageModel,
    SpeechToText,
    TextMessages,
    TextToSpeech,
    Voice,
)
from voice.record import NO_FIGURES, CallBook
from voice.replay.recorder import Recorder
from voice.resilience import ReconnectingSpeechToText
from voice.resuming import left_unanswered, recovered, redial
from voice.rules import reception_rules, turn_rules
from voice.running_calls import RunningCall, RunningCalls
from voice.spending import (
    CallSpending,
    DayBooks,
    GuardedLanguageModel,
    GuardedSpeechToText,
    GuardedTextToSpeech,
    SpendGuard,
)
from voice.text_desk import TextDesk
from voice.transcript import TranscriptWriter
from voice.watching import Tracing, Watches

log = structlog.get_logger()

CALL_SID = re.compile(r"[A-Za-z0-9]{1,64}")
RECORD_CALLS = "record_calls"  # the constant; 1: calls are recorded for replays
NO_CALL_SID = "the start message names no call"
NORMAL_CLOSE = 1000
POLICY_VIOLATION = 1008  # websocket close code of a stream that is refused
BOOKED_SECONDS = 2.0  # a call's end is in the database by then, or it will take long
GOODBYE_SECONDS = 20.0  # calls that outlast the drain may still say goodbye
# Without a drain somebody waits for the process to end: the short goodbye, and no more.
SHORT_GOODBYE_SECONDS = 2.7


async def _leave_cold(_voice: Voice) -> None:
    """Open no connection beforehand."""


@dataclass(frozen=True, slots=True)
class Providers:
    """The vendors' adapters, or the fakes of a test."""

    speech_to_text: SpeechToText
    language_model: LanguageModel
    text_to_speech: TextToSpeech
    call_control: CallControl
    text_messages: TextMessages
    warm_up: Callable[[], Awaitable[None]]  # opens connections ahead of the first call
    close: contextlib.AsyncExitStack
    speaks_as_wanted: Callable[[], bool] = lambda: True  # by the first choice, no fallback
    warm_voice: Callable[[Voice], Coroutine[Any, Any, None]] = _leave_cold
    hearing_bytes: int = FRAME_BYTES  # of the caller's audio that the recogniser takes at once


class StreamSocket(Protocol):
    """The websocket of one stream, as `TwilioCallLeg` takes it."""

    async def receive(self) -> str | bytes: ...

    async def send(self, text: str) -> None: ...

    async def close(self, code: int = NORMAL_CLOSE) -> None: ...


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
        self._shelf: AnnouncementShelf
        self._made_ahead: MadeAhead
        self._running: RunningCalls
        self._texts: TextDesk
        self._guard: SpendGuard

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
        self._guard = SpendGuard(
            DayBooks(self.database, self.clock),
            self.clock,
            lambda: limits(self._configuration.constant),
        )
        self._spawn(self._guard.run())
        self._texts = TextDesk(
            self.settings, self._providers.text_messages, self.database, self.clock, self._guard
        )
        self._running = RunningCalls(self.database, urls.direct)
        self._spawn(self._running.follow())
        self._shelf = await AnnouncementShelf.prepare(
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
            spent_micros=self._guard.spent_here,
        )
        self._made_ahead = MadeAhead(
            GuardedTextToSpeech(self._providers.text_to_speech, self._guard),
            model=self.settings.spoken_by,
            folder=self.settings.data_dir / "made_ahead",
            may_be_kept=self._providers.speaks_as_wanted,
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

    async def serve_stream(self, socket: StreamSocket) -> None:
        """Lead one stream's call; returns when the stream is over."""
        leg = TwilioCallLeg(receive=socket.receive, send=socket.send, close=socket.close)
        serving = self._spawn(self._serve(leg, socket))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            leg.line_lost()  # the server stops, and waits no longer
            raise

    async def _serve(self, leg: TwilioCallLeg, socket: StreamSocket) -> None:
        async with leg:
            try:
                start = await leg.started()
                if not CALL_SID.fullmatch(start.call_sid):
                    raise RemoteProtocolError(NO_CALL_SID)
                opened = await self.database.transact(
                    calls.open_stream,
                    call_sid=start.call_sid,
                    stream_sid=start.stream_sid,
                    token=start.token,
                    now=self.clock.now(),
                )
            except (DomainError, ProtocolError, StoreUnavailable) as error:
                log.warning("stream_refused", error=str(error))
                with contextlib.suppress(Exception):
                    await socket.close(POLICY_VIOLATION)
                leg.line_lost()
                return
            with structlog.contextvars.bound_contextvars(
                call_id=opened.call_id, call_sid=start.call_sid, stream_sid=start.stream_sid
            ):
                await self._lead(leg, start, opened)

    async def _lead(self, leg: TwilioCallLeg, start: StartMessage, opened: OpenedCall) -> None:
        with self._guard.call(fair_use_left=opened.fair_use_left) as spending:
            reason = await self._lead_to_its_end(leg, start, opened, spending)
        await self._texts.say_how_to_go_on(opened.call_id, reason)

    async def _lead_to_its_end(
        self, leg: TwilioCallLeg, start: StartMessage, opened: OpenedCall, spending: CallSpending
    ) -> EndReason:
        before = opened.resumption
        book = CallBook(
            opened.call_id,
            self.database,
            self._writer,
            self.clock,
            NOTICE_VERSION,
            before.began_at if before is not None else self.clock.now(),
            self._watches(opened.call_id),
            stream_sid=start.stream_sid,
            is_resumed=before is not None,
            turns_before=before.turns if before is not None else 0,
            sequence=before.sequence if before is not None else 0,
            unanswered=left_unanswered(opened.call_id, before) if before is not None else None,
            used_before=before.used_seconds if before is not None else 0,
            figures=before.figures if before is not None else NO_FIGURES,
        )
        meter = Meter(
            lambda used: self.database.transact(
                talk_time.reserve,
                call_id=opened.call_id,
                used_seconds=used,
                now=self.clock.now(),
                stream_sid=start.stream_sid,
            ),
            used_before=before.used_seconds if before is not None else 0,
        )
        caller = Caller(
            opened.profile,
            visitor_of(opened),
            self.clock.now(),
            redial=redial(opened.broken_off, self._keys()),
        )
        pins = PinDesk(opened.call_id, caller, self.database, self.clock)
        desk = self._desk(opened, spending)
        # What goes on after a stream broke is not on the tape: it holds one stream.
        recorder = self._recorder(desk, caller) if before is None else None
        post: Callable[[Event], None]
        if recorder is not None:
            session = recorder.session(
                leg, desk, caller=caller, record=book, meter=meter, pins=pins
            )
            post = recorder.outside(session.post)
        else:
            session = CallSession(
                leg,
                desk,
                caller=caller,
                record=book,
                meter=meter,
                pins=pins,
                resumed=recovered(before, self._keys()) if before is not None else None,
            )
            post = session.post
        if before is None or before.menu_key is None:
            self._prepare_greetings(caller)
        booking = self._spawn(book.run())
        watching = self._spawn(spending.run(post, meter))
        reason, is_lost = EndReason.FAILED, True
        log.info("call_began", caller=opened.caller, is_resumed=before is not None)
        running = RunningCall(
            opened.call_id, opened.account_id, start.stream_sid, post, pins.refresh
        )
        with self._running.kept(running):
            try:
                reason = await session.run()
                is_lost = reason is EndReason.LINE_LOST
            except Exception:
                log.exception("call_broke")
            finally:
                watching.cancel()
                if recorder is not None:
                    book.recording(recorder.tape.encode())
                if is_lost:
                    # The line may still be there: Twilio asks what to do next, and goes on.
                    book.lose(reason, meter.used_seconds)
                    log.info("stream_lost", reason=reason, used_seconds=meter.used_seconds)
                else:
                    book.end(reason, meter.used_seconds)
                    log.info("call_ended", reason=reason, used_seconds=meter.used_seconds)
                    if reason is not EndReason.CALLER_HUNG_UP:
                        await self._hang_up(start.call_sid, booking)
                await leg.close()
                await asyncio.shield(booking)
        return reason

    def _watches(self, call_id: CallId) -> Watches:
        traced = () if self._tracing is None else (self._tracing.call(call_id),)
        return Watches((self.metrics.call(), *traced))

    def _desk(self, opened: OpenedCall, spending: CallSpending) -> CallDesk:
        """Return what a call needs, with ports that ask its guard before each paid step."""
        providers = self._providers
        recogniser = GuardedSpeechToText(providers.speech_to_text, spending)
        return CallDesk(
            ears=Ears(
                lambda on_lost, on_restored: ReconnectingSpeechToText(
                    recogniser, on_lost=on_lost, on_restored=on_restored
                ),
                self.settings.own_key_terms,
                providers.hearing_bytes,
            ),
            language_model=GuardedLanguageModel(providers.language_model, spending),
            text_to_speech=GuardedTextToSpeech(providers.text_to_speech, spending),
            announcements=self._shelf,
            made_ahead=self._made_ahead,
            personas=lambda: self._configuration.personas,
            turn_rules=lambda persona, pause: turn_rules(
                self._configuration, persona, pause, speculates=opened.speculates
            ),
            reception_rules=lambda: reception_rules(self._configuration),
            default_model=self.settings.chat_model,
            warm_voice=providers.warm_voice,
        )

    def _keys(self) -> dict[str, int]:
        """Return the buddies' menu keys by their names."""
        return {view.name: key for key, view in self._configuration.personas.items()}

    def _recorder(self, desk: CallDesk, caller: Caller) -> Recorder | None:
        """Return what records a call, where the operator wants calls recorded."""
        if not self._configuration.constant(RECORD_CALLS, 0):
            return None
        loop = asyncio.get_running_loop()
        return Recorder(desk, caller, self.clock.now(), loop.time)

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

    def _prepare_greetings(self, caller: Caller) -> None:
        """Make the caller's greetings while the notice and the menu are said."""
        for key, persona in self._configuration.personas.items():
            if caller.visitor.favourite_key in (None, key):
                words = caller.greeting(persona)
                making = self._made_ahead.prepare(
                    caller.voice(persona), words, is_personal=caller.name is not None
                )
                self._spawn(making)

    async def _hang_up(self, call_sid: str, booking: asyncio.Task[None]) -> None:
        try:
            await self._providers.call_control.hang_up(call_sid)
        except ProviderError as error:
            # The stream is closed next, and Twilio asks what follows it: it must be in the
            # books by then that nothing does.
            log.warning("hang_up_failed", error=str(error))
            await asyncio.wait([booking], timeout=BOOKED_SECONDS)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
