"""What is written down of a call, and the calls' use cases that may not be lost.

Entries go to the transcript writer. Consent, the buddy chosen and the end of the call are
transactions of their own, done in order behind the call's back and tried again while the
database is away: no caller waits for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from sqlmodel import Session

from shared.clock import Clock
from shared.configuration import PersonaView
from shared.database import StoreUnavailable
from shared.domain.timings import CallFigures
from shared.errors import DomainError
from shared.ids import CallId
from shared.services import calls, recordings, resumptions
from voice.conversation.commands import EndReason, Side, WriteEntry
from voice.conversation.playback import heard_part
from voice.timing import TurnTimes
from voice.transcript_rows import NO_FIGURES, NewEntry, NewTurnTiming, Unanswered
from voice.watching import CallWatch, Watches

log = structlog.get_logger()

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)  # then every 5 s
GIVE_UP_SECONDS = 900.0  # the sweep has settled the call long before


class Store(Protocol):
    """Runs one use case in one transaction; raises `StoreUnavailable` while it can't."""

    async def transact(self, use_case: Callable[[Session], None], /) -> None: ...


class EntryWriter(Protocol):
    """Takes what is said, and never blocks."""

    def write(self, entry: NewEntry) -> None: ...

    def write_timing(self, timing: NewTurnTiming) -> None: ...

    def show_interim(self, call_id: CallId, side: Side, text: str) -> None: ...

    def keep_unanswered(self, call_id: CallId, words: Unanswered | None) -> None: ...

    def keep_said(self, call_id: CallId, entry: NewEntry | None) -> None: ...


@dataclass(slots=True)
class CallBook:
    """The record of one call."""

    call_id: CallId
    store: Store
    writer: EntryWriter
    clock: Clock
    consent_wording: str
    started_at: datetime  # the call's first stream
    watch: CallWatch = field(default_factory=Watches)
    stream_sid: str = ""
    is_resumed: bool = False
    turns_before: int = 0  # in the call's earlier streams
    sequence: int = 0  # of the entry that was written last
    unanswered: Unanswered | None = None
    used_before: int = 0  # metered seconds of the call's earlier streams
    figures: CallFigures = NO_FIGURES  # with those of the call's earlier streams
    _said: NewEntry | None = None  # what the buddy is saying, should the process die now
    _persona: PersonaView | None = None  # the buddy that is heard
    _work: asyncio.Queue[Callable[[Session], None] | None] = field(default_factory=asyncio.Queue)
    _is_off: bool = False  # nothing of what is said is kept
    _began: dict[Side, datetime] = field(default_factory=dict)  # when each side began to speak

    def consent(self) -> None:
        self._do(
            partial(
                calls.record_consent,
                call_id=self.call_id,
                wording_version=self.consent_wording,
                now=self.clock.now(),
            )
        )

    def persona(self, persona: PersonaView) -> None:
        self._persona = persona
        self.watch.put_through(persona.slug)
        self._do(
            partial(
                calls.choose_persona,
                call_id=self.call_id,
                persona_version_id=persona.version_id,
                now=self.clock.now(),
            )
        )

    def slower(self, times: int) -> None:
        """Keep how often the caller has asked buddies to speak more slowly."""
        self._do(partial(calls.slow_down, call_id=self.call_id, slower=times))

    def go_off(self) -> None:
        """Keep and show nothing of what follows, but that it is so."""
        if not self._is_off:
            self._divide("off_record")
            self._is_off = True
            self._keep_unanswered(None)
            self._keep_said(None)

    def go_on(self) -> None:
        """Keep what follows again."""
        if self._is_off:
            self._is_off = False
            self._began.clear()
            self._divide("on_record")

    def interim(self, side: Side, text: str) -> None:
        if self._is_off:
            return
        if side not in self._began:
            self._began[side] = self.clock.now()
        self.writer.show_interim(self.call_id, side, text)
        match side:
            case Side.CALLER:
                self._keep_unanswered(Unanswered(self.call_id, text, self._began[side]))
            case Side.BUDDY:
                cut_off = WriteEntry(side, "", text, was_interrupted=True)
                self._keep_said(self._new_entry(cut_off, self._persona, self._began[side]))
            case Side.LINE:
                pass

    def heard(self, share: float) -> None:
        """Take note of how much of what the buddy is saying has been heard."""
        if (said := self._said) is not None:
            text = f"{said.text} {said.unheard}".strip()
            heard, unheard = heard_part(text, share)
            sequence = self.sequence + 1
            self._keep_said(replace(said, sequence=sequence, text=heard, unheard=unheard))

    def turn_ended(self) -> None:
        """Keep what was said as a turn: until it is answered, another process may have to do that."""
        if self.unanswered is not None:
            self._keep_unanswered(replace(self.unanswered, is_whole=True))

    def turn_answered(self) -> None:
        """Forget the turn: the caller has the floor again."""
        self._keep_said(None)
        if self.unanswered is not None and self.unanswered.is_whole:
            self._keep_unanswered(None)

    def resume_off(self) -> None:
        """Go on off the record, where an earlier stream of the call has said so."""
        self._is_off = True

    def entry(self, entry: WriteEntry, persona: PersonaView | None) -> None:
        if self._is_off:
            return
        said_at = self._began.pop(entry.side, None) or self.clock.now()
        self.writer.write(self._new_entry(entry, persona, said_at))
        self.sequence += 1
        if entry.side is Side.BUDDY:
            self._keep_said(None)

    def reply_prepared(self) -> None:
        """Take note that a reply is made before it is sure that it will be said."""
        prepared = self.figures.speculations_prepared + 1
        self.figures = replace(self.figures, speculations_prepared=prepared)
        self.watch.reply_prepared()

    def reply_committed(self) -> None:
        """Take note that a reply made ahead is being said."""
        committed = self.figures.speculations_committed + 1
        self.figures = replace(self.figures, speculations_committed=committed)
        self.watch.reply_committed()

    def timing(self, times: TurnTimes) -> None:
        """Write down a turn's times, as soon as they are told."""
        if self._is_off:
            return
        self.watch.turn(times)
        stages = {f"{stage}_ms": ms for stage, ms in times.stages_ms.items()}
        self.writer.write_timing(
            NewTurnTiming(
                call_id=self.call_id,
                turn=self.turns_before + times.turn,
                stages_ms=stages,
                gap_ms=times.gap_ms,
                offset_ms=self._offset_ms(self.clock.now()) - round(times.told_after_ms),
                was_speculated=times.was_speculated,
                had_filler=times.had_filler,
                figures=self.figures,
            )
        )

    def answered(self) -> None:
        """Take note that the caller hears us; once is enough."""
        if self.figures.answer_ms is None and not self.is_resumed:
            after_ms = self._offset_ms(self.clock.now())
            self.figures = replace(self.figures, answer_ms=float(after_ms))
            self.watch.answered(after_ms)

    def interrupted(self) -> None:
        """Take note that the caller took the floor from the speaking buddy."""
        self.figures = replace(self.figures, interruptions=self.figures.interruptions + 1)
        self.watch.interrupted()

    def underrun(self) -> None:
        """Take note that the line fell silent within a segment."""
        self.figures = replace(self.figures, underruns=self.figures.underruns + 1)
        self.watch.underrun()

    def lose(self, reason: EndReason, used_seconds: int) -> None:
        """Keep that the stream broke, for another to go on with the call; `run` returns then."""
        self.watch.ended(reason, used_seconds - self.used_before)
        self._do(
            partial(
                resumptions.lose_stream,
                call_id=self.call_id,
                stream_sid=self.stream_sid,
                reason=reason,
                used_seconds=used_seconds,
                figures=self.figures,
                now=self.clock.now(),
            )
        )
        self._work.put_nowait(None)

    def recording(self, tape: bytes) -> None:
        """Keep the call's tape."""
        self._do(partial(recordings.keep, call_id=self.call_id, tape=tape, now=self.clock.now()))

    def end(self, reason: EndReason, used_seconds: int) -> None:
        """Settle the call; `run` returns once that is done."""
        self.watch.ended(reason, used_seconds - self.used_before)
        self._do(
            partial(
                calls.end_call,
                call_id=self.call_id,
                end_reason=reason,
                used_seconds=used_seconds,
                figures=self.figures,
                now=self.clock.now(),
                stream_sid=self.stream_sid,
            )
        )
        self._work.put_nowait(None)

    async def run(self) -> None:
        """Do what is to be written down, in order, until the call has been ended."""
        while (use_case := await self._work.get()) is not None:
            await self._try(use_case)

    def _new_entry(
        self, entry: WriteEntry, persona: PersonaView | None, said_at: datetime
    ) -> NewEntry:
        return NewEntry(
            call_id=self.call_id,
            sequence=self.sequence + 1,
            side=entry.side,
            text=entry.text,
            unheard=entry.unheard,
            was_interrupted=entry.was_interrupted,
            offset_ms=self._offset_ms(said_at),
            said_at=said_at,
            persona_version_id=persona.version_id if persona is not None else None,
        )

    def _offset_ms(self, at: datetime) -> int:
        return round((at - self.started_at).total_seconds() * 1000)

    def _keep_unanswered(self, words: Unanswered | None) -> None:
        if words is not None or self.unanswered is not None:
            self.unanswered = words
            self.writer.keep_unanswered(self.call_id, words)

    def _keep_said(self, entry: NewEntry | None) -> None:
        if entry is not None or self._said is not None:
            self._said = entry
            self.writer.keep_said(self.call_id, entry)

    def _divide(self, kind: str) -> None:
        """Write a divider into the transcript."""
        self.sequence += 1
        now = self.clock.now()
        self.writer.write(
            NewEntry(
                call_id=self.call_id,
                sequence=self.sequence,
                side=Side.LINE,
                text="",
                kind=kind,
                offset_ms=self._offset_ms(now),
                said_at=now,
            )
        )

    def _do(self, use_case: Callable[[Session], None]) -> None:
        self._work.put_nowait(use_case)

    async def _try(self, use_case: Callable[[Session], None]) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + GIVE_UP_SECONDS
        attempt = 0
        while True:
            try:
                await self.store.transact(use_case)
            except StoreUnavailable as error:
                if loop.time() > give_up_at:
                    log.error("call_record_lost", error=str(error))  # noqa: TRY400 - no trace needed
                    return
                wait = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
                await asyncio.sleep(wait)  # noqa: TID251 - a retry's own pace
                attempt += 1
            except DomainError as refusal:
                log.warning("call_record_refused", code=refusal.code)
                return
            else:
                return
