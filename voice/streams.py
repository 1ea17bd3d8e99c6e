"""Streams: how one is let in, how its call is led to the end, and what is booked then."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import structlog

from shared.clock import Clock
from shared.configuration import Configuration
from shared.database import Database, StoreUnavailable
from shared.errors import DomainError, ProtocolError, ProviderError, RemoteProtocolError
from shared.ids import CallId
from shared.services import calls, talk_time
from shared.services.calls import OpenedCall
from shared.settings import Settings
from voice.adapters.twilio_leg import TwilioCallLeg
from voice.adapters.twilio_media import StartMessage
from voice.announcements import NOTICE_VERSION, AnnouncementShelf
from voice.call import CallSession
from voice.caller import Caller, visitor_of
from voice.conversation.commands import EndReason
from voice.conversation.events import Event
from voice.conversation.recovery import Recovered
from voice.desk import CallDesk, Ears
from voice.made_ahead import MadeAhead
from voice.meter import Meter
from voice.metrics import Metrics
from voice.pin_desk import PinDesk
from voice.providers import Providers
from voice.reconnecting import ReconnectingSpeechToText
from voice.record import CallBook
from voice.replay.recorder import Recorder
from voice.resuming import left_unanswered, recovered, redial
from voice.rules import reception_rules, turn_rules
from voice.running_calls import RunningCall, RunningCalls
from voice.spending import (
    CallSpending,
    GuardedLanguageModel,
    GuardedSpeechToText,
    GuardedTextToSpeech,
    SpendGuard,
)
from voice.text_desk import TextDesk
from voice.transcript import TranscriptWriter
from voice.transcript_rows import NO_FIGURES
from voice.watching import Tracing, Watches

CALL_SID: Final = re.compile(r"[A-Za-z0-9]{1,64}")
RECORD_CALLS: Final = "record_calls"  # the constant; 1: calls are recorded for replays
NO_CALL_SID: Final = "the start message names no call"
POLICY_VIOLATION: Final = 1008  # websocket close code of a stream that is refused
BOOKED_SECONDS: Final = 2.0  # a call's end is in the database by then, or it will take long

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Streams:
    """What the calls of a process share, and how each is led."""

    settings: Settings
    providers: Providers
    clock: Clock
    database: Database
    configuration: Configuration
    writer: TranscriptWriter
    shelf: AnnouncementShelf
    made_ahead: MadeAhead
    running: RunningCalls
    texts: TextDesk
    guard: SpendGuard
    metrics: Metrics
    tracing: Tracing | None
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

    async def serve(self, leg: TwilioCallLeg) -> None:
        """Lead a stream's call until the stream is over; refuse one that no call waits for."""
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
                await leg.close(POLICY_VIOLATION)
                return
            with structlog.contextvars.bound_contextvars(
                call_id=opened.call_id, call_sid=start.call_sid, stream_sid=start.stream_sid
            ):
                await self._lead(leg, start, opened)

    async def _lead(self, leg: TwilioCallLeg, start: StartMessage, opened: OpenedCall) -> None:
        with self.guard.call(fair_use_left=opened.fair_use_left) as spending:
            reason = await self._lead_to_its_end(leg, start, opened, spending)
        await self.texts.say_how_to_go_on(opened.call_id, reason)

    async def _lead_to_its_end(
        self, leg: TwilioCallLeg, start: StartMessage, opened: OpenedCall, spending: CallSpending
    ) -> EndReason:
        before = opened.resumption
        book = CallBook(
            opened.call_id,
            self.database,
            self.writer,
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
            slower=before.slower if before is not None else 0,
            redial=redial(opened.broken_off, self._keys()),
        )
        pins = PinDesk(opened.call_id, caller, self.database, self.clock)
        desk = self._desk(opened, spending)
        resumed = recovered(before, self._keys()) if before is not None else None
        recorder = self._recorder(desk, caller, resumed, book.sequence)
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
                resumed=resumed,
            )
            post = session.post
        if before is None or before.menu_key is None:
            self._prepare_greetings(caller)
        booking = self.spawn(book.run())
        watching = self.spawn(spending.run(post, meter))
        reason, is_lost = EndReason.FAILED, True
        log.info("call_began", caller=opened.caller, is_resumed=before is not None)
        running = RunningCall(
            opened.call_id, opened.account_id, start.stream_sid, post, pins.refresh
        )
        with self.running.kept(running):
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
        traced = () if self.tracing is None else (self.tracing.call(call_id),)
        return Watches((self.metrics.call(), *traced))

    def _desk(self, opened: OpenedCall, spending: CallSpending) -> CallDesk:
        """Return what a call needs, with ports that ask its guard before each paid step."""
        providers = self.providers
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
            text_to_speech=GuardedTextToSpeech(
                providers.text_to_speech, spending, providers.speech_price
            ),
            announcements=self.shelf,
            made_ahead=self.made_ahead,
            personas=lambda: self.configuration.personas,
            turn_rules=lambda persona, pause: turn_rules(
                self.configuration, persona, pause, speculates=opened.speculates
            ),
            reception_rules=lambda: reception_rules(self.configuration),
            default_model=self.settings.chat_model,
            warm_voice=providers.warm_voice,
        )

    def _keys(self) -> dict[str, int]:
        """Return the buddies' menu keys by their names."""
        return {view.name: key for key, view in self.configuration.personas.items()}

    def _recorder(
        self, desk: CallDesk, caller: Caller, resumed: Recovered | None, sequence: int
    ) -> Recorder | None:
        """Return what records a call, where the operator wants calls recorded."""
        if not self.configuration.constant(RECORD_CALLS, 0):
            return None
        loop = asyncio.get_running_loop()
        return Recorder(
            desk, caller, self.clock.now(), loop.time, resumed=resumed, sequence=sequence
        )

    def _prepare_greetings(self, caller: Caller) -> None:
        """Make the caller's greetings while the notice and the menu are said."""
        for key, persona in self.configuration.personas.items():
            if caller.visitor.favourite_key in (None, key):
                words = caller.greeting(persona)
                making = self.made_ahead.prepare(
                    caller.voice(persona), words, is_personal=caller.name is not None
                )
                self.spawn(making)

    async def _hang_up(self, call_sid: str, booking: asyncio.Task[None]) -> None:
        try:
            await self.providers.call_control.hang_up(call_sid)
        except ProviderError as error:
            # The stream is closed next, and Twilio asks what follows it: it must be in the
            # books by then that nothing does.
            log.warning("hang_up_failed", error=str(error))
            await asyncio.wait([booking], timeout=BOOKED_SECONDS)
