"""One call, from the first ring to the last status callback.

A call fetches TwiML, carries out its verbs one after the other, and ends when there are none
left (https://www.twilio.com/docs/voice/twiml). An update over REST or a caller who hangs up
interrupts whatever is going on.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import assert_never
from urllib.parse import urljoin

from sandbox.control import InjectedDisconnect, InjectedStatus
from sandbox.phone.ear import Ear, EarFailed
from sandbox.twilio.errors import NOT_BUILT, CallProblem
from sandbox.twilio.exchange import Exchange, Fetch, Inline, Source
from sandbox.twilio.fields import Parties, call_fields, new_sid, status_fields
from sandbox.twilio.gathering import Gathering
from sandbox.twilio.line import Line
from sandbox.twilio.numbers import Number
from sandbox.twilio.playback import Playback
from sandbox.twilio.sounds import Sounds
from sandbox.twilio.stream import MediaStream, stream_fields
from sandbox.twilio.twiml import (
    Connect,
    Document,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Stream,
    Verb,
    parse,
)

FRAME_SECONDS = 0.02
LINE_SECONDS = 10.0  # a phone that was placed but never connected gives up its call
APOLOGY = "We are sorry. An application error has occurred. Goodbye."
KEYS = frozenset("0123456789*#ABCD")
ENDED = ("completed", "busy", "failed", "no-answer", "canceled")


class Call:
    """An inbound call."""

    def __init__(
        self, exchange: Exchange, parties: Parties, number: Number, *, has_phone: bool = True
    ) -> None:
        self.sid = new_sid("CA")
        self.account_sid = exchange.account_sid
        self.parties = parties
        self.number = number
        self.line = Line()
        self.playback = Playback()
        self.status = "ringing"
        self.end_reason: str | None = None
        self.problems: list[CallProblem] = []
        self.streams: list[str] = []
        self.created_at = datetime.now(UTC)
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.has_ended = asyncio.Event()
        self._exchange = exchange
        self._has_phone = has_phone
        self._orders: asyncio.Queue[Source | None] = asyncio.Queue()
        self._stream: MediaStream | None = None
        self._gathering: Gathering | None = None
        self._document_url = number.voice_url  # what TwiML's own addresses are relative to
        self._sounds = Sounds(exchange, self.playback, report=self.report, absolute=self._absolute)
        self._clock: asyncio.Task[None] | None = None
        self._answered = 0.0
        self._callbacks = 0

    @property
    def seconds(self) -> int:
        """How long the call has been answered, in seconds begun."""
        if self.answered_at is None:
            return 0
        return math.ceil(((self.ended_at or datetime.now(UTC)) - self.answered_at).total_seconds())

    @property
    def fields(self) -> dict[str, str]:
        """The form fields of a request about this call as it is now."""
        return call_fields(self.account_sid, self.sid, self.status, self.parties)

    # What others do to a call

    def redirect(self, source: Source) -> None:
        """Drop what is going on and carry out this TwiML."""
        self._orders.put_nowait(source)

    def hang_up(self, reason: str) -> None:
        """End the call, for a reason that its phone is told."""
        self.end_reason = self.end_reason or reason
        self._orders.put_nowait(None)

    def press(self, digit: str) -> None:
        """Take a key of the caller's; raise `ValueError` at what is none."""
        if digit not in KEYS:
            message = f"a telephone has no key {digit!r}"
            raise ValueError(message)
        if self._stream is not None:
            self._stream.press(digit)
        if self._gathering is not None:
            self._gathering.press(digit)

    # What happens on it

    async def run(self) -> None:
        """Carry out the call to its end."""
        number = self.number
        fallback = number.voice_fallback_url
        source: Source | None = Fetch(
            number.voice_url,
            number.voice_method,
            Fetch(fallback, number.voice_fallback_method) if fallback else None,
        )
        try:
            self._progress("initiated")
            self._progress("ringing")
            while source is not None:
                source = await self._carry_out_unless_interrupted(source)
        finally:
            self._finish()

    async def _carry_out_unless_interrupted(self, source: Source) -> Source | None:
        work = asyncio.create_task(self._carry_out(source))
        order = asyncio.create_task(self._orders.get())
        try:
            await asyncio.wait({work, order}, return_when=asyncio.FIRST_COMPLETED)
            return order.result() if order.done() else work.result()
        finally:
            order.cancel()
            work.cancel()
            await asyncio.wait({work, order})
            self.playback.clear()

    async def _carry_out(self, source: Source) -> Source | None:
        try:
            return await self._execute(await self._document(source))
        except CallProblem as problem:
            self.report(problem)
            if isinstance(source, Fetch) and source.fallback is not None:
                extra = {"ErrorCode": str(problem.code), "ErrorUrl": source.url}
                return Fetch(source.fallback.url, source.fallback.method, fields=extra)
            self.end_reason = self.end_reason or "failed"
            await self._apologise(problem)
            return None

    async def _document(self, source: Source) -> Document:
        if isinstance(source, Inline):
            text = source.text
        else:
            self._document_url = source.url
            fields = self.fields | source.fields
            self._exchange.control.record("webhook", url=source.url, call_sid=self.sid)
            text = await self._exchange.webhooks.twiml(source.url, fields, source.method)
        document = parse(text)
        for warning in document.warnings:
            self.report(warning)
        return document

    async def _execute(self, document: Document) -> Source | None:
        if self.answered_at is None and document.verbs:
            match document.verbs[0]:
                case Reject(reason):
                    # https://www.twilio.com/docs/voice/twiml/reject: not picked up, not billed
                    self.status = "busy" if reason == "busy" else "no-answer"
                    self.end_reason = self.end_reason or "rejected"
                    return None
                case Pause(seconds):
                    # https://www.twilio.com/docs/voice/twiml/pause: first, it delays picking up
                    await asyncio.sleep(seconds)
                    document = Document(document.verbs[1:])
                case _:
                    pass
        await self._answer()
        for verb in document.verbs:
            go_on, source = await self._perform(verb)
            if not go_on:
                return source
        return None

    async def _perform(self, verb: Verb) -> tuple[bool, Source | None]:
        """Carry out a verb; return whether the next one follows, else what does."""
        match verb:
            case Connect():
                await self._connect(verb.stream)
                if verb.action is not None:
                    return False, Fetch(self._absolute(verb.action), verb.method)
            case Gather():
                if (source := await self._gather(verb)) is not None:
                    return False, source
            case Say() | Play() | Pause():
                await self._sounds.perform(verb)
            case Redirect(url, method):
                return False, Fetch(self._absolute(url), method)
            case Reject() | Hangup():
                return False, None
            case _:
                assert_never(verb)
        return True, None

    async def _connect(self, noun: Stream) -> None:
        exchange = self._exchange
        if self.end_reason == "stream_failed":
            self.end_reason = None  # the call has got over it
        self._stream = MediaStream(
            self,
            noun,
            http=exchange.http,
            auth_token=exchange.auth_token,
            control=exchange.control,
        )
        self.streams.append(self._stream.sid)
        try:
            await self._stream.run()
        except CallProblem as problem:
            # A stream that fails ends its verb; the call goes on with what follows.
            self.report(problem)
            self.end_reason = self.end_reason or "stream_failed"
        finally:
            self._stream = None

    async def _gather(self, verb: Gather) -> Source | None:
        """Wait for what the caller enters; return where it goes, None where there was nothing."""
        async with contextlib.AsyncExitStack() as stack:
            ear = await self._ear(stack) if verb.takes_speech else None
            gathering = self._gathering = Gathering(verb, ear)
            try:
                entered = await gathering.run(lambda: self._say_all(verb.nested))
            finally:
                self._gathering = None
                self.playback.clear()
        if entered is None:
            return None
        return Fetch(
            self._absolute(verb.action) if verb.action else self._document_url,
            verb.method,
            fields=entered,
        )

    async def _ear(self, stack: contextlib.AsyncExitStack) -> Ear | None:
        ear = Ear(self._exchange.http, self._exchange.deepgram_url, has_interims=True)
        stack.push_async_callback(ear.close)
        try:
            return await ear.open()
        except EarFailed as error:
            self.report(CallProblem(NOT_BUILT, str(error)))
            return None

    async def _say_all(self, verbs: Sequence[Say | Play | Pause]) -> None:
        for verb in verbs:
            await self._sounds.perform(verb)

    async def _apologise(self, problem: CallProblem) -> None:
        """Say what Twilio says when it can't go on, and what it was."""
        with contextlib.suppress(CallProblem):
            await self._answer()
            text = problem.detail if problem.code == 501 else APOLOGY  # noqa: PLR2004 - not built
            await self._sounds.perform(Say(text))

    async def _answer(self) -> None:
        if self.answered_at is not None:
            return
        if self._has_phone:
            try:
                async with asyncio.timeout(LINE_SECONDS):
                    await self.line.is_attached.wait()
            except TimeoutError:
                self.hang_up("no_phone")
                await asyncio.Event().wait()  # until the order to hang up is taken
        self.status = "in-progress"
        self.answered_at = datetime.now(UTC)
        self._answered = asyncio.get_running_loop().time()
        self.line.tell("answered")
        self._progress("answered")
        self._clock = asyncio.create_task(self._keep_time())

    async def _keep_time(self) -> None:
        """Move one frame each way every 20 ms, on an absolute schedule: no drift, no catching up late."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))
            spoken = self.line.next_frame()
            if self._stream is not None:
                self._stream.hear(spoken)
            if self._gathering is not None:
                self._gathering.hear(spoken)
            self.line.play(self.playback.next_frame())

    def _finish(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        if self.status not in ENDED:
            # https://www.twilio.com/docs/voice/api/call-resource#call-status-values
            self.status = "completed" if self.answered_at is not None else "no-answer"
        self.ended_at = datetime.now(UTC)
        self.end_reason = self.end_reason or "hung_up"
        self.line.tell("ended", reason=self.end_reason, status=self.status)
        self.line.end()
        self._progress("completed")
        self.has_ended.set()

    # What it tells others

    def report(self, problem: CallProblem) -> None:
        """Show a problem to the phone, in the call's view and in `/_control/requests`."""
        self.problems.append(problem)
        self.line.tell(
            "error",
            code=problem.code,
            message=str(problem),
            is_warning=problem.is_warning,
            more_info=problem.more_info,
        )
        self._exchange.control.record(
            "error", call_sid=self.sid, code=problem.code, message=str(problem)
        )

    def mark_played(self, name: str) -> None:
        """Tell the phone that a mark's audio was played."""
        elapsed = asyncio.get_running_loop().time() - self._answered
        self.line.tell("mark", name=name, played_at=round(elapsed * 1000))

    def cleared(self, dropped: int) -> None:
        """Tell the phone that audio was dropped before it was played."""
        self.line.tell("cleared", dropped_ms=dropped // 8)

    def stream_event(self, stream: Stream, stream_sid: str, event: str, error: str) -> None:
        """Send a stream status callback."""
        url = self._absolute(stream.status_callback or "")
        fields = stream_fields(
            stream,
            event,
            error,
            account_sid=self.account_sid,
            call_sid=self.sid,
            stream_sid=stream_sid,
        )
        self._notify("stream_status", url, fields, stream.status_callback_method)

    def _progress(self, event: str) -> None:
        number = self.number
        if number.status_callback is None or event not in number.status_callback_events:
            return
        seconds = self.seconds if event == "completed" else None
        status = "queued" if event == "initiated" else self.status
        fields = status_fields(
            self.fields | {"CallStatus": status}, sequence_number=self._callbacks, seconds=seconds
        )
        self._callbacks += 1
        url, method = number.status_callback, number.status_callback_method
        self._notify("status_callback", url, fields, method)

    def _notify(self, kind: str, url: str, fields: dict[str, str], method: str) -> None:
        async def notify() -> None:
            status = fields.get("CallStatus") or fields.get("StreamEvent")
            details = {"call_sid": self.sid, "url": url, "status": status, "fields": fields}
            try:
                await self._exchange.control.before(kind)
                answered = await self._exchange.webhooks.notify(url, fields, method)
            except (CallProblem, InjectedDisconnect, InjectedStatus) as lost:
                # Best effort, as Twilio's: nobody sends it again.
                self._exchange.control.record(kind, lost=str(lost), **details)
                return
            self._exchange.control.record(kind, answered=answered, **details)

        self._exchange.run_aside(notify())

    def _absolute(self, url: str) -> str:
        return urljoin(self.number.voice_url, url)
