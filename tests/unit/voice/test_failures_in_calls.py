"""What fails in mid-call: what the caller hears of it, what is tried again, what is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator

import pytest
import structlog

from shared.errors import ProviderError
from tests.support.fakes import FakeTextToSpeech, ScriptedReply, ScriptedSpeech
from tests.support.scripted_call import ScriptedCall, call, longest_gap, moment
from voice.conversation import events as on
from voice.conversation.commands import EndReason, Side
from voice.conversation.reception import Visitor
from voice.conversation.turn_rules import TurnRules
from voice.meter import Meter
from voice.ports import Voice

LOST = ProviderError("fake", "lost", retryable=True)
LATE = TurnRules(speculations=0)  # nothing is prepared that could fail unnoticed
MUTE = ScriptedSpeech(error=LOST)
REFUSED = ProviderError("fake", "the key was revoked", retryable=False)


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


def written(phone: ScriptedCall) -> list[tuple[Side, str]]:
    """Return what was written down after the greeting."""
    return [(entry.side, entry.text) for entry in phone.record.entries[1:]]


# The recogniser.


@pytest.mark.parametrize("after_seconds", [0.1, 0.4, 0.65, 0.9])
def test_words_said_over_a_broken_connection_are_heard_and_heard_once(after_seconds: float) -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        lose = phone.recogniser.stream.break_off
        asyncio.get_running_loop().call_later(after_seconds, lose)
        await phone.talk("tell me a long story")
        await phone.until_heard("long story.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert phone.heard.endswith("Lisa here.You said tell me a long story.")
    assert (Side.CALLER, "tell me a long story") in written(phone)
    assert len(phone.recogniser.streams) == 2


def test_what_is_said_while_nobody_listens_is_answered_when_somebody_does() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.recogniser.refusals = 5  # for some four seconds
        phone.recogniser.stream.break_off()
        await moment(0.3)
        await phone.talk("are you there")
        await phone.until_heard("You said are you there.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert phone.heard.endswith("Lisa here.recogniser lost.You said are you there.")
    assert written(phone) == [
        (Side.LINE, "recogniser lost."),
        (Side.CALLER, "are you there"),
        (Side.BUDDY, "You said are you there."),
    ]


def test_recogniser_that_stays_away_ends_in_a_goodbye_that_says_whose_fault_it_is() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me more")
        await phone.until_heard("You said tell me more.")
        phone.recogniser.refusals = 1000
        phone.recogniser.stream.break_off()
        await moment(60)

    phone = call(ScriptedCall, script)

    assert phone.heard.endswith("recogniser lost.still working.still working.recogniser gone.")
    assert "are you there" not in phone.heard  # it is not the caller who is silent
    assert phone.reason is EndReason.RECOGNISER_LOST
    assert (Side.CALLER, "tell me more") in written(phone)


@pytest.mark.parametrize("visitor", [Visitor(favourite_key=1), Visitor()])
def test_recogniser_that_refuses_for_good_ends_the_call_at_once(visitor: Visitor) -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.recogniser.refusal, phone.recogniser.refusals = REFUSED, 1000
        await moment(60)

    phone = call(lambda: ScriptedCall(visitor=visitor), script)

    assert phone.heard.endswith("recogniser gone.")
    assert "recogniser lost" not in phone.heard  # no "one moment" for what will not come
    assert "still working" not in phone.heard
    assert phone.reason is EndReason.RECOGNISER_LOST
    assert phone.leg.playbacks[-1].started_at < 3


def test_key_that_is_revoked_in_mid_call_ends_it_at_once() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.recogniser.refusal, phone.recogniser.refusals = REFUSED, 1000
        phone.recogniser.stream.break_off()
        await moment(60)

    phone = call(ScriptedCall, script)

    assert phone.heard.endswith("Lisa here.recogniser gone.")
    assert phone.reason is EndReason.RECOGNISER_LOST


def test_buddy_knows_that_nobody_listens_since_before_they_had_the_floor() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.recogniser.refusals = 1000
        await phone.until_heard("menu.")
        await moment(2)
        phone.leg.press("1")
        await moment(60)

    phone = call(lambda: ScriptedCall(visitor=Visitor()), script)

    assert "Lisa here.recogniser lost." in phone.heard
    assert phone.reason is EndReason.RECOGNISER_LOST


# The model.


def test_reply_that_breaks_off_is_kept_as_far_as_it_was_heard_and_the_model_knows() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(ScriptedReply("There was a bear. And then he", error=LOST))
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("reply failed.")
        await phone.talk("please go on")
        await phone.until_heard("go on.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(rules=LATE), script)

    assert written(phone)[:3] == [
        (Side.CALLER, "tell me a story"),
        (Side.BUDDY, "There was a bear."),
        (Side.LINE, "reply failed."),
    ]
    told = [message.text for message in phone.model.requests[-1].messages[1:]]
    assert told == [
        "Hi, Lisa here.",
        "tell me a story",
        "There was a bear. reply failed.",
        "please go on",
    ]


def test_model_that_is_gone_costs_three_apologies_and_a_kind_end() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(*[ScriptedReply(error=REFUSED)] * 9)
        await phone.until_heard("Lisa here.")
        for words in ("first", "second", "third"):
            await phone.talk(f"the {words} thing")
        await moment(60)

    phone = call(ScriptedCall, script)

    assert phone.heard.endswith("Lisa here.reply failed.reply failed.failed goodbye.")
    assert phone.reason is EndReason.FAILED
    assert [text for side, text in written(phone) if side is Side.CALLER] == [
        "the first thing",
        "the second thing",
        "the third thing",
    ]


# The voice.


def test_sentence_that_found_no_voice_is_not_kept_as_said() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.voice.fail(*[ScriptedSpeech(error=LOST)] * 2)
        await phone.talk("tell me a story")
        await phone.until_heard("synthesis failed.")
        await phone.talk("once more")
        await phone.until_heard("once more.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert written(phone) == [
        (Side.CALLER, "tell me a story"),
        (Side.LINE, "synthesis failed."),
        (Side.CALLER, "once more"),
        (Side.BUDDY, "You said once more."),
    ]
    assert "You said tell me a story." not in str(phone.model.requests[-1].messages)


def test_voice_that_breaks_in_mid_sentence_leaves_what_was_heard_and_the_rest_struck_out() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer("There was a bear who sang all day and all night.")
        await phone.until_heard("Lisa here.")
        phone.voice.fail(ScriptedSpeech(after_seconds=1.2, error=LOST), *[MUTE] * 2)
        await phone.talk("tell me a story")
        await phone.until_heard("synthesis failed.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    cut = next(entry for entry in phone.record.entries if entry.unheard)
    assert "There was a bear who sang".startswith(cut.text)
    assert cut.text
    assert f"{cut.text} {cut.unheard}" == "There was a bear who sang all day and all night."


STORY = ("There was a bear who sang.", "He sang all day.", "He sang all night.", "Then he slept.")


@pytest.mark.parametrize("stalls", [False, True])
def test_sentence_that_breaks_off_is_said_again_and_nothing_is_apologised_for(
    *, stalls: bool
) -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(" ".join(STORY))
        await phone.until_heard("Lisa here.")
        phone.voice.fail(ScriptedSpeech(after_seconds=0.9, error=LOST, stalls=stalls))
        await phone.talk("tell me a story")
        await phone.until_heard(STORY[-1])
        await moment(1)
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(rules=LATE), script)

    assert written(phone)[1:] == [(Side.BUDDY, text) for text in STORY]
    assert not any(entry.unheard for entry in phone.record.entries)
    assert longest_gap(phone) < 4


class Hoarse(FakeTextToSpeech):
    """A voice that breaks in the second sentence of a story, or can't say it at all."""

    def __init__(self, *, breaks: bool) -> None:
        super().__init__()
        self._breaks = breaks

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        if text == STORY[1] and self._breaks:
            self._breaks = False
            self.script.append(ScriptedSpeech(after_seconds=0.9, error=LOST))
        elif text == STORY[1]:
            self.script.append(MUTE)
        async for chunk in super().synthesise(text, voice):
            yield chunk


@pytest.mark.parametrize("breaks", [False, True])
def test_voice_that_leaves_in_a_long_reply_is_apologised_for_after_the_last_good_sentence(
    *, breaks: bool
) -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(" ".join(STORY))
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("synthesis failed.")
        await moment(5)
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(rules=LATE, voice=Hoarse(breaks=breaks)), script)

    good, cut, line = phone.record.entries[2:]
    assert (good.text, good.unheard) == (STORY[0], "")
    assert (cut.text, cut.unheard) == ("", " ".join(STORY[1:]))
    assert (line.side, line.text) == (Side.LINE, "synthesis failed.")
    assert STORY[0] in phone.heard
    assert longest_gap(phone) < 2
    assert phone.heard.endswith("synthesis failed.")
    assert STORY[2] not in phone.heard


def test_voice_that_is_gone_costs_three_apologies_and_a_kind_end() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.voice.fail(*[ScriptedSpeech(error=REFUSED)] * 9)
        for words in ("first", "second", "third"):
            await phone.talk(f"the {words} thing")
            await moment(1)
        await moment(60)

    phone = call(ScriptedCall, script)

    assert phone.heard.endswith("Lisa here.synthesis failed.synthesis failed.failed goodbye.")
    assert phone.reason is EndReason.FAILED


# The database.


def test_database_that_stays_away_lets_the_lease_be_talked_out_and_ends_kindly() -> None:
    async def away(_used_seconds: int) -> None:
        raise LOST

    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        for _ in range(9):
            await phone.talk("tell me more")
            await moment(3)
        await moment(60)

    def phone_of() -> ScriptedCall:
        phone = ScriptedCall()
        phone.session._meter = Meter(away)  # type: ignore[arg-type]
        return phone

    phone = call(phone_of, script)

    assert "You said tell me more." in phone.heard
    assert phone.heard.endswith("failed goodbye.")
    assert phone.reason is EndReason.FAILED


# The line.


@pytest.mark.parametrize("while_speaking", [False, True])
def test_line_that_breaks_keeps_what_was_said_until_then(*, while_speaking: bool) -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer("There was a bear who sang all day and all night, and then he slept.")
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("sang all day")
        if not while_speaking:
            await phone.until_heard("slept.")
            await phone.leg.say("and what then", then_silence=0.5)
        phone.session.post(on.CallerHungUp(is_lost=True))

    phone = call(ScriptedCall, script)

    assert phone.reason is EndReason.LINE_LOST
    last = phone.record.entries[-1]
    if while_speaking:
        assert (last.side, last.was_interrupted) == (Side.BUDDY, True)
        assert "then he slept." in last.unheard
    else:
        assert (last.side, last.text) == (Side.CALLER, "and what then")


def test_marks_that_never_return_cost_seconds_and_not_the_call() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.leg.loses_marks = True
        await phone.talk("tell me a story")
        await phone.until_heard("a story.")
        phone.leg.loses_marks = False
        await moment(7)
        await phone.talk("once more")
        await phone.until_heard("once more.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert phone.reason is EndReason.CALLER_HUNG_UP


# Our own mistakes.


class Broken:
    """A port whose adapter has a mistake in it."""

    def __getattr__(self, name: str) -> object:
        message = f"nobody thought of {name}"
        raise RuntimeError(message)


@pytest.mark.parametrize("port", ["model", "voice", "ears"])
def test_mistake_of_ours_sounds_like_any_other_failure_and_hurts_no_other_task(port: str) -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        if port == "model":
            phone.model.script.append(Broken())  # type: ignore[arg-type]
        elif port == "voice":
            phone.voice.script.append(Broken())  # type: ignore[arg-type]
        else:
            phone.recogniser.refusal = RuntimeError("a mistake")  # type: ignore[assignment]
            phone.recogniser.refusals = 1
            phone.recogniser.stream.break_off()
        await phone.talk("tell me a story")
        await moment(5)
        if port != "ears":
            await phone.talk("once more")
            await phone.until_heard("You said once more.")
            phone.leg.hang_up()
        await moment(60)

    phone = call(lambda: ScriptedCall(rules=LATE), script)

    apology = {"model": "reply failed.", "voice": "synthesis failed.", "ears": "recogniser gone."}
    assert apology[port] in phone.heard
    assert longest_gap(phone) <= 4.0 or port == "ears"
