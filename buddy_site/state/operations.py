"""How the installation stands, for who runs it: renewed every few seconds while the page is open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import reflex as rx

from buddy_site import operations_words, paths, runtime, theme, words
from buddy_site.state.private import PrivateState, to_sign_in
from shared.database import StoreUnavailable
from shared.domain.sunsets import ModelOutlook, Outlook
from shared.domain.timings import Spread
from shared.services import operations
from shared.services.accounts import SignedIn
from shared.services.call_timings import DayOfCalls, WorstCall
from shared.services.operations import Operations, RunningView

REFRESH_SECONDS = 5.0  # an operator who watches sees it in time; the database hardly notices


@dataclass
class Figure:
    """One number with its name."""

    name: str
    value: str
    about: str


@dataclass
class RunningRow:
    """A call on the line."""

    since: str
    buddy: str
    tone: str
    talked: str
    path: str


@dataclass
class SpreadRow:
    """What many times come to."""

    name: str
    count: str
    median: str
    nearly_all: str


@dataclass
class WorstRow:
    """One of the worst calls."""

    when: str
    buddy: str
    turns: str
    median: str
    nearly_all: str
    underruns: str
    path: str


@dataclass
class ModelRow:
    """A model that is used."""

    model: str
    uses: str
    until: str
    outlook: str


class OperationsState(PrivateState, rx.State):
    """The operator's first page."""

    is_loaded: bool = False
    is_operator: bool = False
    figures: list[Figure] = []
    running: list[RunningRow] = []
    buddies: list[SpreadRow] = []
    stages: list[SpreadRow] = []
    worst: list[WorstRow] = []
    models: list[ModelRow] = []
    ended: list[str] = []  # models that can't be used any more
    ending: list[str] = []
    checked: str = ""

    @rx.event
    async def load(self) -> Any:
        """Show how it stands now, to an operator."""
        return await self._refresh()

    @rx.event(background=True)
    async def follow(self) -> None:
        """Renew the page while it is open."""
        async with self:
            socket = self.router.session.session_id
        while True:
            await asyncio.sleep(REFRESH_SECONDS)  # noqa: TID251 - times and money tell nobody
            async with self:
                if self.router.session.session_id != socket:
                    return
                await self._refresh()
                if not self.is_operator:
                    return  # whoever may no longer see it is led away by the account's own watch

    async def _refresh(self) -> Any:
        try:
            someone = await self._admitted()
            if someone is None:
                return to_sign_in(paths.OPERATOR)
            self.is_operator = someone.is_operator
            if someone.is_operator:
                await self._read(someone)
            self.trouble = ""
        except StoreUnavailable:
            self.trouble = words.TROUBLE
        self.is_loaded = True
        return None

    async def _read(self, someone: SignedIn) -> None:
        site, where = runtime.current(), words.zone(self._zone())
        now = site.clock.now()
        found = await site.database.transact(
            operations.overview, operator=someone, settings=site.settings, now=now
        )
        day = found.day
        self.figures = figures(found)
        self.running = [running_row(call, now, where) for call in found.running]
        self.buddies = [
            spread_row(one.buddy or operations_words.NOBODY, one.gap) for one in day.buddies
        ]
        self.stages = [
            spread_row(operations_words.STAGES[stage], reached) for stage, reached in day.stages
        ]
        self.worst = [worst_row(call, now, where) for call in day.worst]
        self.models = [model_row(one) for one in found.models]
        self.ended = alarms(found.models, Outlook.ENDED)
        self.ending = alarms(found.models, Outlook.ENDING)
        checked = found.models_checked_at
        self.checked = words.moment(checked, now, where) if checked is not None else ""


def figures(found: Operations) -> list[Figure]:
    """Put the day's numbers into words."""
    day, sums = found.day, found.day.figures
    return [
        Figure("On the line", str(len(found.running)), "calls right now"),
        Figure("Calls", str(day.calls), f"{day.failed} of them failed or broke off"),
        _pair("Gap", day.gap, "from a caller's last word to our first sound"),
        _pair("Answer", day.answer, "until a caller first hears us"),
        Figure(
            "Made ahead",
            operations_words.share(sums.speculations_committed, sums.speculations_prepared),
            "replies that were said of those made ahead",
        ),
        Figure("Interruptions", str(sums.interruptions), _a_call(day, sums.interruptions)),
        Figure("Late sound", str(sums.underruns), "silences within a sentence"),
        Figure(
            "Spent today",
            operations_words.dollars(found.spent_micros),
            f"of {operations_words.dollars(found.budget_micros)}, as estimated (UTC)",
        ),
    ]


def _pair(name: str, spread: Spread | None, about: str) -> Figure:
    if spread is not None:
        about = f"{about}; 19 of 20 within {operations_words.nearly_all(spread)}"
    return Figure(name, operations_words.median(spread), about)


def _a_call(day: DayOfCalls, number: int) -> str:
    return f"{number / day.calls:.1f} a call" if day.calls else "by callers"


def running_row(call: RunningView, now: datetime, where: tzinfo) -> RunningRow:
    """Put a running call into words."""
    return RunningRow(
        since=words.moment(call.started_at, now, where),
        buddy=call.buddy or operations_words.NOBODY,
        tone=theme.tone(call.buddy or ""),
        talked=words.length(call.talked_seconds),
        path=paths.operator_call(call.call_id),
    )


def spread_row(name: str, spread: Spread) -> SpreadRow:
    """Put percentiles into words."""
    return SpreadRow(
        name,
        f"{spread.count:,}",
        operations_words.median(spread),
        operations_words.nearly_all(spread),
    )


def worst_row(call: WorstCall, now: datetime, where: tzinfo) -> WorstRow:
    """Put one of the worst calls into words."""
    return WorstRow(
        when=words.moment(call.started_at, now, where),
        buddy=call.buddy or operations_words.NOBODY,
        turns=str(call.gap.count),
        median=operations_words.median(call.gap),
        nearly_all=operations_words.nearly_all(call.gap),
        underruns=str(call.underruns),
        path=paths.operator_call(call.call_id),
    )


def model_row(one: ModelOutlook) -> ModelRow:
    """Put a model's outlook into words."""
    return ModelRow(
        one.model, " and ".join(one.uses), operations_words.until(one), one.outlook.value
    )


def alarms(models: Sequence[ModelOutlook], outlook: Outlook) -> list[str]:
    """Say what has to be done about the models that stand so."""
    return [operations_words.alarm(one) for one in models if one.outlook is outlook]
