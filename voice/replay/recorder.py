"""Records a call at its ports: every port of it is wrapped in one that takes notes.

Nothing here waits or changes what passes. While the call is off the record nothing that is said
is noted; what a tape lacks then, a replay lacks as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from shared.configuration import PersonaView
from voice.call import CallSession
from voice.caller import Caller
from voice.conversation.events import Event
from voice.conversation.recovery import Recovered
from voice.conversation.turn_rules import TurnRules
from voice.desk import CallDesk, CallRecord, Ears, PinChecks, TalkTimeMeter
from voice.ports import (
    CallLeg,
    SpeechToText,
)
from voice.replay.notes import Notes
from voice.replay.tape import (
    Happened,
    Hooked,
    Profiled,
    Ruled,
    Tape,
    fields_of,
)
from voice.replay.taps import (
    NotedLeg,
    NotedMeter,
    NotedModel,
    NotedPins,
    NotedRecogniser,
    NotedRecord,
    NotedSpeech,
    NotedWords,
)


class Recorder:
    """Takes down one call; `tape` may be read at any time."""

    def __init__(
        self,
        desk: CallDesk,
        caller: Caller,
        began_at: datetime,
        clock: Callable[[], float],
        *,
        resumed: Recovered | None = None,
        sequence: int = 0,
    ) -> None:
        """Begin a tape; one of a stream that goes on with a call knows from what."""
        self._caller = caller
        shelf = desk.announcements
        tape = Tape(
            began_at=began_at.isoformat(),
            profile=caller.profile,
            visitor=caller.visitor,
            resumed=resumed,
            sequence=sequence,
            slower=caller.slower,
            redial=caller.redial,
            personas=dict(desk.personas()),
            reception_rules=desk.reception_rules(),
            default_model=desk.default_model,
            announcements={
                key: (shelf.texts[key], len(audio)) for key, audio in shelf.audio.items()
            },
        )
        self._notes = Notes(tape, clock)

    @property
    def tape(self) -> Tape:
        """What was recorded so far."""
        return self._notes.tape

    def leg(self, leg: CallLeg) -> CallLeg:
        """Return the leg, noting what comes and goes."""
        return NotedLeg(leg, self._notes)

    def desk(self, desk: CallDesk) -> CallDesk:
        """Return the desk, each port of it noting what passes."""
        return replace(
            desk,
            ears=replace(desk.ears, open=self._open_ears(desk.ears)),
            language_model=NotedModel(desk.language_model, self._notes),
            text_to_speech=NotedSpeech(desk.text_to_speech, self._notes),
            made_ahead=NotedWords(desk.made_ahead, self._notes),
            turn_rules=self._turn_rules(desk.turn_rules),
        )

    def meter(self, meter: TalkTimeMeter) -> TalkTimeMeter:
        """Return the meter, noting what it posts."""
        return NotedMeter(meter, self._notes)

    def record(self, record: CallRecord) -> CallRecord:
        """Return the record; while the call is off it nothing that is said is noted here either."""
        return NotedRecord(record, self._notes)

    def pins(self, pins: PinChecks) -> PinChecks:
        """Return the look-up of PINs, noting its answers and never a PIN."""
        return NotedPins(pins, self._notes)

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
            resumed=self.tape.resumed,
        )

    def outside(self, post: Callable[[Event], None]) -> Callable[[Event], None]:
        """Return the way in for whoever stands outside the call, noting what they post."""

        def noted(event: Event) -> None:
            self.tape.outside.append(Happened(self._notes.now, *fields_of(event)))
            post(event)

        return noted

    def _open_ears(
        self, ears: Ears
    ) -> Callable[[Callable[[], None], Callable[[], None]], SpeechToText]:
        def opened(on_lost: Callable[[], None], on_restored: Callable[[], None]) -> SpeechToText:
            def lost() -> None:
                self.tape.caller.append(Hooked(self._notes.now, is_lost=True))
                on_lost()

            def restored() -> None:
                self.tape.caller.append(Hooked(self._notes.now, is_lost=False))
                on_restored()

            return NotedRecogniser(ears.open(lost, restored), self._notes)

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
                self.tape.rules.append(Ruled(self._notes.now, persona.menu_key, rules))
            return rules

        return noted

    def _note_profile(self) -> None:
        """Note a profile that was edited, or grew by a proof, since the last event."""
        known = self.tape.profiles[-1].profile if self.tape.profiles else self.tape.profile
        if self._caller.profile != known:
            self.tape.profiles.append(Profiled(self._notes.now, self._caller.profile))
