"""The shell of one call: it owns the tasks and feeds the machines, and decides nothing.

Audio is the data plane and goes straight from leg to recogniser and from voice to leg; only
events pass through the inbox, one at a time, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from shared.configuration import PersonaView
from shared.errors import ProviderError
from voice.announcements import AnnouncementShelf
from voice.caller import Caller
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Command, EndReason, Message, Side
from voice.conversation.events import Event, ReplyId
from voice.conversation.machine import Conversation
from voice.conversation.prompts import model_messages
from voice.conversation.reception import Reception, ReceptionRules
from voice.conversation.segments import Segmenter
from voice.conversation.turn_rules import TurnRules
from voice.ports import (
    BYTES_A_SECOND,
    CallLeg,
    KeyPressed,
    LanguageModel,
    LegClosed,
    ListenOptions,
    MarkReturned,
    MediaReceived,
    RecogniserStream,
    SpeechToText,
    TextToSpeech,
    Voice,
)
from voice.speaking import Speaker
from voice.timing import Stage, Stopwatch, TurnTimes

log = structlog.get_logger()

UNSENT_FRAMES = 500  # 10 s of the caller's audio may wait for a recogniser
MESSAGE_FRAMES = 10  # what waited goes out in messages of at most 200 ms


class CallRecord(Protocol):
    """What is written down of a call. Nothing here blocks; the store catches up by itself."""

    def consent(self) -> None: ...

    def persona(self, persona: PersonaView) -> None: ...

    def interim(self, side: Side, text: str) -> None: ...

    def entry(self, entry: do.WriteEntry, persona: PersonaView | None) -> None: ...

    def timing(self, times: TurnTimes) -> None: ...


class TalkTimeMeter(Protocol):
    """Meters the call's talk time from its start on; posts low, over and store lost."""

    async def run(self, post: Callable[[Event], None]) -> None: ...


class PreparedGreetings(Protocol):
    """Greetings whose audio was made ahead."""

    def audio(self, voice: Voice, text: str) -> bytes | None: ...


class PinChecks(Protocol):
    """Looks up a PIN; what it proves is in the caller's profile from then on."""

    async def check(self, pin: str) -> on.PinChecked: ...


@dataclass(frozen=True, slots=True)
class Ears:
    """How a call gets its recogniser: opened with the hooks that tell of its loss."""

    open: Callable[[Callable[[], None], Callable[[], None]], SpeechToText]
    key_terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallDesk:
    """Everything a call needs and shares with others."""

    ears: Ears
    language_model: LanguageModel
    text_to_speech: TextToSpeech
    announcements: AnnouncementShelf
    greetings: PreparedGreetings
    personas: Callable[[], Mapping[int, PersonaView]]
    turn_rules: Callable[[PersonaView, float | None], TurnRules]  # and the caller's own pause
    reception_rules: Callable[[], ReceptionRules]
    default_model: str


class CallSession:
    """One call, from the stream's start to its end."""

    def __init__(
        self,
        leg: CallLeg,
        desk: CallDesk,
        *,
        caller: Caller,
        record: CallRecord,
        meter: TalkTimeMeter,
        pins: PinChecks,
    ) -> None:
        self._leg = leg
        self._desk = desk
        self._caller = caller
        self._record = record
        self._meter = meter
        self._pins = pins
        self._clock = asyncio.get_running_loop().time
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()
        self._audio: asyncio.Queue[bytes] = asyncio.Queue(UNSENT_FRAMES)
        self._is_listening = False
        self._stream_bytes = 0  # of audio kept for the recogniser so far
        self._stream_began = 0.0  # when its first byte would have come, judged by the latest
        self._tasks: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._replies: dict[ReplyId, asyncio.Task[None]] = {}
        self._personas = dict(desk.personas())
        self._persona: PersonaView | None = None
        self._speaker = Speaker(leg, desk.text_to_speech, self.post, self._start)
        self._speaker.on_first_byte = lambda _reply: self._take_time(Stage.FIRST_BYTE)
        self._stopwatch: Stopwatch | None = None
        self._turns = 0
        self._last_word_at = 0.0
        self._final_at = 0.0
        self._is_metering = False
        self._end_reason = EndReason.FAILED
        self._machine: Reception | Conversation = Reception(
            desk.reception_rules(),
            caller.visitor,
            {key: persona.name for key, persona in self._personas.items()},
            now=self._clock(),
        )

    def post(self, event: Event) -> None:
        """Hand an event to the machines; they take it in turn."""
        self._inbox.put_nowait(event)

    async def run(self) -> EndReason:
        """Lead the call to its end and return why it ended."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._start(self._read_leg())
            self._start(self._speaker.run())
            try:
                await self._lead()
            finally:
                for task in tuple(self._tasks):
                    task.cancel()
        return self._end_reason

    async def _lead(self) -> None:
        if isinstance(self._machine, Reception):
            await self._execute_all(self._machine.start(self._clock()))
        while self._machine.deadline is not None:
            event = await self._next_event(self._machine.deadline)
            now = self._clock()
            if event is not None:
                self._note(event, now)
            if isinstance(self._machine, Conversation) and self._persona is not None:
                self._machine.rules = self._turn_rules(self._persona)
            if event is None:
                commands = self._machine.tick(now)
            else:
                commands = self._machine.receive(event, now)
            await self._execute_all(commands)

    async def _next_event(self, deadline: float) -> Event | None:
        if not self._inbox.empty():
            return self._inbox.get_nowait()
        try:
            async with asyncio.timeout_at(deadline):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _execute_all(self, commands: list[Command]) -> None:
        for command in commands:
            await self._execute(command)

    async def _execute(self, command: Command) -> None:
        """Carry out one command. Nothing here waits for a peer, but for `clear` on the leg."""
        match command:
            case do.GenerateReply(reply, history):
                self._begin_turn()
                self._replies[reply] = self._start(self._generate(reply, history))
            case do.Speak(reply, number, text):
                self._speak(reply, number, text)
            case do.Announce(reply, number, announcement, is_cover):
                announcements = self._desk.announcements
                self._speaker.play(
                    reply,
                    number,
                    announcements.texts[announcement],
                    announcements.audio[announcement],
                    is_cover=is_cover,
                )
            case do.Interrupt(reply):
                await self._interrupt(reply)
            case do.Listen():
                self._listen()
            case do.RecordConsent():
                self._record.consent()
            case do.PutThrough(menu_key):
                await self._put_through(self._personas[menu_key])
            case do.CheckPin(pin):
                self._start(self._check_pin(pin))
            case do.ShowInterim(side, text):
                self._record.interim(side, text)
            case do.WriteEntry():
                self._record.entry(command, self._persona)
            case do.HangUp(reason):
                self._end_reason = reason
        log.debug("command_executed", command=type(command).__name__)

    async def _put_through(self, persona: PersonaView) -> None:
        self._persona = persona
        self._record.persona(persona)
        now = self._clock()
        last_reply = self._machine.last_reply if isinstance(self._machine, Reception) else 0
        conversation = Conversation(
            self._turn_rules(persona),
            self._desk.announcements.texts,
            now=now,
            last_reply=ReplyId(last_reply),
            farewell=self._caller.visitor.farewell,
        )
        self._machine = conversation
        log.info("buddy_put_through", buddy=persona.slug)
        await self._execute_all(conversation.start(self._caller.greeting(persona), now))

    def _turn_rules(self, persona: PersonaView) -> TurnRules:
        return self._desk.turn_rules(persona, self._caller.pause_seconds)

    async def _check_pin(self, pin: str) -> None:
        self.post(await self._pins.check(pin))

    async def _interrupt(self, reply: ReplyId) -> None:
        await self._speaker.interrupt(reply)
        if (task := self._replies.pop(reply, None)) is not None:
            task.cancel()

    def _speak(self, reply: ReplyId, number: int, text: str) -> None:
        if self._persona is None:
            return
        voice = self._caller.voice(self._persona)
        made_ahead = self._desk.greetings.audio(voice, text)
        if made_ahead is not None:
            self._speaker.play(reply, number, text, made_ahead)
        else:
            self._speaker.speak(reply, number, text, voice)

    async def _generate(self, reply: ReplyId, history: tuple[Message, ...]) -> None:
        persona = self._persona
        if persona is None:
            return
        messages = model_messages(
            persona_prompt=persona.prompt, about_caller=self._caller.facts(), history=history
        )
        segmenter = Segmenter()
        has_words = False
        try:
            model = persona.model or self._desk.default_model
            stream = self._desk.language_model.reply(messages, model=model)
            async with aclosing(stream) as tokens:
                async for token in tokens:
                    self._take_time(Stage.FIRST_TOKEN)
                    for text in segmenter.feed(token):
                        has_words = True
                        self._post_segment(reply, text)
            if (rest := segmenter.flush()) is not None:
                has_words = True
                self._post_segment(reply, rest)
        except ProviderError as error:
            log.warning("reply_failed", reply=reply, error=str(error))
            self.post(on.ReplyFailed(reply))
        else:
            self.post(on.ReplyGenerated(reply) if has_words else on.ReplyFailed(reply))

    def _post_segment(self, reply: ReplyId, text: str) -> None:
        self._take_time(Stage.FIRST_SEGMENT)
        self.post(on.SegmentGenerated(reply, text))

    # The caller's audio.

    async def _read_leg(self) -> None:
        while True:
            match await self._leg.receive():
                case MediaReceived(audio):
                    if self._is_listening:
                        self._keep_audio(audio)
                case MarkReturned(name):
                    self._speaker.mark_returned(name)
                case KeyPressed(digit):
                    self.post(on.DigitPressed(digit))
                case LegClosed(is_lost):
                    self.post(on.CallerHungUp(is_lost))
                    return

    def _keep_audio(self, audio: bytes) -> None:
        self._stream_bytes += len(audio)
        self._stream_began = self._clock() - self._stream_bytes / BYTES_A_SECOND
        if self._audio.full():
            self._audio.get_nowait()
        self._audio.put_nowait(audio)

    def _listen(self) -> None:
        if not self._is_listening:
            self._is_listening = True
            self._start(self._recognise())

    async def _recognise(self) -> None:
        """Send what the caller says to the recogniser and post what it makes of it."""
        recogniser = self._desk.ears.open(
            lambda: self.post(on.RecogniserLost()), lambda: self.post(on.RecogniserRestored())
        )
        names = tuple(persona.name for persona in self._personas.values())
        own_name = (self._caller.name,) if self._caller.name else ()
        options = ListenOptions(key_terms=(*names, *own_name, *self._desk.ears.key_terms))
        try:
            async with recogniser.open(options) as stream, asyncio.TaskGroup() as group:
                group.create_task(self._pump(stream))
                async for event in stream.events():
                    self.post(self._on_our_clock(event))
        except* ProviderError as errors:
            log.warning("recogniser_lost", error=str(errors.exceptions[0]))
            self.post(on.RecogniserLost())

    def _on_our_clock(self, event: Event) -> Event:
        if isinstance(event, on.TranscriptReceived) and event.ended_at is not None:
            return on.TranscriptReceived(
                event.text, event.is_final, self._stream_began + event.ended_at
            )
        return event

    async def _pump(self, stream: RecogniserStream) -> None:
        while True:
            frames = [await self._audio.get()]
            while len(frames) < MESSAGE_FRAMES and not self._audio.empty():
                frames.append(self._audio.get_nowait())
            await stream.send(b"".join(frames))

    # What is measured.

    def _note(self, event: Event, now: float) -> None:
        """Take the times that events tell, and start the meter with the buddy's first sound."""
        match event:
            case on.TranscriptReceived(text, is_final, ended_at) if text:
                self._last_word_at = now if ended_at is None else ended_at
                if is_final:
                    self._final_at = now
            case on.SegmentStarted() if isinstance(self._machine, Conversation):
                self._take_time(Stage.FIRST_FRAME)
                if not self._is_metering:
                    self._is_metering = True
                    self._start(self._meter.run(self.post))
            case on.SegmentPlayed() if self._stopwatch is not None:
                self._take_time(Stage.FIRST_MARK)
                self._record.timing(self._stopwatch.times)
                self._stopwatch = None
            case _:
                pass

    def _begin_turn(self) -> None:
        self._turns += 1
        self._stopwatch = Stopwatch(self._turns, self._last_word_at)
        if self._final_at >= self._last_word_at:
            self._stopwatch.take(Stage.FINAL_WORDS, self._final_at)
        self._stopwatch.take(Stage.REQUEST, self._clock())

    def _take_time(self, stage: Stage) -> None:
        if self._stopwatch is not None:
            self._stopwatch.take(stage, self._clock())

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if self._group is None:
            message = "a call's work starts with run()"
            raise RuntimeError(message)
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
