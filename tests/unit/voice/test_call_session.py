"""A whole call on fakes, in virtual time: what the caller hears, and what is written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
import structlog

from shared.configuration import PersonaView
from shared.errors import ProviderError
from shared.ids import PersonaId, PersonaVersionId
from tests.support.fakes import (
    FakeCallLeg,
    FakeLanguageModel,
    FakeSpeechToText,
    FakeTextToSpeech,
    ScriptedReply,
    ScriptedSpeech,
    fake_speech,
)
from tests.support.virtual_time import run_in_virtual_time
from voice.call import Announcements, CallDesk, Caller, CallSession, Ears
from voice.conversation import events as on
from voice.conversation.commands import Announcement, EndReason, Side, WriteEntry
from voice.conversation.machine import TurnRules
from voice.conversation.reception import ReceptionRules, Visitor
from voice.timing import Stage, TurnTimes

TEXTS = {announcement: f"{announcement.replace('_', ' ')}." for announcement in Announcement}
LOST = ProviderError("fake", "lost", retryable=True)


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
        fillers=(),
        search_fillers=(),
        greeting=f"Hi {{name}}, {name} here.",
        greeting_unnamed=f"Hi, {name} here.",
        pause_difference_seconds=0,
        tagline="",
        sample_lines=(),
    )


@dataclass
class Record:
    """Remembers what was to be written down."""

    entries: list[WriteEntry] = field(default_factory=list)
    interims: list[tuple[Side, str]] = field(default_factory=list)
    consents: int = 0
    chosen: list[str] = field(default_factory=list)
    timings: list[TurnTimes] = field(default_factory=list)

    def consent(self) -> None:
        self.consents += 1

    def persona(self, persona: PersonaView) -> None:
        self.chosen.append(persona.slug)

    def interim(self, side: Side, text: str) -> None:
        self.interims.append((side, text))

    def entry(self, entry: WriteEntry, persona: PersonaView | None) -> None:
        self.entries.append(entry)

    def timing(self, times: TurnTimes) -> None:
        self.timings.append(times)


class NoMeter:
    """Unlimited talk time; tells when it was started."""

    def __init__(self) -> None:
        self.started_at: float | None = None

    async def run(self, post: Callable[[on.Event], None]) -> None:
        self.started_at = asyncio.get_running_loop().time()


class MadeAhead:
    """Greetings whose audio is ready."""

    def audio(self, persona: PersonaView, text: str) -> bytes | None:
        return fake_speech(text) if text.startswith("Hi") else None


class Phone:
    """One call under test: the caller's side of it and what it led to."""

    def __init__(
        self,
        *,
        name: str | None = None,
        visitor: Visitor | None = None,
        rules: TurnRules | None = None,
    ) -> None:
        self.reason: EndReason | None = None  # once the call is over
        self.heard = ""
        self.leg = FakeCallLeg()
        self.recogniser = FakeSpeechToText(delay=0.1)
        self.model = FakeLanguageModel()
        self.voice = FakeTextToSpeech()
        self.record = Record()
        self.meter = NoMeter()
        personas = {1: persona(1, "Lisa"), 2: persona(2, "Ben")}
        self.session = CallSession(
            self.leg,
            CallDesk(
                ears=Ears(lambda _lost, _restored: self.recogniser),
                language_model=self.model,
                text_to_speech=self.voice,
                announcements=Announcements(
                    TEXTS, {key: fake_speech(text) for key, text in TEXTS.items()}
                ),
                greetings=MadeAhead(),
                personas=lambda: personas,
                turn_rules=lambda _persona: rules or TurnRules(),
                reception_rules=ReceptionRules,
                default_model="the-model",
            ),
            caller=Caller(name, visitor or Visitor(favourite_key=1)),
            record=self.record,
            meter=self.meter,
        )

    async def until_heard(self, words: str) -> None:
        """Wait until the caller has heard these words."""
        async with asyncio.timeout(60):
            while words not in self.leg.heard():
                await moment(0.02)

    async def talk(self, text: str) -> None:
        await self.leg.say(text, then_silence=2.0)


async def moment(seconds: float) -> None:
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=seconds)


def call(phone_of: Callable[[], Phone], script: Callable[[Phone], Awaitable[None]]) -> Phone:
    """Run a call to its end, with the caller doing as scripted."""

    async def play() -> Phone:
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


def test_caller_hears_notice_greeting_and_an_answer_and_all_of_it_is_written_down() -> None:
    async def script(phone: Phone) -> None:
        await phone.until_heard("Hi Sam, Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("You said tell me a story.")
        phone.leg.hang_up()

    phone = call(lambda: Phone(name="Sam"), script)

    assert phone.heard == "notice.Hi Sam, Lisa here.You said tell me a story."
    assert phone.record.consents == 1
    assert phone.record.chosen == ["lisa"]
    assert [(entry.side, entry.text) for entry in phone.record.entries] == [
        (Side.BUDDY, "Hi Sam, Lisa here."),
        (Side.CALLER, "tell me a story"),
        (Side.BUDDY, "You said tell me a story."),
    ]
    assert (Side.CALLER, "tell me") in phone.record.interims
    assert phone.model.requests[0].model == "the-model"


def test_first_sound_comes_at_once_and_talk_time_starts_with_the_greeting() -> None:
    async def script(phone: Phone) -> None:
        await phone.until_heard("Lisa here.")
        phone.leg.hang_up()

    phone = call(Phone, script)

    assert phone.leg.playbacks[0].started_at < 0.05
    notice_seconds = len(fake_speech(TEXTS[Announcement.NOTICE])) / 8000
    assert phone.meter.started_at == pytest.approx(notice_seconds, abs=0.1)


def test_recogniser_gets_no_audio_before_the_notice_was_heard() -> None:
    async def script(phone: Phone) -> None:
        await phone.leg.say("secret", then_silence=0)
        assert phone.recogniser.streams == []
        await phone.until_heard("Lisa here.")
        phone.leg.hang_up()

    phone = call(Phone, script)

    assert b"s" not in bytes(phone.recogniser.stream.audio)


def test_key_chooses_a_buddy() -> None:
    async def script(phone: Phone) -> None:
        await phone.until_heard("menu")
        phone.leg.press("2")
        await phone.until_heard("Ben here.")
        phone.leg.hang_up()

    phone = call(lambda: Phone(visitor=Visitor()), script)

    assert phone.record.chosen == ["ben"]


def test_interruption_stops_the_buddy_and_keeps_only_what_was_heard() -> None:
    async def script(phone: Phone) -> None:
        phone.model.answer("Once upon a time there was a bear who sang all day and all night long.")
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("Once upon a time")
        await phone.leg.say("please stop that now", then_silence=2)
        await phone.until_heard("You said please stop that now.")
        phone.leg.hang_up()

    phone = call(Phone, script)

    cut = next(entry for entry in phone.record.entries if entry.was_interrupted)
    assert phone.leg.clears >= 1
    assert cut.text.startswith("Once upon a time")
    assert cut.unheard.endswith("night long.")
    assert cut.text in phone.heard
    assert "long." not in phone.heard
    told = phone.model.requests[-1].messages
    assert any(cut.text in message.text and "interrupted" in message.text for message in told)


def test_nothing_of_an_interrupted_reply_is_sent_after_its_clear() -> None:
    async def script(phone: Phone) -> None:
        phone.model.answer(*["One sentence here. Another sentence there. A third one follows."] * 2)
        await phone.until_heard("Lisa here.")
        await phone.talk("go on then")
        await phone.until_heard("One sentence")
        await phone.leg.say("wait", then_silence=2)
        phone.leg.hang_up()

    phone = call(Phone, script)

    kinds = [sent.kind for sent in phone.leg.sent]
    cleared = kinds.index("clear")
    after = b"".join(sent.audio for sent in phone.leg.sent[cleared:] if sent.kind == "audio")
    assert b"h" * 320 not in after or phone.model.requests[-1].messages[-1].text == "wait"


def test_slow_model_is_covered_and_no_silence_exceeds_four_seconds() -> None:
    async def script(phone: Phone) -> None:
        phone.model.answer(ScriptedReply("Here it is.", first_token_seconds=9))
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("Here it is.")
        phone.leg.hang_up()

    phone = call(Phone, script)

    assert "still working." in phone.heard
    assert longest_gap(phone) <= 4.0


@pytest.mark.parametrize(
    "reply",
    [
        ScriptedReply(error=LOST),
        ScriptedReply("Half a sen", error=LOST),
        ScriptedReply(""),
        ScriptedReply(stalls=True),
        ScriptedReply("A first sentence. And", stalls=True),
    ],
)
def test_failing_model_is_apologised_for_and_the_call_goes_on(reply: ScriptedReply) -> None:
    async def script(phone: Phone) -> None:
        phone.model.answer(reply)
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("reply failed.")
        await phone.talk("once more")
        await phone.until_heard("once more.")
        phone.leg.hang_up()

    phone = call(Phone, script)

    assert longest_gap(phone) <= 4.0


@pytest.mark.parametrize(
    "failure", [ScriptedSpeech(), ScriptedSpeech(after_seconds=0.4, error=LOST)]
)
def test_failing_voice_is_apologised_for_and_the_call_goes_on(failure: ScriptedSpeech) -> None:
    async def script(phone: Phone) -> None:
        await phone.until_heard("Lisa here.")
        phone.voice.fail(failure)
        await phone.talk("tell me a story")
        await phone.until_heard("synthesis failed.")
        await phone.talk("once more")
        await phone.until_heard("once more.")
        phone.leg.hang_up()

    phone = call(Phone, script)

    assert longest_gap(phone) <= 4.0


def test_end_of_talk_time_closes_and_hangs_up() -> None:
    async def script(phone: Phone) -> None:
        await phone.until_heard("Lisa here.")
        phone.session.post(on.TalkTimeLow(60))
        await phone.until_heard("talk time low.")
        phone.session.post(on.TalkTimeOver())

    phone = call(Phone, script)

    assert phone.heard.endswith("talk time low.talk time over.")
    assert phone.reason is EndReason.TALK_TIME_OVER


def test_silent_caller_is_said_goodbye_to() -> None:
    async def script(_phone: Phone) -> None:
        await moment(500)

    phone = call(Phone, script)

    assert phone.reason is EndReason.CALLER_SILENT
    assert phone.heard.count("are you there.") == 2


def test_stages_of_a_turn_are_timed_in_their_order() -> None:
    async def script(phone: Phone) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("story.")
        phone.leg.hang_up()

    phone = call(Phone, script)

    (times,) = phone.record.timings
    order = [
        Stage.FINAL_WORDS,
        Stage.REQUEST,
        Stage.FIRST_TOKEN,
        Stage.FIRST_SEGMENT,
        Stage.FIRST_BYTE,
        Stage.FIRST_FRAME,
        Stage.FIRST_MARK,
    ]
    moments = [times.stages_ms[stage] for stage in order]
    assert moments == sorted(moments)
    # The pause of 800 ms, 300 for the model, 200 for the voice, and nothing of our own.
    assert times.gap_ms == pytest.approx(800 + 300 + 200, abs=80)


def longest_gap(phone: Phone) -> float:
    """Return the longest silence, in seconds, while the caller waited for the buddy."""
    waits: list[float] = []
    for request in phone.model.requests:
        sounds = [played for played in phone.leg.playbacks if played.started_at >= request.at]
        ends = request.at - TurnRules().pause
        for played in sounds:
            waits.append(played.started_at - ends)
            ends = played.ended_at
            break
    for before, after in zip(phone.leg.playbacks, phone.leg.playbacks[1:], strict=False):
        spoke = any(
            before.ended_at <= request.at <= after.started_at for request in phone.model.requests
        )
        if not spoke:
            waits.append(after.started_at - before.ended_at)
    return max(waits, default=0.0)


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()


def test_pause_time_edited_in_mid_call_counts_from_the_next_turn_on() -> None:
    rules = [TurnRules()]

    def phone_of() -> Phone:
        phone = Phone()
        phone.session._desk = replace(phone.session._desk, turn_rules=lambda _p: rules[0])
        return phone

    async def script(phone: Phone) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("first turn")
        await phone.until_heard("You said first turn.")
        rules[0] = TurnRules(pause=1.6)
        await phone.talk("second turn")
        await phone.until_heard("You said second turn.")
        phone.leg.hang_up()

    phone = call(phone_of, script)

    first, second = phone.record.timings
    assert first.stages_ms[Stage.REQUEST] == pytest.approx(800, abs=50)
    assert second.stages_ms[Stage.REQUEST] == pytest.approx(1600, abs=50)
