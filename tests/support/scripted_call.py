"""A whole call on fakes, in virtual time, with a scripted caller."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.configuration import PersonaView
from shared.ids import PersonaId, PersonaVersionId
from shared.services.caller_profiles import CallerProfile
from shared.services.new_accounts import AccountKind
from shared.services.profiles import Profile
from tests.support.fake_line import FakeCallLeg
from tests.support.fake_sound import fake_speech, silence
from tests.support.fakes import (
    FakeLanguageModel,
    FakeSpeechToText,
    FakeTextToSpeech,
)
from tests.support.loop_time import now
from voice.announcements import AnnouncementShelf
from voice.call import CallSession
from voice.caller import Caller
from voice.conversation import events as on
from voice.conversation.commands import Announcement, EndReason, Side, WriteEntry
from voice.conversation.reception import ReceptionRules, Visitor
from voice.conversation.recovery import Recovered
from voice.conversation.turn_rules import TurnRules
from voice.desk import CallDesk, Ears, PinChecks
from voice.patience import RetryingTextToSpeech, TimedLanguageModel
from voice.ports import Voice
from voice.reconnecting import ReconnectingSpeechToText
from voice.replay.virtual_time import run_in_virtual_time
from voice.timing import TurnTimes

BEGAN_AT = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)  # a Sunday
FILLERS = ("Hm.", "Let me think.")
TEXTS = {announcement: f"{announcement.replace('_', ' ')}." for announcement in Announcement}


def persona(key: int, name: str) -> PersonaView:
    return PersonaView(
        version_id=PersonaVersionId(f"pve_{key}"),
        persona_id=PersonaId(f"per_{key}"),
        slug=name.lower(),
        name=name,
        menu_key=key,
        prompt=f"You are {name}.",
        card="",
        voice=f"voice-{key}",
        voice_instructions="",
        model=None,
        fillers=FILLERS,
        search_fillers=(),
        greeting=f"Hi {{name}}, {name} here.",
        greeting_unnamed=f"Hi, {name} here.",
        pause_difference_seconds=0,
        tagline="",
        sample_lines=(),
    )


def stranger(name: str | None = None, **settings: Any) -> CallerProfile:
    """Return the profile of a caller who has proved nothing."""
    chosen: dict[str, Any] = {
        "spoken_name": name,
        "time_zone": None,
        "favourite_menu_key": None,
        "pace": 1.0,
        "pause_seconds": None,
        "keeps_memory": True,
        "has_pin": False,
    }
    return CallerProfile(AccountKind.TEMPORARY, Profile(**{**chosen, **settings}))


@dataclass
class Record:
    """Remembers what was to be written down."""

    entries: list[WriteEntry] = field(default_factory=list)
    interims: list[tuple[Side, str]] = field(default_factory=list)
    consents: int = 0
    chosen: list[str] = field(default_factory=list)
    dividers: list[str] = field(default_factory=list)
    is_off: bool = False
    owes_reply: bool = False
    timings: list[TurnTimes] = field(default_factory=list)
    answered_at: float | None = None
    interruptions: int = 0
    underruns: int = 0
    times_slower: int = 0
    shares: list[float] = field(default_factory=list)  # heard of what a buddy was saying
    prepared: int = 0
    committed: int = 0

    def consent(self) -> None:
        self.consents += 1

    def persona(self, persona: PersonaView) -> None:
        self.chosen.append(persona.slug)

    def slower(self, times: int) -> None:
        self.times_slower = times

    def resume_off(self) -> None:
        self.is_off = True

    def heard(self, share: float) -> None:
        self.shares.append(share)

    def turn_ended(self) -> None:
        self.owes_reply = True

    def turn_answered(self) -> None:
        self.owes_reply = False

    def go_off(self) -> None:
        self.dividers.append("off")

    def go_on(self) -> None:
        self.dividers.append("on")

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

    def answered(self) -> None:
        self.answered_at = now()

    def interrupted(self) -> None:
        self.interruptions += 1

    def underrun(self) -> None:
        self.underruns += 1


class NoMeter:
    """Unlimited talk time; tells when it was started, and how often."""

    def __init__(self) -> None:
        self.starts: list[float] = []

    @property
    def started_at(self) -> float | None:
        return self.starts[0] if self.starts else None

    async def run(self, post: Callable[[on.Event], None]) -> None:
        self.starts.append(now())


class ReadyWords:
    """Greetings whose audio is ready, and what a test has made ready."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}  # and what they sound like

    def audio(self, voice: Voice, text: str) -> bytes | None:
        sound = self.words.get(text, text if text.startswith("Hi") else None)
        return fake_speech(sound) if sound is not None else None

    def ready(self, voice: Voice, texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(text for text in texts if text in self.words)

    async def prepare_all(self, voice: Voice, texts: Iterable[str]) -> None:
        """Make nothing that a test has not made."""


class ScriptedCall:
    """One call under test: the caller's side of it and what it led to."""

    def __init__(
        self,
        *,
        name: str | None = None,
        visitor: Visitor | None = None,
        rules: TurnRules | None = None,
        profile: CallerProfile | None = None,
        pins: PinChecks | None = None,
        resumed: Recovered | None = None,
        model: FakeLanguageModel | None = None,
        voice: FakeTextToSpeech | None = None,
    ) -> None:
        self.rules = rules  # asked for anew at every event
        self.reason: EndReason | None = None  # once the call is over
        self.heard = ""
        self.speech: list[tuple[float, float]] = []  # when the caller spoke, from and to
        self.leg = FakeCallLeg()
        self.recogniser = FakeSpeechToText(delay=0.1)
        self.model = model or FakeLanguageModel()
        self.voice = voice or FakeTextToSpeech()
        self.made_ahead = ReadyWords()
        self.warmed: list[str] = []  # voices that were told to be ready
        self.record = Record()
        self.meter = NoMeter()
        self.pins: list[str] = []  # that were typed
        self.caller = Caller(
            profile or stranger(name), visitor or Visitor(favourite_key=1), BEGAN_AT
        )
        personas = {1: persona(1, "Lisa"), 2: persona(2, "Ben")}
        self.desk = CallDesk(
            ears=Ears(
                lambda lost, restored: ReconnectingSpeechToText(
                    self.recogniser, on_lost=lost, on_restored=restored
                )
            ),
            language_model=TimedLanguageModel(self.model, first_token_seconds=10),
            text_to_speech=RetryingTextToSpeech(self.voice),
            announcements=AnnouncementShelf(
                TEXTS, {key: fake_speech(text) for key, text in TEXTS.items()}
            ),
            made_ahead=self.made_ahead,
            personas=lambda: personas,
            turn_rules=lambda _persona, pause: self.rules or TurnRules(pause=pause or 0.8),
            reception_rules=ReceptionRules,
            default_model="the-model",
            warm_voice=self.warm,
        )
        self.session = CallSession(
            self.leg,
            self.desk,
            caller=self.caller,
            record=self.record,
            meter=self.meter,
            pins=pins or self,
            resumed=resumed,
        )

    async def warm(self, voice: Voice) -> None:
        self.warmed.append(voice.name)

    async def check(self, pin: str) -> on.PinChecked:
        """Find that the PIN is wrong, as a caller without any does."""
        self.pins.append(pin)
        return on.PinChecked(on.PinResult.NOT_SET)

    async def until_heard(self, words: str) -> None:
        """Wait until the caller has heard these words."""
        async with asyncio.timeout(60):
            while words not in self.leg.heard():
                await moment(0.02)

    async def talk(self, text: str) -> None:
        """Say something and fall silent long enough for the turn to end."""
        began = now()
        await self.leg.say(text)
        self.speech.append((began, now()))
        await self.leg.speak(silence(2.0))


async def moment(seconds: float) -> None:
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=seconds)


def call(
    phone_of: Callable[[], ScriptedCall], script: Callable[[ScriptedCall], Awaitable[None]]
) -> ScriptedCall:
    """Run a call to its end, with the caller doing as scripted."""

    async def play() -> ScriptedCall:
        phone = phone_of()

        async def caller() -> None:
            await script(phone)

        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(phone.session.run())
            acting = tasks.create_task(caller())
            await running
            acting.cancel()
        phone.reason, phone.heard = running.result(), phone.leg.heard()
        return phone

    return run_in_virtual_time(play())


def longest_gap(phone: ScriptedCall) -> float:
    """Return the longest silence, in seconds, in which the caller waited for the buddy.

    For callers who speak again sooner than a buddy would ask whether they are there.
    """
    waits = []
    for before, after in itertools.pairwise(phone.leg.playbacks):
        between = [
            ended
            for began, ended in phone.speech
            if began < after.started_at and ended > before.ended_at
        ]
        since = max(between, default=before.ended_at)
        waits.append(after.started_at - since)
    return max(waits, default=0.0)
