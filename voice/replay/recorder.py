"""Records a call at its ports: every port of it is wrapped in one that takes notes.

Nothing here waits or changes what passes. While the call is off the record nothing that is said
is noted; what a tape lacks then, a replay lacks as well.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import datetime

from shared.configuration import PersonaView
from shared.errors import ProviderError
from voice.call import CallSession
from voice.caller import Caller
from voice.conversation.commands import Side, WriteEntry
from voice.conversation.events import Event, PinChecked
from voice.conversation.prompts import ModelMessage
from voice.conversation.turn_rules import TurnRules
from voice.desk import CallDesk, CallRecord, Ears, PinChecks, TalkTimeMeter, WordsMadeAhead
from voice.ports import (
    CallLeg,
    KeyPressed,
    LanguageModel,
    LegClosed,
    LegEvent,
    ListenOptions,
    MarkReturned,
    MediaReceived,
    RecogniserEvent,
    RecogniserStream,
    SpeechToText,
    TextToSpeech,
    Voice,
)
from voice.replay.pin_mask import PinMask
from voice.replay.playing import Playing
from voice.replay.tape import (
    Closed,
    Happened,
    Heard,
    Hooked,
    Key,
    Profiled,
    Proved,
    Ruled,
    Sound,
    Spoken,
    Tape,
    Written,
    fields_of,
    model_key,
    moment,
    voice_key,
)
from voice.timing import TurnTimes


class Recorder:
    """Takes down one call; `tape` may be read at any time."""

    def __init__(
        self, desk: CallDesk, caller: Caller, began_at: datetime, clock: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._started_at = clock()
        self.is_off_the_record = False
        self._caller = caller
        shelf = desk.announcements
        self.tape = Tape(
            began_at=began_at.isoformat(),
            profile=caller.profile,
            visitor=caller.visitor,
            redial=caller.redial,
            personas=dict(desk.personas()),
            reception_rules=desk.reception_rules(),
            default_model=desk.default_model,
            announcements={
                key: (shelf.texts[key], len(audio)) for key, audio in shelf.audio.items()
            },
        )

    @property
    def now(self) -> float:
        """Seconds since the stream's start."""
        return moment(self._clock() - self._started_at)

    def leg(self, leg: CallLeg) -> CallLeg:
        """Return the leg, noting what comes and goes."""
        return _Leg(leg, self)

    def desk(self, desk: CallDesk) -> CallDesk:
        """Return the desk, each port of it noting what passes."""
        return replace(
            desk,
            ears=replace(desk.ears, open=self._open_ears(desk.ears)),
            language_model=_Model(desk.language_model, self),
            text_to_speech=_Speech(desk.text_to_speech, self),
            made_ahead=_MadeAhead(desk.made_ahead, self),
            turn_rules=self._turn_rules(desk.turn_rules),
        )

    def meter(self, meter: TalkTimeMeter) -> TalkTimeMeter:
        """Return the meter, noting what it posts."""
        return _Meter(meter, self)

    def record(self, record: CallRecord) -> CallRecord:
        """Return the record; while the call is off it nothing that is said is noted here either."""
        return _Record(record, self)

    def pins(self, pins: PinChecks) -> PinChecks:
        """Return the look-up of PINs, noting its answers and never a PIN."""
        return _Pins(pins, self)

    def session(
        self,
        leg: CallLeg,
        desk: CallDesk,
        *,
        caller: Caller,
        record: CallRecord,
        meter: TalkTimeMeter,
        pins: PinChecks,
    ) -> CallSession:
        """Return the call with each of its ports wrapped."""
        return CallSession(
            self.leg(leg),
            self.desk(desk),
            caller=caller,
            record=self.record(record),
            meter=self.meter(meter),
            pins=self.pins(pins),
        )

    def outside(self, post: Callable[[Event], None]) -> Callable[[Event], None]:
        """Return the way in for whoever stands outside the call, noting what they post."""

        def noted(event: Event) -> None:
            self.tape.outside.append(Happened(self.now, *fields_of(event)))
            post(event)

        return noted

    def _open_ears(
        self, ears: Ears
    ) -> Callable[[Callable[[], None], Callable[[], None]], SpeechToText]:
        def opened(on_lost: Callable[[], None], on_restored: Callable[[], None]) -> SpeechToText:
            def lost() -> None:
                self.tape.caller.append(Hooked(self.now, is_lost=True))
                on_lost()

            def restored() -> None:
                self.tape.caller.append(Hooked(self.now, is_lost=False))
                on_restored()

            return _Recogniser(ears.open(lost, restored), self)

        return opened

    def _turn_rules(
        self, rules_of: Callable[[PersonaView, float | None], TurnRules]
    ) -> Callable[[PersonaView, float | None], TurnRules]:
        latest: dict[int, TurnRules] = {}

        def noted(persona: PersonaView, pause: float | None) -> TurnRules:
            rules = rules_of(persona, pause)
            self._note_profile()
            if latest.get(persona.menu_key) != rules:
                latest[persona.menu_key] = rules
                self.tape.rules.append(Ruled(self.now, persona.menu_key, rules))
            return rules

        return noted

    def _note_profile(self) -> None:
        """Note a profile that was edited, or grew by a proof, since the last event."""
        known = self.tape.profiles[-1].profile if self.tape.profiles else self.tape.profile
        if self._caller.profile != known:
            self.tape.profiles.append(Profiled(self.now, self._caller.profile))


class _Leg:
    def __init__(self, leg: CallLeg, recorder: Recorder) -> None:
        self._leg = leg
        self._recorder = recorder
        self._mask = PinMask()
        self._playing = Playing()
        self._is_closed = False

    async def receive(self) -> LegEvent:
        event = await self._leg.receive()
        tape, now = self._recorder.tape, self._recorder.now
        match event:
            case MediaReceived():
                tape.media_at.append(now)
            case KeyPressed(digit):
                tape.caller.append(Key(now, self._mask.press(digit, now)))
            case MarkReturned(name):
                if (due := self._playing.due.pop(name, None)) is not None:
                    tape.marks_late.append(moment(max(0.0, now - due)))
            case LegClosed(is_lost) if not self._is_closed:
                self._is_closed = True
                tape.caller.append(Closed(now, is_lost))
            case _:
                pass
        return event

    async def send_audio(self, audio: bytes) -> None:
        now = self._recorder.now
        self._playing.sound(now, len(audio))
        self._recorder.tape.sent.append(Sound(now, len(audio)))
        await self._leg.send_audio(audio)

    async def send_mark(self, name: str) -> None:
        self._playing.mark(self._recorder.now, name)
        await self._leg.send_mark(name)

    async def clear(self) -> None:
        now = self._recorder.now
        self._playing.clear(now)
        self._recorder.tape.sent.append(Sound(now, 0))
        await self._leg.clear()

    async def close(self) -> None:
        self._is_closed = True  # by us: no news of the caller's
        await self._leg.close()


class _Recogniser:
    def __init__(self, recogniser: SpeechToText, recorder: Recorder) -> None:
        self._recogniser = recogniser
        self._recorder = recorder

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[RecogniserStream]:
        async with self._recogniser.open(options) as stream:
            yield _Stream(stream, self._recorder)


class _Stream:
    def __init__(self, stream: RecogniserStream, recorder: Recorder) -> None:
        self._stream = stream
        self._recorder = recorder

    async def send(self, audio: bytes) -> None:
        await self._stream.send(audio)

    async def events(self) -> AsyncIterator[RecogniserEvent]:
        async for event in self._stream.events():
            if not self._recorder.is_off_the_record:
                self._recorder.tape.caller.append(Heard(self._recorder.now, *fields_of(event)))
            yield event

    async def finish(self) -> None:
        await self._stream.finish()


class _Model:
    def __init__(self, model: LanguageModel, recorder: Recorder) -> None:
        self._model = model
        self._recorder = recorder

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        asked_at = self._recorder.now
        written = Written(model_key(messages, model), is_cut=True)
        if not self._recorder.is_off_the_record:
            self._recorder.tape.written.append(written)
        try:
            async with aclosing(self._model.reply(messages, model=model)) as tokens:
                async for token in tokens:
                    written.tokens.append((moment(self._recorder.now - asked_at), token))
                    yield token
        except ProviderError as error:
            written.failure, written.is_cut = error.retryable, False
            raise
        else:
            written.is_cut = False
        finally:
            written.ended_after = moment(self._recorder.now - asked_at)


class _Speech:
    def __init__(self, speech: TextToSpeech, recorder: Recorder) -> None:
        self._speech = speech
        self._recorder = recorder

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        asked_at = self._recorder.now
        spoken = Spoken(voice_key(text, voice), len(text), is_cut=True)
        self._recorder.tape.spoken.append(spoken)
        try:
            async with aclosing(self._speech.synthesise(text, voice)) as audio:
                async for chunk in audio:
                    spoken.chunks.append((moment(self._recorder.now - asked_at), len(chunk)))
                    yield chunk
        except ProviderError as error:
            spoken.failure, spoken.is_cut = error.retryable, False
            raise
        else:
            spoken.is_cut = False
        finally:
            spoken.ended_after = moment(self._recorder.now - asked_at)


class _MadeAhead:
    def __init__(self, made_ahead: WordsMadeAhead, recorder: Recorder) -> None:
        self._made_ahead = made_ahead
        self._recorder = recorder

    def audio(self, voice: Voice, text: str) -> bytes | None:
        audio = self._made_ahead.audio(voice, text)
        if audio is not None:
            self._recorder.tape.made_ahead[voice_key(text, voice)] = len(audio)
        return audio

    def ready(self, voice: Voice, texts: Iterable[str]) -> tuple[str, ...]:
        asked = tuple(texts)
        ready = self._made_ahead.ready(voice, asked)
        self._recorder.tape.ready.append((voice_key(chr(31).join(asked), voice), list(ready)))
        return ready

    async def prepare_all(self, voice: Voice, texts: Iterable[str]) -> None:
        await self._made_ahead.prepare_all(voice, texts)


class _Meter:
    def __init__(self, meter: TalkTimeMeter, recorder: Recorder) -> None:
        self._meter = meter
        self._recorder = recorder

    async def run(self, post: Callable[[Event], None]) -> None:
        started_at = self._recorder.now

        def noted(event: Event) -> None:
            after = moment(self._recorder.now - started_at)
            self._recorder.tape.metered.append(Happened(after, *fields_of(event)))
            post(event)

        await self._meter.run(noted)


class _Record:
    def __init__(self, record: CallRecord, recorder: Recorder) -> None:
        self._record = record
        self._recorder = recorder

    def go_off(self) -> None:
        self._recorder.is_off_the_record = True
        self._record.go_off()

    def go_on(self) -> None:
        self._recorder.is_off_the_record = False
        self._record.go_on()

    def consent(self) -> None:
        self._record.consent()

    def persona(self, persona: PersonaView) -> None:
        self._record.persona(persona)

    def interim(self, side: Side, text: str) -> None:
        self._record.interim(side, text)

    def entry(self, entry: WriteEntry, persona: PersonaView | None) -> None:
        self._record.entry(entry, persona)

    def resume_off(self) -> None:
        self._recorder.is_off_the_record = True
        self._record.resume_off()

    def turn_ended(self) -> None:
        self._record.turn_ended()

    def turn_answered(self) -> None:
        self._record.turn_answered()

    def reply_prepared(self) -> None:
        self._record.reply_prepared()

    def reply_committed(self) -> None:
        self._record.reply_committed()

    def timing(self, times: TurnTimes) -> None:
        self._record.timing(times)

    def answered(self) -> None:
        self._record.answered()

    def interrupted(self) -> None:
        self._record.interrupted()

    def underrun(self) -> None:
        self._record.underrun()


class _Pins:
    def __init__(self, pins: PinChecks, recorder: Recorder) -> None:
        self._pins = pins
        self._recorder = recorder

    async def check(self, pin: str) -> PinChecked:
        asked_at = self._recorder.now
        checked = await self._pins.check(pin)
        took = moment(self._recorder.now - asked_at)
        self._recorder.tape.pins.append(Proved(took, fields_of(checked)[1]))
        return checked
