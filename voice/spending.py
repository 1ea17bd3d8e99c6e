"""The spend guard in the voice process: each paid step asks it first, and none waits for it.

It knows what the day had cost when the database last told, and what this process spent since.
When the budget is gone or the operator has pulled the switch, every call is told and ends with
words that were made ahead; what is asked for after that is refused.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

import structlog

from shared.clock import Clock
from shared.database import Database
from shared.domain.spending import Component, SpendLimits, VendorPrice
from shared.errors import ProviderError
from shared.seed.vendor_prices import vendor_prices
from shared.services import spending
from voice import tasks
from voice.conversation.events import Event, SpendStopped, StopReason
from voice.conversation.prompts import ModelMessage
from voice.ports import (
    LanguageModel,
    ListenOptions,
    RecogniserStream,
    SpeechToText,
    TextToSpeech,
    Voice,
)
from voice.waiting import pause

FLUSH_SECONDS: Final = 5.0  # what other processes spend is known this late
LOOK_SECONDS: Final = 1.0  # how soon a running call hears that it has to end
MINUTE: Final = 60.0  # lines are billed by the started minute

log = structlog.get_logger()


class SpendRefused(ProviderError):
    """A paid step that may not be taken any more; the call has been told why it ends."""

    def __init__(self, component: Component, reason: str) -> None:
        super().__init__("spending", f"{component}: {reason}", retryable=False)


class Books(Protocol):
    """Books what was spent; answers with what the day has cost, in micro-dollars."""

    async def book(self, micros: Mapping[Component, int]) -> int:
        """Raise `ProviderError` while that can't be done."""


@dataclass(frozen=True, slots=True)
class DayBooks:
    """The books in the database."""

    database: Database
    clock: Clock

    async def book(self, micros: Mapping[Component, int]) -> int:
        return await self.database.transact(spending.book, micros=micros, now=self.clock.now())


class Spending(Protocol):
    """Is asked before each paid step."""

    def ask(
        self, component: Component, amount: float = 1, *, price: VendorPrice | None = None
    ) -> None: ...

    def spend(self, component: Component, amount: float) -> None: ...


class Metered(Protocol):
    """Knows how long the buddy and the caller have talked."""

    @property
    def used_seconds(self) -> int: ...


class SpendGuard:
    """One process's guard over all of its calls."""

    def __init__(self, books: Books, clock: Clock, limits: Callable[[], SpendLimits]) -> None:
        self.limits = limits
        self._books = books
        self._clock = clock
        self._prices = vendor_prices()
        self._spent = 0  # of the day, as the database told last
        self._day = clock.now().date()
        self._unbooked: Counter[Component] = Counter()
        self.spent_here: Counter[Component] = Counter()  # since this process began, micro-dollars
        self._calls: set[CallSpending] = set()
        self._alerted: date | None = None

    @property
    def spent_micros(self) -> int:
        """What the day has cost, as far as this process knows."""
        return self._spent + self._unbooked.total()

    def spend(
        self, component: Component, amount: float, *, price: VendorPrice | None = None
    ) -> None:
        """Count so many minutes, characters or pieces, at the component's own price if at none."""
        micros = (price or self._prices[component]).of(amount)
        self._unbooked[component] += micros
        self.spent_here[component] += micros

    def ask(
        self, component: Component, amount: float = 1, *, price: VendorPrice | None = None
    ) -> None:
        """Count a paid step that is about to be taken, or raise `SpendRefused`."""
        if (reason := self.stop_reason()) is not None:
            raise SpendRefused(component, reason)
        self.spend(component, amount, price=price)

    def stop_reason(self) -> StopReason | None:
        """Say why nothing more may be spent, if so."""
        limits = self.limits()
        if limits.is_paused:
            return StopReason.KILL_SWITCH
        if self.spent_micros >= limits.daily_budget_micros:
            return StopReason.BUDGET
        return None

    @contextmanager
    def call(self, *, fair_use_left: int | None = None) -> Iterator[CallSpending]:
        """Watch over one call."""
        call = CallSpending(self, fair_use_left=fair_use_left)
        self._calls.add(call)
        try:
            yield call
        finally:
            self._calls.discard(call)

    async def run(self) -> None:
        """Book, and tell calls that have to end, until cancelled; then book what is left."""
        try:
            while True:
                try:
                    await self._watch()
                except Exception:  # a guard that stumbles goes on: without it nothing has a limit
                    log.exception("spend_guard_stumbled")
        finally:
            await self.flush()

    async def _watch(self) -> None:
        for _ in range(round(FLUSH_SECONDS / LOOK_SECONDS)):
            await pause(LOOK_SECONDS)
            self._tell()
        if self._calls or self._unbooked:
            await self.flush()

    async def flush(self) -> None:
        """Book what was spent and learn what the day has cost; while that fails, keep it."""
        micros, self._unbooked = self._unbooked, Counter()
        try:
            self._spent = await self._books.book(micros)
        except ProviderError as error:
            self._unbooked += micros
            log.warning("spending_not_booked", error=str(error))
        except asyncio.CancelledError:
            self._unbooked += micros
            raise
        else:
            self._day = self._clock.now().date()
            self._alert()

    def _tell(self) -> None:
        if self._clock.now().date() != self._day:  # a new day has a new budget
            self._day, self._spent = self._clock.now().date(), 0
        if (reason := self.stop_reason()) is not None:
            for call in self._calls:
                call.stop(reason)

    def _alert(self) -> None:
        limits = self.limits()
        share = 100 * self._spent / max(1, limits.daily_budget_micros)
        if share >= limits.soft_budget_percent and self._alerted != self._day:
            self._alerted = self._day
            log.warning(
                "daily_budget_nearly_spent",
                spent_micros=self._spent,
                budget_micros=limits.daily_budget_micros,
            )


class CallSpending:
    """What one call may spend, and for how long it may go on."""

    def __init__(self, guard: SpendGuard, *, fair_use_left: int | None) -> None:
        self._guard = guard
        self._fair_use_left = fair_use_left
        self._clock = asyncio.get_running_loop().time
        self._started_at = self._clock()
        self._post: Callable[[Event], None] | None = None
        self._reason: StopReason | None = None  # why it has to end
        self._is_told = False
        self._is_listening = False
        self._searches = 0
        self._may_stop = asyncio.Event()
        self._may_stop.set()

    def suspend(self) -> None:
        """Let the call go on whatever it costs: somebody is in danger."""
        self._may_stop.clear()

    def resume(self) -> None:
        """Hold the call to its limits again."""
        self._may_stop.set()
        self._tell()

    def ask(
        self, component: Component, amount: float = 1, *, price: VendorPrice | None = None
    ) -> None:
        """Count a paid step that is about to be taken, or raise `SpendRefused`."""
        if self._may_stop.is_set():
            if (reason := self._guard.stop_reason()) is not None:
                self.stop(reason)
            if self._reason is not None:
                raise SpendRefused(component, self._reason)
            if component is Component.SEARCH and not self._may_search():
                raise SpendRefused(component, "no more searches in this call")
        self._searches += component is Component.SEARCH
        self._guard.spend(component, amount, price=price)

    def spend(self, component: Component, amount: float) -> None:
        """Count what a step has cost that was taken."""
        self._guard.spend(component, amount)

    def listens(self) -> None:
        """Count the recogniser from now on, by the minute."""
        self.ask(Component.RECOGNITION, 0)
        if not self._is_listening:
            self._is_listening = True
            self.spend(Component.RECOGNITION, 1)

    def stop(self, reason: StopReason) -> None:
        """End the call; once is enough."""
        self._reason = self._reason or reason
        self._tell()

    async def run(self, post: Callable[[Event], None], meter: Metered) -> None:
        """Count the line, and end the call in time, until cancelled."""
        self._post = post
        self._tell()
        async with tasks.TaskGroup() as group:
            group.create_task(self._pay_by_the_minute())
            group.create_task(self._end_in_time(meter))

    def _may_search(self) -> bool:
        return self._searches < self._guard.limits().searches_a_call

    def _tell(self) -> None:
        if self._reason is None or self._is_told or self._post is None:
            return
        if self._may_stop.is_set():
            self._is_told = True
            log.warning("call_stopped", reason=self._reason)
            self._post(SpendStopped(self._reason))

    async def _pay_by_the_minute(self) -> None:
        minutes = 0
        while True:
            self.spend(Component.LINE, 1)
            if self._is_listening and minutes:
                self.spend(Component.RECOGNITION, 1)
            minutes += 1
            await pause(self._started_at + minutes * MINUTE - self._clock())

    async def _end_in_time(self, meter: Metered) -> None:
        while True:
            longest = self._guard.limits().longest_call_seconds
            left = self._started_at + longest - self._clock()
            if left <= 0:
                return self.stop(StopReason.LONGEST_CALL)
            if self._fair_use_left is not None:
                fair = self._fair_use_left - meter.used_seconds
                if fair <= 0:
                    return self.stop(StopReason.FAIR_USE)
                left = min(left, fair)
            await pause(left)


class GuardedSpeechToText:
    """A recogniser that is opened only while its call may spend."""

    def __init__(self, speech_to_text: SpeechToText, guard: CallSpending) -> None:
        self._speech_to_text = speech_to_text
        self._guard = guard

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[RecogniserStream]:
        self._guard.listens()
        async with self._speech_to_text.open(options) as stream:
            yield stream


class GuardedLanguageModel:
    """A model that is asked only while its call may spend."""

    def __init__(self, language_model: LanguageModel, guard: Spending) -> None:
        self._language_model = language_model
        self._guard = guard

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        asked = sum(len(message.text) for message in messages)
        self._guard.ask(Component.MODEL_INPUT, asked)
        written = 0
        try:
            async with aclosing(self._language_model.reply(messages, model=model)) as tokens:
                async for token in tokens:
                    written += len(token)
                    yield token
        finally:
            self._guard.spend(Component.MODEL_OUTPUT, written)


class GuardedTextToSpeech:
    """A voice that speaks only while its call may spend.

    A segment is paid as of whoever would speak as it begins.
    """

    def __init__(
        self,
        text_to_speech: TextToSpeech,
        guard: Spending,
        price: Callable[[], VendorPrice | None] = lambda: None,
    ) -> None:
        self._text_to_speech = text_to_speech
        self._guard = guard
        self._price = price

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        self._guard.ask(Component.SPEECH, len(text), price=self._price())
        async with aclosing(self._text_to_speech.synthesise(text, voice)) as audio:
            async for chunk in audio:
                yield chunk
