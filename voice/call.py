"""The shell of one call: it owns the tasks and feeds the machines, and decides nothing.

Audio is the data plane and goes straight from leg to recogniser and from voice to leg; only
events pass through the inbox, one at a time, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from shared.configuration import PersonaView
from voice.caller import Caller
from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.commands import Command, EndReason, Message, Side
from voice.conversation.events import Event, ReplyId
from voice.conversation.machine import Conversation, Phase
from voice.conversation.reception import Reception
from voice.conversation.recovery import Recovered
from voice.conversation.turn_rules import TurnRules
from voice.desk import CallDesk, CallRecord, PinChecks, TalkTimeMeter
from voice.drafts import Drafts
from voice.hearing import Hearing
from voice.own_words import OwnWords
from voice.ports import CallLeg, KeyPressed, LegClosed, LegEvent, MarkReturned, MediaReceived
from voice.recent_speech import RecentSpeech
from voice.replying import Replying
from voice.speaking import Speaker
from voice.tasks import TaskGroup
from voice.timing import CallTimes, Stage

log = structlog.get_logger()


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
        resumed: Recovered | None = None,
    ) -> None:
        self._leg = leg
        self._desk = desk
        self._caller = caller
        self._record = record
        self._meter = meter
        self._pins = pins
        self._resumed = resumed  # what the call came to on a stream that broke
        self._clock = asyncio.get_running_loop().time
        self._inbox: asyncio.Queue[Event] = asyncio.Queue()
        # Hands an event to the machines, which take it in turn. Who posts knows nothing of the call
        # itself: what holds those who hold it is freed late, by the garbage collector.
        self.post: Callable[[Event], None] = self._inbox.put_nowait
        self._hearing = Hearing(desk.ears, self.post, self._clock)
        self._is_listening = False
        self._tasks = TaskGroup()
        self._replies: dict[ReplyId, asyncio.Task[None]] = {}
        self._personas = dict(desk.personas())
        self._persona: PersonaView | None = None
        times = self._times = CallTimes(self._clock, record.timing, record.answered)
        self._drafts = Drafts(self.post)
        self._names = {key: persona.name for key, persona in self._personas.items()}
        self._replying = Replying(
            desk.language_model,
            desk.default_model,
            names=self._names,
            post=self._drafts.post,
            take_time=times.take,
        )
        self._speaker = Speaker(
            leg, RecentSpeech(desk.text_to_speech), self.post, self._tasks.create_task
        )
        self._speaker.on_first_byte = lambda reply: times.take(reply, Stage.FIRST_BYTE)
        self._speaker.on_underrun = record.underrun
        self._own_words = OwnWords(desk.made_ahead, desk.announcements.texts, caller)
        self._is_metering = False
        self._end_reason = EndReason.FAILED
        self._machine: Reception | Conversation = Reception(
            desk.reception_rules(),
            caller.visitor,
            self._names,
            now=self._clock(),
        )

    async def run(self) -> EndReason:
        """Lead the call to its end and return why it ended."""
        async with self._tasks as tasks:
            tasks.create_task(self._speaker.run())
            self._leg.follow(self._take_from_leg)
            try:
                await self._lead()
            finally:
                self._leg.follow(_pass_over)
                self._times.stop()
                tasks.cancel()
        return self._end_reason

    async def _lead(self) -> None:
        if isinstance(self._machine, Reception):
            await self._execute_all(self._machine.start(self._clock()))
        while self._machine.deadline is not None:
            event = await self._next_event(self._machine.deadline)
            now = self._clock()
            if event is not None:
                self._note(event)
            if isinstance(self._machine, Conversation) and self._persona is not None:
                self._machine.rules = self._turn_rules(self._persona)
                self._machine.fillers.ready = self._own_words.fillers(self._persona)
            if event is None:
                commands = self._machine.tick(now)
            else:
                commands = self._machine.receive(event, now)
                if isinstance(event, on.TranscriptReceived) and _cuts_off(commands):
                    self._record.interrupted()
            await self._execute_all(commands)
            if isinstance(self._machine, Conversation) and self._machine.phase is Phase.LISTENING:
                self._record.turn_answered()

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
            case do.GenerateReply(reply, history, goes_on, hands_over):
                begins_turn = hands_over or not goes_on
                self._generate(reply, history, goes_on=goes_on, begins_turn=begins_turn)
            case do.PrepareReply() | do.CommitReply() | do.DiscardReply():
                self._speculate(command)
            case do.Speak():
                self._speak(command)
            case do.Announce():
                self._announce(command)
            case do.Interrupt(reply):
                await self._interrupt(reply)
            case do.Listen():
                self._listen()
            case do.PutThrough():
                await self._put_through(command)
            case do.HandOver() | do.SpeakSlower():
                self._change_voice(command)
            case do.CheckPin(pin):
                self._tasks.create_task(self._check_pin(pin))
            case (
                do.RecordConsent()
                | do.RecordBuddy()
                | do.GoOffRecord()
                | do.GoOnRecord()
                | do.ShowInterim()
                | do.WriteEntry()
            ):
                self._write_down(command)
            case do.HangUp(reason):
                self._end_reason = reason
        log.debug("command_executed", command=type(command).__name__)

    def _begin_turn(self, reply: ReplyId) -> None:
        self._record.turn_ended()
        self._times.begin_turn(reply)

    def _write_down(self, command: do.RecordCommand) -> None:
        match command:
            case do.RecordConsent():
                self._record.consent()
            case do.RecordBuddy(menu_key):
                self._record.persona(self._personas[menu_key])
            case do.GoOffRecord():
                self._record.go_off()
            case do.GoOnRecord():
                self._record.go_on()
            case do.ShowInterim(side, text):
                self._record.interim(side, text)
            case do.WriteEntry():
                self._record.entry(command, self._personas.get(command.buddy, self._persona))

    async def _put_through(self, order: do.PutThrough) -> None:
        persona = self._persona = self._personas[order.menu_key]
        self._record.persona(persona)
        now = self._clock()
        last_reply = self._machine.last_reply if isinstance(self._machine, Reception) else 0
        conversation = Conversation(
            self._turn_rules(persona),
            self._desk.announcements.texts,
            now=now,
            last_reply=ReplyId(last_reply),
            farewell=self._caller.visitor.farewell,
            buddies=self._names,
            buddy=order.menu_key,
            slower=self._caller.slower,
        )
        self._machine = conversation
        log.info("buddy_put_through", buddy=persona.slug)
        if self._hearing.is_lost:  # reception was told, and makes do with keys
            self.post(on.RecogniserLost())
        self._make_ahead()
        resumed, self._resumed = self._resumed, None
        if resumed is not None and resumed.menu_key == order.menu_key:
            if resumed.is_off_record:
                self._record.resume_off()
            greeting = self._caller.greeting(persona)
            await self._execute_all(conversation.go_on(resumed, now, greeting=greeting))
            return
        if (redial := self._caller.redial) is not None and redial.menu_key == order.menu_key:
            conversation.history = list(redial.history)
        greeting = self._caller.greeting(persona)
        await self._execute_all(conversation.start(greeting, now, order.pressed))

    def _change_voice(self, order: do.HandOver | do.SpeakSlower) -> None:
        match order:
            case do.HandOver(menu_key):
                self._persona = self._personas[menu_key]
                log.info("call_handed_over", buddy=self._persona.slug)
            case do.SpeakSlower():
                self._caller.slow_down()
                self._record.slower(self._caller.slower)
        self._make_ahead()

    def _make_ahead(self) -> None:
        if self._persona is not None:
            self._tasks.create_task(self._desk.warm_voice(self._caller.voice(self._persona)))
            self._tasks.create_task(self._own_words.prepare(self._persona, self._personas.values()))

    def _turn_rules(self, persona: PersonaView) -> TurnRules:
        return self._desk.turn_rules(persona, self._caller.pause_seconds)

    async def _check_pin(self, pin: str) -> None:
        self.post(await self._pins.check(pin))

    async def _interrupt(self, reply: ReplyId) -> None:
        await self._speaker.interrupt(reply)
        self._times.over(reply)
        if (task := self._replies.pop(reply, None)) is not None:
            task.cancel()

    def _speak(self, speak: do.Speak) -> None:
        if self._persona is None:
            return
        if speak.is_cover:
            self._times.fill(speak.reply)
        made = self._own_words.audio(self._persona, speak.text)
        if made is not None:
            self._speaker.play(
                speak.reply, speak.segment, speak.text, made, is_cover=speak.is_cover
            )
        else:
            voice = self._caller.voice(self._persona)
            self._speaker.speak(speak.reply, speak.segment, speak.text, voice)

    def _announce(self, announce: do.Announce) -> None:
        if announce.is_cover:
            self._times.fill(announce.reply)
        shelf, key = self._desk.announcements, announce.announcement
        self._speaker.play(
            announce.reply,
            announce.segment,
            shelf.texts[key],
            self._own_words.announcement(self._persona, key) or shelf.audio[key],
            is_cover=announce.is_cover,
        )

    def _generate(
        self,
        reply: ReplyId,
        history: tuple[Message, ...],
        *,
        goes_on: bool = False,
        begins_turn: bool = False,
    ) -> None:
        if begins_turn:
            self._begin_turn(reply)
        if self._persona is None:
            return
        work = self._replying.generate(reply, history, self._persona, self._caller, goes_on=goes_on)
        self._replies[reply] = task = self._tasks.create_task(work)
        task.add_done_callback(lambda _task: self._replies.pop(reply, None))

    def _speculate(self, command: do.PrepareReply | do.CommitReply | do.DiscardReply) -> None:
        match command:
            case do.PrepareReply(reply, history):
                self._record.reply_prepared()
                self._times.prepare(reply)
                self._hold(reply)
                self._generate(reply, history)
            case do.CommitReply(reply):
                self._record.reply_committed()
                self._begin_turn(reply)
                self._drafts.release(reply)
            case do.DiscardReply(reply):
                self._times.over(reply)
                self._drafts.drop(reply)
                self._speaker.discard(reply)
                if (task := self._replies.pop(reply, None)) is not None:
                    task.cancel()

    def _hold(self, reply: ReplyId) -> None:
        if self._persona is None:
            return
        persona, own_words = self._persona, self._own_words
        speaker, caller = self._speaker, self._caller

        def speak_ahead(text: str) -> None:
            if own_words.audio(persona, text) is None:
                speaker.prepare(reply, text, caller.voice(persona))

        self._drafts.hold(reply, speak_ahead)

    # The caller's audio.

    def _take_from_leg(self, event: LegEvent) -> None:
        match event:
            case MediaReceived(audio):
                if self._is_listening:
                    self._hearing.keep(audio)
            case MarkReturned(name):
                self._speaker.mark_returned(name)
            case KeyPressed(digit):
                self.post(on.DigitPressed(digit))
            case LegClosed(is_lost):
                self.post(on.CallerHungUp(is_lost))

    def _listen(self) -> None:
        if not self._is_listening:
            self._is_listening = True
            names = tuple(persona.name for persona in self._personas.values())
            own_name = (self._caller.name,) if self._caller.name else ()
            self._tasks.create_task(self._hearing.run((*names, *own_name)))

    def _note(self, event: Event) -> None:
        """Take the times that events tell, and start the meter with the buddy's first sound."""
        is_first_sound = isinstance(event, on.SegmentStarted) and isinstance(
            self._machine, Conversation
        )
        if is_first_sound and not self._is_metering:
            self._is_metering = True
            self._tasks.create_task(self._meter.run(self.post))
        if isinstance(event, on.SegmentPlayed) and event.share < 1:
            self._record.heard(event.share)
        self._times.note(event)


def _pass_over(_event: LegEvent) -> None:
    """Follow a line whose call is over."""


def _cuts_off(commands: list[Command]) -> bool:
    """Return whether a buddy who was being heard loses the floor."""
    return any(
        isinstance(command, do.WriteEntry)
        and command.side is Side.BUDDY
        and command.was_interrupted
        for command in commands
    )
