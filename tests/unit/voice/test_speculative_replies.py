"""Speculative replies in a whole call: nothing is heard before the commit, all of it at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.errors import ProviderError
from tests.support.fakes import ScriptedReply
from tests.support.scripted_call import ScriptedCall, call
from voice.conversation import events as on
from voice.conversation.commands import Side
from voice.conversation.turn_rules import TurnRules
from voice.timing import Stage

LOST = ProviderError("fake", "lost", retryable=True)
PAUSE_MS = 800


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


def test_prepared_reply_is_heard_the_moment_the_pause_is_over() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(ScriptedReply("You said tell me a story.", first_token_seconds=0.1))
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("You said tell me a story.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    (times,) = phone.record.timings
    assert times.was_speculated
    assert times.gap_ms == pytest.approx(PAUSE_MS, abs=21)  # the line's own 20 ms
    assert times.stages_ms[Stage.FIRST_BYTE] < PAUSE_MS
    assert (phone.record.prepared, phone.record.committed) == (1, 1)
    assert len(phone.model.requests) == 1
    assert [request.text for request in phone.voice.requests].count(
        "You said tell me a story."
    ) == 1


def test_reply_for_words_that_went_on_is_cancelled_and_never_shown_heard_or_stored() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer("This is what nobody may hear. Nor this.", "A bear it is.")
        await phone.until_heard("Lisa here.")
        await phone.leg.say("tell me a story", then_silence=0.6)
        await phone.talk("about a bear")
        await phone.until_heard("A bear it is.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    shown = [text for _, text in phone.record.interims]
    written = [entry.text + entry.unheard for entry in phone.record.entries]
    assert not any("nobody may hear" in text for text in (phone.heard, *shown, *written))
    assert phone.record.entries[1].text == "tell me a story about a bear"
    assert phone.record.prepared - phone.record.committed == 1
    assert phone.model.cancelled + phone.voice.cancelled >= 1


def test_only_the_first_segment_is_made_before_the_commit() -> None:
    ahead: list[str] = []

    async def script(phone: ScriptedCall) -> None:
        phone.model.answer("One thing first. Then another thing. And a third one.")
        await phone.until_heard("Lisa here.")
        await phone.leg.say("tell me a story", then_silence=0.78)
        ahead.extend(request.text for request in phone.voice.requests)
        await phone.until_heard("And a third one.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(rules=TurnRules(pause=1.5)), script)

    assert ahead == ["One thing first."]
    assert phone.heard.endswith("One thing first.Then another thing.And a third one.")


def test_preparation_that_fails_costs_the_caller_nothing_but_time() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(ScriptedReply(error=LOST), "Here you are.")
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("Here you are.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert "reply failed" not in phone.heard
    assert not phone.record.timings[0].was_speculated


def test_slow_preparation_is_released_as_it_comes() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(ScriptedReply("Here you are. And more.", first_token_seconds=1.5))
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("And more.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    # Asked for 400 ms after the last word; 1500 for the model, 20 for its words, 200 for the voice.
    assert phone.record.timings[0].gap_ms == pytest.approx(400 + 1500 + 20 + 200, abs=40)
    assert len(phone.model.requests) == 1


def test_hint_taken_back_leaves_no_trace() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        await phone.leg.say("tell me a story", then_silence=0.6)
        phone.session.post(on.UtteranceResumed())
        await phone.until_heard("You said tell me a story.")
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    assert (phone.record.prepared, phone.record.committed) == (1, 0)
    assert [entry.text for entry in phone.record.entries if entry.side is Side.BUDDY] == [
        "Hi, Lisa here.",
        "You said tell me a story.",
    ]
