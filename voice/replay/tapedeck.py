"""The caller's side of a replay: a line, a recogniser, a meter and a PIN desk that are a tape."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from shared.errors import ProviderError
from voice.conversation.events import Event, PinChecked
from voice.following import Followed
from voice.ports import (
    FRAME_BYTES,
    KeyPressed,
    LegClosed,
    LegEvent,
    ListenOptions,
    MarkReturned,
    MediaReceived,
    RecogniserEvent,
    RecogniserStream,
    SpeechToText,
)
from voice.replay.playing import Playing
from voice.replay.takes import QUIET, RECORDING
from voice.replay.tape import (
    CallerItem,
    Closed,
    GivenUp,
    Happened,
    Heard,
    Hooked,
    Key,
    Sound,
    Tape,
    event_of,
    moment,
)
from voice.replay.turns import Burst, bursts
from voice.waiting import until

FRAME: Final = QUIET * FRAME_BYTES
FRAME_SECONDS: Final = 0.02
OUT_OF_STEP_SECONDS: Final = 4.0  # so long a caller waits for a sound that this time does not come
LONGEST_WAIT_SECONDS: Final = 60.0  # and for any sound at all


class TapeDeck:
    """Plays the caller. `play` must run beside the call."""

    def __init__(self, tape: Tape, clock: Callable[[], float]) -> None:
        self.sent: list[Sound] = []  # what went to the line this time
        self.unplayed = 0  # bursts that the call was over for
        self._tape = tape
        self._clock = clock
        self._started_at = clock()
        self._playing = Playing()
        self._is_changed = asyncio.Event()
        self._news: Followed[LegEvent] = Followed()
        self._heard: asyncio.Queue[RecogniserEvent | ProviderError] = asyncio.Queue()
        self._hooks: tuple[Callable[[], None], Callable[[], None]] | None = None
        self._latency = _median(tape.marks_late)
        self._marks: dict[str, asyncio.TimerHandle] = {}

    @property
    def now(self) -> float:
        """Seconds since the stream's start."""
        return self._clock() - self._started_at

    # The line.

    def follow(self, take: Callable[[LegEvent], None]) -> None:
        self._news.follow(take)

    async def send_audio(self, audio: bytes) -> None:
        self.sent.append(Sound(moment(self.now), len(audio)))
        self._playing.sound(self.now, len(audio))
        self._is_changed.set()

    async def send_mark(self, name: str) -> None:
        # A mark that was there then is as late as it was: whether words come before or after it
        # decides who has the floor.
        late = self._tape.late.get(name, self._latency)
        due = self._started_at + self._playing.mark(self.now, name) + late
        timer = asyncio.get_running_loop().call_at(due, self._return_mark, name)
        self._marks[name] = timer

    async def clear(self) -> None:
        self.sent.append(Sound(moment(self.now), 0))
        self._playing.clear(self.now)
        self._is_changed.set()
        pending, self._marks = self._marks, {}
        for name, timer in pending.items():
            timer.cancel()
            self._news.tell(MarkReturned(name))

    async def close(self) -> None:
        """Do nothing: a tape has no line to put down."""

    def _return_mark(self, name: str) -> None:
        self._marks.pop(name, None)
        self._news.tell(MarkReturned(name))

    # The recogniser.

    def ears(self, on_lost: Callable[[], None], on_restored: Callable[[], None]) -> SpeechToText:
        """Return the recogniser of the tape."""
        self._hooks = (on_lost, on_restored)
        return self

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[RecogniserStream]:
        yield self

    def send(self, audio: bytes) -> None:
        """Do nothing: what it heard is on the tape."""

    async def events(self) -> AsyncIterator[RecogniserEvent]:
        while not isinstance(event := await self._heard.get(), ProviderError):
            yield event
        raise event

    async def finish(self) -> None:
        """Do nothing: the last words are on the tape."""

    # What the caller does.

    async def play(self) -> None:
        """Let the caller do what they did, to the end of the tape."""
        async with asyncio.TaskGroup() as group:
            frames = group.create_task(self._send_frames())
            todo = bursts(self._tape.caller, self._tape.sent)
            self.unplayed = len(todo)
            last = 0.0  # on the recording
            for burst in todo:
                at = await self._moment_of(burst, waited=burst.began_at - last)
                last = burst.items[-1].at
                for item in burst.items:
                    await until(self._started_at + moment(at + item.at - burst.began_at))
                    self._do(item, shift=at - burst.began_at)
                self.unplayed -= 1
            if not any(isinstance(item, Closed) for burst in todo for item in burst.items):
                await asyncio.get_running_loop().create_future()  # it was us who ended the call
            frames.cancel()

    async def _send_frames(self) -> None:
        last = 0.0
        for at in self._tape.media_at:
            await until(self._started_at + at)
            self._news.tell(MediaReceived(FRAME))
            last = at
        while True:
            last += FRAME_SECONDS
            await until(self._started_at + last)
            self._news.tell(MediaReceived(FRAME))

    async def _moment_of(self, burst: Burst, waited: float) -> float:
        """Wait until the caller would act, and return that moment.

        `waited` is how long they had done nothing: where a sound does not come this time they
        wait that much and a little more for it.
        """
        if burst.stretches == 0:
            return burst.offset
        out_of_step = self.now + waited + OUT_OF_STEP_SECONDS
        patience = out_of_step + LONGEST_WAIT_SECONDS
        while self.now < patience:
            heard = self._playing.stretches
            has_all = len(heard) >= burst.stretches
            if has_all and burst.is_during:
                began_at = heard[burst.stretches - 1].began_at
                return max(self.now, moment(began_at + burst.offset))
            if heard:
                at = moment(heard[-1].ended_at + burst.offset)
                if not has_all:
                    at = max(at, moment(out_of_step))
                if await self._stays_quiet_until(at):
                    return at
            else:
                await self._change(patience)
        return self.now

    async def _stays_quiet_until(self, at: float) -> bool:
        """Wait for a moment; return False as soon as anything is sent before it."""
        if at <= self.now:
            return True
        return not await self._change(at)

    async def _change(self, limit: float) -> bool:
        self._is_changed.clear()
        try:
            async with asyncio.timeout_at(self._started_at + limit):
                await self._is_changed.wait()
        except TimeoutError:
            return False
        return True

    def _do(self, item: CallerItem, shift: float) -> None:
        match item:
            case Key(_, digit):
                self._news.tell(KeyPressed(digit))
            case Heard(_, name, fields):
                ended_at = fields.get("ended_at")
                if shift and ended_at is not None:
                    fields = {**fields, "ended_at": ended_at + shift}
                event: RecogniserEvent = event_of(name, fields)  # type: ignore[assignment]
                self._heard.put_nowait(event)
            case Hooked(_, is_lost):
                if self._hooks is not None:
                    self._hooks[0 if is_lost else 1]()
            case GivenUp():
                message = "the recogniser was given up"
                self._heard.put_nowait(ProviderError(RECORDING, message, retryable=False))
            case Closed(_, is_lost):
                self._news.tell(LegClosed(is_lost))


class TapedMeter:
    """Posts what the meter posted, as long after its start."""

    def __init__(self, happened: list[Happened], clock: Callable[[], float]) -> None:
        self._happened = happened
        self._clock = clock

    async def run(self, post: Callable[[Event], None]) -> None:
        started_at = self._clock()
        for item in self._happened:
            await until(started_at + item.at)
            post(event_of(item.name, item.fields))
        await asyncio.get_running_loop().create_future()


class TapedPins:
    """Gives the answers that were given, in their order."""

    def __init__(self, tape: Tape) -> None:
        self._proved = list(tape.pins)

    async def check(self, _pin: str) -> PinChecked:
        proved = self._proved.pop(0) if len(self._proved) > 1 else self._proved[0]
        await until(asyncio.get_running_loop().time() + proved.seconds)
        checked = event_of(PinChecked.__name__, proved.fields)
        assert isinstance(checked, PinChecked)  # noqa: S101 - its name says so
        return checked


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0
