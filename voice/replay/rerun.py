"""Runs a tape again: the same machines and the same shell, on virtual time.

A rerun without changes does what the call did. With another prompt, model or rule it shows what
they would have done. The same tape and changes always give the same outcome, as long as the
writer gives the same words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from shared.configuration import PersonaView
from shared.errors import BuddyError
from voice.announcements import AnnouncementShelf
from voice.call import CallSession
from voice.caller import Caller
from voice.conversation.commands import Announcement, EndReason, Side, WriteEntry
from voice.conversation.reception import ReceptionRules
from voice.conversation.turn_rules import TurnRules
from voice.desk import CallDesk, Ears
from voice.ports import Voice
from voice.replay.takes import QUIET, TapedModel, TapedVoice, Writer
from voice.replay.tape import Sound, Tape, event_of, voice_key
from voice.replay.tapedeck import TapeDeck, TapedMeter, TapedPins
from voice.replay.virtual_time import run_in_virtual_time
from voice.timing import TurnTimes
from voice.waiting import until

LONGEST_SECONDS: Final = 4 * 3600.0  # of virtual time: a rerun that never ends is a mistake
TURN, RECEPTION = "turn_", "reception_"
Rules = TypeVar("Rules", TurnRules, ReceptionRules)


class UnknownRule(BuddyError):
    """There is no constant of turn-taking or of reception of this name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(
            f"{prefix}{field.name}"
            for prefix, rules in ((TURN, TurnRules), (RECEPTION, ReceptionRules))
            for field in fields(rules)
        )
        super().__init__(f"there is no rule {name!r}; known are: {known}")


@dataclass(frozen=True, slots=True)
class Changes:
    """What shall be other than it was."""

    prompt: str | None = None  # of every buddy of the call
    model: str | None = None
    rules: Mapping[str, float] = field(default_factory=dict)  # by name: turn_pause, …


@dataclass(slots=True)
class Outcome:
    """What came of a run: everything that would have been written down, and sent."""

    entries: list[WriteEntry] = field(default_factory=list)
    timings: list[TurnTimes] = field(default_factory=list)
    interims: list[tuple[Side, str]] = field(default_factory=list)
    buddies: list[str] = field(default_factory=list)
    sent: list[Sound] = field(default_factory=list)
    prepared: int = 0  # speculative replies
    committed: int = 0
    interruptions: int = 0
    underruns: int = 0
    off_the_record: int = 0  # how often
    reason: EndReason | None = None  # None: it was still running when the tape was over
    unplayed: int = 0  # bursts of the caller's for which there was no call any more
    asked_anew: int = 0  # replies that the recording did not hold

    # The record's port.

    def consent(self) -> None:
        """Keep nothing: the consent was given to the call itself."""

    def persona(self, persona: PersonaView) -> None:
        self.buddies.append(persona.slug)

    def slower(self, times: int) -> None:
        """Keep nothing: it shows in how long the buddies speak."""

    def interim(self, side: Side, text: str) -> None:
        self.interims.append((side, text))

    def entry(self, entry: WriteEntry, persona: PersonaView | None) -> None:
        self.entries.append(entry)

    def reply_prepared(self) -> None:
        self.prepared += 1

    def reply_committed(self) -> None:
        self.committed += 1

    def timing(self, times: TurnTimes) -> None:
        self.timings.append(times)

    def go_off(self) -> None:
        self.off_the_record += 1

    def resume_off(self) -> None:
        """Take note of nothing: it went off the record in an earlier stream."""

    def go_on(self) -> None:
        """Take note of nothing: going off the record is what counts."""

    def heard(self, share: float) -> None:
        """Keep nothing: only of a process that dies a sentence is left half heard."""

    def turn_ended(self) -> None:
        """Keep nothing: only a stream that breaks leaves a turn unanswered."""

    def turn_answered(self) -> None:
        """Keep nothing, for the same reason."""

    def answered(self) -> None:
        """Measure nothing: the times of the turns say it all."""

    def interrupted(self) -> None:
        self.interruptions += 1

    def underrun(self) -> None:
        self.underruns += 1


def rerun(tape: Tape, changes: Changes | None = None, writer: Writer | None = None) -> Outcome:
    """Run a tape; raise `UnknownRule` where the changes name one that there is not."""
    changed = changes or Changes()
    _check(changed)
    return run_in_virtual_time(_Rerun(tape, changed, writer).run())


class _Rerun:
    def __init__(self, tape: Tape, changes: Changes, writer: Writer | None) -> None:
        self._tape = tape
        self._changes = changes
        self._writer = writer
        self._personas = {key: self._changed(view) for key, view in tape.personas.items()}

    async def run(self) -> Outcome:
        tape, clock = self._tape, asyncio.get_running_loop().time
        outcome = Outcome()
        deck = TapeDeck(tape, clock)
        began_at = datetime.fromisoformat(tape.began_at)
        caller = Caller(
            tape.profile, tape.visitor, began_at, slower=tape.slower, redial=tape.redial
        )
        model = TapedModel(tape, clock, self._writer)
        session = CallSession(
            deck,
            self._desk(deck, model, TapedVoice(tape, clock), caller),
            caller=caller,
            record=outcome,
            meter=TapedMeter(tape.metered, clock),
            pins=TapedPins(tape),
            resumed=tape.resumed,
        )
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(deck.play()), group.create_task(self._outside(session))]
            try:
                async with asyncio.timeout(LONGEST_SECONDS):
                    outcome.reason = await session.run()
            finally:
                for task in beside:
                    task.cancel()
        outcome.sent, outcome.unplayed = deck.sent, deck.unplayed
        outcome.asked_anew = model.asked_anew
        return outcome

    async def _outside(self, session: CallSession) -> None:
        for item in self._tape.outside:
            await until(item.at)
            session.post(event_of(item.name, item.fields))

    def _desk(
        self, deck: TapeDeck, model: TapedModel, voice: TapedVoice, caller: Caller
    ) -> CallDesk:
        tape = self._tape
        shelf = AnnouncementShelf(
            {Announcement(name): words for name, (words, _) in tape.announcements.items()},
            {Announcement(name): QUIET * size for name, (_, size) in tape.announcements.items()},
        )
        return CallDesk(
            ears=Ears(deck.ears),
            language_model=model,
            text_to_speech=voice,
            announcements=shelf,
            made_ahead=_MadeAhead(tape),
            personas=lambda: self._personas,
            turn_rules=lambda persona, _pause: self._turn_rules(persona, deck.now, caller),
            reception_rules=lambda: _ruled(tape.reception_rules, RECEPTION, self._changes.rules),
            default_model=self._changes.model or tape.default_model,
            warm_voice=_leave_cold,
        )

    def _turn_rules(self, persona: PersonaView, now: float, caller: Caller) -> TurnRules:
        """Return the rules as they were at this moment, but for what is changed."""
        for known in self._tape.profiles:
            if known.at <= now:
                caller.profile = known.profile
        rules = [
            ruled.rules
            for number, ruled in enumerate(self._tape.rules)
            if ruled.menu_key == persona.menu_key and (ruled.at <= now or number == 0)
        ]
        return _ruled(rules[-1] if rules else TurnRules(), TURN, self._changes.rules)

    def _changed(self, persona: PersonaView) -> PersonaView:
        changes: dict[str, Any] = {}
        if self._changes.prompt is not None:
            changes["prompt"] = self._changes.prompt
        if self._changes.model is not None:
            changes["model"] = self._changes.model
        return replace(persona, **changes)


class _MadeAhead:
    """What was ready then is ready now."""

    def __init__(self, tape: Tape) -> None:
        self._sizes = tape.made_ahead
        self._ready = list(tape.ready)

    def audio(self, voice: Voice, text: str) -> bytes | None:
        size = self._sizes.get(voice_key(text, voice))
        return QUIET * size if size is not None else None

    def ready(self, voice: Voice, texts: Iterable[str]) -> tuple[str, ...]:
        asked = tuple(texts)
        key = voice_key(chr(31).join(asked), voice)
        for number, (known, ready) in enumerate(self._ready):
            if known == key:
                del self._ready[number]
                return tuple(ready)
        return tuple(text for text in asked if voice_key(text, voice) in self._sizes)

    async def prepare_all(self, voice: Voice, texts: Iterable[str]) -> None:
        """Make nothing: a tape holds what had been made."""


async def _leave_cold(_voice: Voice) -> None:
    """Open nothing: a tape has no connections."""


def _ruled(rules: Rules, prefix: str, changes: Mapping[str, float]) -> Rules:
    """Return the rules with the named ones changed; a count stays a whole number."""
    return replace(
        rules,
        **{
            field.name: type(getattr(rules, field.name))(changes[prefix + field.name])
            for field in fields(rules)
            if prefix + field.name in changes
        },
    )


def _check(changes: Changes) -> None:
    known = {
        prefix + field.name
        for prefix, rules in ((TURN, TurnRules), (RECEPTION, ReceptionRules))
        for field in fields(rules)
    }
    for name in changes.rules:
        if name not in known:
            raise UnknownRule(name)
