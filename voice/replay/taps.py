"""A call's ports, each wrapped in one that takes notes of what passes and changes nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

from shared.configuration import PersonaView
from shared.errors import ProviderError
from voice.conversation.commands import Side, WriteEntry
from voice.conversation.events import Event, PinChecked
from voice.conversation.prompts import ModelMessage
from voice.desk import CallRecord, PinChecks, TalkTimeMeter, WordsMadeAhead
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
from voice.replay.notes import Notes
from voice.replay.pin_mask import PinMask
from voice.replay.playing import Playing
from voice.replay.tape import (
    Closed,
    GivenUp,
    Happened,
    Heard,
    Key,
    Proved,
    Sound,
    Spoken,
    Written,
    fields_of,
    model_key,
    moment,
    voice_key,
)
from voice.timing import TurnTimes

NOT_YET_SECONDS: Final = 1.0  # later than a `clear` that took it back: no one knows how much


class NotedLeg:
    def __init__(self, leg: CallLeg, notes: Notes) -> None:
        self._leg = leg
        self._notes = notes
        self._mask = PinMask()
        self._playing = Playing()
        self._is_closed = False

    def follow(self, take: Callable[[LegEvent], None]) -> None:
        def noted(event: LegEvent) -> None:
            self._note(event)
            take(event)

        self._leg.follow(noted)

    def _note(self, event: LegEvent) -> None:
        tape, now = self._notes.tape, self._notes.now
        match event:
            case MediaReceived():
                tape.media_at.append(now)
            case KeyPressed(digit):
                tape.caller.append(Key(now, self._mask.press(digit, now)))
            case MarkReturned(name):
                if (due := self._playing.due.pop(name, None)) is not None:
                    tape.late[name] = moment(max(0.0, now - due))
                    tape.marks_late.append(tape.late[name])
            case LegClosed(is_lost) if not self._is_closed:
                self._is_closed = True
                tape.caller.append(Closed(now, is_lost))
            case _:
                pass

    async def send_audio(self, audio: bytes) -> None:
        now = self._notes.now
        self._playing.sound(now, len(audio))
        self._notes.tape.sent.append(Sound(now, len(audio)))
        await self._leg.send_audio(audio)

    async def send_mark(self, name: str) -> None:
        self._playing.mark(self._notes.now, name)
        await self._leg.send_mark(name)

    async def clear(self) -> None:
        now = self._notes.now
        for name, due in self._playing.due.items():
            if due <= now:  # it was to come back before this, and had not
                self._notes.tape.late[name] = moment(now - due + NOT_YET_SECONDS)
        self._playing.clear(now)
        self._notes.tape.sent.append(Sound(now, 0))
        await self._leg.clear()

    async def close(self) -> None:
        self._is_closed = True  # by us: no news of the caller's
        await self._leg.close()


class NotedRecogniser:
    def __init__(self, recogniser: SpeechToText, notes: Notes) -> None:
        self._recogniser = recogniser
        self._notes = notes

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[RecogniserStream]:
        async with self._recogniser.open(options) as stream:
            yield NotedStream(stream, self._notes)


class NotedStream:
    def __init__(self, stream: RecogniserStream, notes: Notes) -> None:
        self._stream = stream
        self._notes = notes

    def send(self, audio: bytes) -> None:
        self._stream.send(audio)

    async def events(self) -> AsyncIterator[RecogniserEvent]:
        try:
            async for event in self._stream.events():
                if not self._notes.is_off_the_record:
                    self._notes.tape.caller.append(Heard(self._notes.now, *fields_of(event)))
                yield event
        except ProviderError:
            self._notes.tape.caller.append(GivenUp(self._notes.now))
            raise

    async def finish(self) -> None:
        await self._stream.finish()


class NotedModel:
    def __init__(self, model: LanguageModel, notes: Notes) -> None:
        self._model = model
        self._notes = notes

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        asked_at = self._notes.now
        written = Written(model_key(messages, model), is_cut=True)
        if not self._notes.is_off_the_record:
            self._notes.tape.written.append(written)
        try:
            async with aclosing(self._model.reply(messages, model=model)) as tokens:
                async for token in tokens:
                    written.tokens.append((moment(self._notes.now - asked_at), token))
                    yield token
        except ProviderError as error:
            written.failure, written.is_cut = error.retryable, False
            raise
        else:
            written.is_cut = False
        finally:
            written.ended_after = moment(self._notes.now - asked_at)


class NotedSpeech:
    def __init__(self, speech: TextToSpeech, notes: Notes) -> None:
        self._speech = speech
        self._notes = notes

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        asked_at = self._notes.now
        spoken = Spoken(voice_key(text, voice), len(text), is_cut=True)
        self._notes.tape.spoken.append(spoken)
        try:
            async with aclosing(self._speech.synthesise(text, voice)) as audio:
                async for chunk in audio:
                    spoken.chunks.append((moment(self._notes.now - asked_at), len(chunk)))
                    yield chunk
        except ProviderError as error:
            spoken.failure, spoken.is_cut = error.retryable, False
            raise
        else:
            spoken.is_cut = False
        finally:
            spoken.ended_after = moment(self._notes.now - asked_at)


class NotedWords:
    def __init__(self, made_ahead: WordsMadeAhead, notes: Notes) -> None:
        self._made_ahead = made_ahead
        self._notes = notes

    def audio(self, voice: Voice, text: str) -> bytes | None:
        audio = self._made_ahead.audio(voice, text)
        if audio is not None:
            self._notes.tape.made_ahead[voice_key(text, voice)] = len(audio)
        return audio

    def ready(self, voice: Voice, texts: Iterable[str]) -> tuple[str, ...]:
        asked = tuple(texts)
        ready = self._made_ahead.ready(voice, asked)
        self._notes.tape.ready.append((voice_key(chr(31).join(asked), voice), list(ready)))
        return ready

    async def prepare_all(self, voice: Voice, texts: Iterable[str]) -> None:
        await self._made_ahead.prepare_all(voice, texts)


class NotedMeter:
    def __init__(self, meter: TalkTimeMeter, notes: Notes) -> None:
        self._meter = meter
        self._notes = notes

    async def run(self, post: Callable[[Event], None]) -> None:
        started_at = self._notes.now

        def noted(event: Event) -> None:
            after = moment(self._notes.now - started_at)
            self._notes.tape.metered.append(Happened(after, *fields_of(event)))
            post(event)

        await self._meter.run(noted)


class NotedRecord:
    def __init__(self, record: CallRecord, notes: Notes) -> None:
        self._record = record
        self._notes = notes

    def go_off(self) -> None:
        self._notes.go_off()
        self._record.go_off()

    def go_on(self) -> None:
        self._notes.go_on()
        self._record.go_on()

    def consent(self) -> None:
        self._record.consent()

    def persona(self, persona: PersonaView) -> None:
        self._record.persona(persona)

    def slower(self, times: int) -> None:
        self._record.slower(times)

    def interim(self, side: Side, text: str) -> None:
        self._record.interim(side, text)

    def entry(self, entry: WriteEntry, persona: PersonaView | None) -> None:
        if entry.side is Side.CALLER:
            self._notes.settle()
        self._record.entry(entry, persona)

    def resume_off(self) -> None:
        self._notes.go_off()
        self._record.resume_off()

    def heard(self, share: float) -> None:
        self._record.heard(share)

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


class NotedPins:
    def __init__(self, pins: PinChecks, notes: Notes) -> None:
        self._pins = pins
        self._notes = notes

    async def check(self, pin: str) -> PinChecked:
        asked_at = self._notes.now
        checked = await self._pins.check(pin)
        took = moment(self._notes.now - asked_at)
        self._notes.tape.pins.append(Proved(took, fields_of(checked)[1]))
        return checked
