"""What a call is given: the ports it shares with others, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.configuration import PersonaView
from voice.announcements import AnnouncementShelf
from voice.conversation.commands import Side, WriteEntry
from voice.conversation.events import Event, PinChecked
from voice.conversation.reception import ReceptionRules
from voice.conversation.turn_rules import TurnRules
from voice.ports import FRAME_BYTES, LanguageModel, SpeechToText, TextToSpeech, Voice
from voice.timing import TurnTimes


class CallRecord(Protocol):
    """What is written down of a call. Nothing here blocks; the store catches up by itself."""

    def consent(self) -> None: ...

    def persona(self, persona: PersonaView) -> None: ...

    def slower(self, times: int) -> None: ...

    def go_off(self) -> None: ...

    def resume_off(self) -> None: ...

    def go_on(self) -> None: ...

    def interim(self, side: Side, text: str) -> None: ...

    def heard(self, share: float) -> None: ...

    def turn_ended(self) -> None: ...

    def turn_answered(self) -> None: ...

    def entry(self, entry: WriteEntry, persona: PersonaView | None) -> None: ...

    def reply_prepared(self) -> None: ...

    def reply_committed(self) -> None: ...

    def timing(self, times: TurnTimes) -> None: ...

    def answered(self) -> None: ...

    def interrupted(self) -> None: ...

    def underrun(self) -> None: ...


class TalkTimeMeter(Protocol):
    """Meters the call's talk time from its start on; posts low, over and store lost."""

    async def run(self, post: Callable[[Event], None]) -> None: ...


class WordsMadeAhead(Protocol):
    """Words in buddies' voices that can be said at once."""

    def audio(self, voice: Voice, text: str) -> bytes | None: ...

    def ready(self, voice: Voice, texts: Iterable[str]) -> tuple[str, ...]: ...

    async def prepare_all(self, voice: Voice, texts: Iterable[str]) -> None: ...


class PinChecks(Protocol):
    """Looks up a PIN; what it proves is in the caller's profile from then on."""

    async def check(self, pin: str) -> PinChecked: ...


@dataclass(frozen=True, slots=True)
class Ears:
    """How a call gets its recogniser: opened with the hooks that tell of its loss."""

    open: Callable[[Callable[[], None], Callable[[], None]], SpeechToText]
    key_terms: tuple[str, ...] = ()
    message_bytes: int = FRAME_BYTES  # that the recogniser takes at once


@dataclass(frozen=True, slots=True)
class CallDesk:
    """Everything a call needs and shares with others."""

    ears: Ears
    language_model: LanguageModel
    text_to_speech: TextToSpeech
    announcements: AnnouncementShelf
    made_ahead: WordsMadeAhead
    personas: Callable[[], Mapping[int, PersonaView]]
    turn_rules: Callable[[PersonaView, float | None], TurnRules]  # and the caller's own pause
    reception_rules: Callable[[], ReceptionRules]
    default_model: str
    warm_voice: Callable[[Voice], Coroutine[Any, Any, None]]  # for who is about to speak
