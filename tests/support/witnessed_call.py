"""A call of which everything is taken down: what happened, what was ordered, and who said what.

Every reply of the model has a name of two letters, and its words are that name and one more, in
the order of the alphabet: so each word on the line tells which reply it belongs to, and where.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Any

from tests.support.fake_line import Playback
from tests.support.fake_sound import CHARACTER_BYTES, SILENCE, character_of, runs
from tests.support.fakes import FakeLanguageModel, FakeTextToSpeech
from tests.support.loop_time import now
from tests.support.scripted_call import FILLERS, ScriptedCall
from voice.conversation.commands import Command
from voice.conversation.events import Event, ReplyId
from voice.conversation.machine import Conversation, Phase
from voice.conversation.prompts import ModelMessage
from voice.conversation.turn_rules import TurnRules
from voice.ports import BYTES_A_SECOND, LegEvent, MediaReceived, Voice

FIRST_LETTERS = "QXZJKV"  # no word of ours begins with one of these and has three letters
WORD = re.compile(rf"[{FIRST_LETTERS}][a-z][a-z]")
BLANK = "Xo"  # stands for the next word in a script
writing: ContextVar[ReplyId] = ContextVar("writing")


def name_of(reply: ReplyId) -> str:
    """Return the two letters with which each word of a reply begins."""
    first, second = divmod(reply, len(ascii_lowercase))
    return FIRST_LETTERS[first % len(FIRST_LETTERS)] + ascii_lowercase[second]


def words(text: str) -> list[str]:
    """Return the model's words in `text`, in their order."""
    return [match[0] for match in WORD.finditer(text)]


@dataclass(slots=True)
class Writing:
    """One reply as the model wrote it."""

    reply: ReplyId
    text: str
    began_at: float
    is_broken: bool  # it ends with an error, or has no words
    ended_at: float | None = None


class NamedModel(FakeLanguageModel):
    """Writes each reply in words of its own, as slowly and badly as the script says."""

    def __init__(self) -> None:
        super().__init__()
        self.writings: list[Writing] = []

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        reply = writing.get()
        if not self.script:
            self.answer(f"{BLANK} {BLANK}. {' '.join([BLANK] * 20)}. {BLANK}.")
        script = self.script[0]
        letters = itertools.cycle(ascii_lowercase)
        script.text = re.sub(BLANK, lambda _: name_of(reply) + next(letters), script.text)
        is_broken = script.error is not None or not script.text
        written = Writing(reply, script.text, now(), is_broken)
        self.writings.append(written)
        try:
            async for token in super().reply(messages, model=model):
                yield token
        finally:
            written.ended_at = now()


@dataclass(slots=True)
class Making:
    """One piece of speech as the voice made it."""

    text: str
    began_at: float
    is_broken: bool
    is_whole: bool = False
    ended_at: float | None = None


class WatchedVoice(FakeTextToSpeech):
    """Tells which words were made, and until when."""

    def __init__(self) -> None:
        super().__init__()
        self.makings: list[Making] = []

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        made = Making(text, now(), is_broken=bool(self.script))
        self.makings.append(made)
        try:
            async for chunk in super().synthesise(text, voice):
                yield chunk
            made.is_whole = True
        finally:
            made.ended_at = now()


@dataclass(frozen=True, slots=True)
class Order:
    """One command, and how many messages had gone out on the line before it."""

    at: float
    sent: int
    command: Command


@dataclass(frozen=True, slots=True)
class Happening:
    """What the machine took in, and what it made of that."""

    at: float
    event: Event | None  # None: a deadline came
    commands: tuple[Command, ...]
    before: Phase | None  # None: nobody has been put through yet
    turn_before: str  # what the caller had said in it until then
    after: Phase | None
    turn: str
    pause: float  # seconds, as the rules had it then


@dataclass(frozen=True, slots=True)
class Heard:
    """One of the model's words as it arrived at the caller's ear."""

    word: str
    at: float  # its end


@dataclass
class WitnessedCall:
    """A scripted call, and all that was taken down of it."""

    phone: ScriptedCall
    model: NamedModel
    voice: WatchedVoice
    orders: list[Order] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    speech: list[tuple[float, float]] = field(default_factory=list)  # of the caller, from and to
    noises: list[float] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)  # that the caller's line brought
    unheard_of: int = 0  # bytes of it, before the recogniser was to have any
    hung_up_at: float | None = None
    ended_at: float = 0.0

    @property
    def commands(self) -> Iterator[tuple[float, Command]]:
        """Every command, in order."""
        return ((order.at, order.command) for order in self.orders)

    @property
    def phases(self) -> list[tuple[float, Phase]]:
        """Whose turn it was, from when on."""
        return [(one.at, one.after) for one in self.happenings if one.after is not None]

    def heard(self) -> list[Heard]:
        """Return the model's words that the caller heard, in order."""
        clears = [sent.at for sent in self.phone.leg.sent if sent.kind == "clear"]
        found: list[Heard] = []
        piece: list[Playback] = []
        for played in self.phone.leg.playbacks:
            if piece and any(piece[-1].started_at <= at <= played.started_at for at in clears):
                found += _words_heard(piece)
                piece = []
            piece.append(played)
        return found + _words_heard(piece)


def _words_heard(piece: list[Playback]) -> list[Heard]:
    """Return the words in what was played without being cleared, and when each had ended."""
    text, ends, size = "", [], 0
    for run in runs(b"".join(played.audio for played in piece)):
        whole = 0 if run[0] == SILENCE else len(run) // CHARACTER_BYTES
        text += character_of(run[0]) * whole
        ends += [_moment(piece, size + n * CHARACTER_BYTES) for n in range(1, whole + 1)]
        size += len(run)
    return [Heard(match[0], ends[match.end() - 1]) for match in WORD.finditer(text)]


def _moment(piece: list[Playback], size: int) -> float:
    """Return when so many bytes had been played."""
    for played in piece:
        if size <= len(played.audio):
            return played.started_at + size / BYTES_A_SECOND
        size -= len(played.audio)
    return piece[-1].ended_at


def witnessed(
    *, has_fillers: bool = False, chunk_bytes: int = 800, send_seconds: float = 0.0
) -> WitnessedCall:
    """Return a call that is taken down from its first moment on."""
    model, voice = NamedModel(), WatchedVoice()
    voice.chunk_bytes = chunk_bytes
    phone = ScriptedCall(model=model, voice=voice, rules=TurnRules())
    phone.leg.send_seconds = send_seconds
    if has_fillers:
        phone.made_ahead.words = dict(zip(FILLERS, FILLERS, strict=True))
    call = WitnessedCall(phone, model, voice)
    _take_down_orders(call, phone.session)
    _take_down_sound(call, phone.session)
    return call


def _take_down_orders(call: WitnessedCall, session: Any) -> None:
    phone = call.phone
    execute, execute_all = session._execute, session._execute_all
    generate, note = session._replying.generate, session._note
    event: list[Event | None] = [None]
    state: list[tuple[Phase | None, str]] = [(None, "")]

    def current() -> tuple[Phase | None, str]:
        machine = session._machine
        is_begun = isinstance(machine, Conversation)
        return (machine.phase, machine._turn.text) if is_begun else (None, "")

    def take_note(what: Event) -> None:
        event[0] = what
        note(what)

    async def take_down(command: Command) -> None:
        call.orders.append(Order(now(), len(phone.leg.sent), command))
        await execute(command)

    async def take_all_down(commands: list[Command]) -> None:
        what, event[0] = event[0], None
        before, after = state[0], current()
        pause = phone.rules.pause if phone.rules is not None else 0.0
        call.happenings.append(
            Happening(now(), what, tuple(commands), *before, *after, pause=pause)
        )
        state[0] = after
        await execute_all(commands)

    async def write(reply: ReplyId, *args: Any, **more: Any) -> None:
        writing.set(reply)
        await generate(reply, *args, **more)

    session._execute, session._execute_all = take_down, take_all_down
    session._replying.generate, session._note = write, take_note


def _take_down_sound(call: WitnessedCall, session: Any) -> None:
    leg = call.phone.leg
    follow = leg.follow

    def follow_too(take: Callable[[LegEvent], None]) -> None:
        def take_sound(event: LegEvent) -> None:
            if isinstance(event, MediaReceived):
                if not session._is_listening:
                    call.unheard_of += len(event.audio)
                call.sound += event.audio
            take(event)

        follow(take_sound if take == session._take_from_leg else take)

    leg.follow = follow_too  # type: ignore[method-assign]
