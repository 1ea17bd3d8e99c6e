"""No silence of more than four seconds while it is the buddy's turn, whatever fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ProviderError
from tests.support.fakes import ScriptedReply, ScriptedSpeech
from tests.support.scripted_call import FILLERS, TEXTS, ScriptedCall, call, longest_gap, moment
from voice.conversation import events as on
from voice.conversation.commands import Announcement, EndReason
from voice.conversation.endings import ending_of
from voice.conversation.events import PinResult

LOST = ProviderError("fake", "lost", retryable=True)
TURNS = ("tell me a story", "and what then", "one more please")

replies = st.builds(
    ScriptedReply,
    text=st.sampled_from(
        ["", "Well.", "Here is one. And here is another one, a bit longer than the first."]
    ),
    first_token_seconds=st.sampled_from([0.2, 1.5, 5.0, 9.5]),
    token_seconds=st.sampled_from([0.01, 0.5, 3.0]),
    error=st.sampled_from([None, LOST]),
    stalls=st.booleans(),
)
speeches = st.builds(
    ScriptedSpeech,
    error=st.sampled_from([None, LOST]),
    stalls=st.booleans(),
    after_seconds=st.sampled_from([0.0, 0.4, 1.5]),
)


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


# What comes in between, and interrupts nobody.
happenings = st.sampled_from(
    [
        on.TalkTimeLow(60),
        on.StoreLost(),
        on.DigitPressed("*"),
        on.DigitPressed("5"),
        on.PinChecked(PinResult.RIGHT, 5),
        on.PinChecked(PinResult.WRONG, 1),
        on.VoiceDetected(),
    ]
)
endings = st.one_of(
    st.builds(on.SpendStopped, st.sampled_from(on.StopReason)),
    st.builds(on.ServiceEnding, st.booleans()),
    st.sampled_from([on.TalkTimeOver(), on.LeaseRanOut(), on.CallDeleted()]),
)


@given(
    st.lists(replies, max_size=4),
    st.lists(speeches, max_size=3),
    st.lists(st.integers(0, 3), max_size=2),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 6), happenings), max_size=4),
    st.sampled_from([(), FILLERS]),
)
@settings(max_examples=40, deadline=None)
def test_no_silence_over_four_seconds_whatever_fails(
    script: list[ScriptedReply],
    voices: list[ScriptedSpeech],
    breaks: list[int],
    between: list[tuple[int, float, on.Event]],
    fillers: tuple[str, ...],
) -> None:
    async def caller(phone: ScriptedCall) -> None:
        loop = asyncio.get_running_loop()
        phone.made_ahead.words = {words: words for words in fillers}
        phone.model.answer(*script)
        await phone.until_heard("Lisa here.")
        phone.voice.fail(*voices)
        for number, words in enumerate(TURNS):
            if number in breaks:
                phone.recogniser.stream.break_off()
            for turn, seconds, event in between:
                if turn == number:
                    loop.call_later(seconds, phone.session.post, event)
            await phone.talk(words)
            await moment(2.0)
            assert phone.leg.playbacks[-1].ended_at > phone.speech[-1][1], "nobody answers"
            while phone.leg.is_playing:
                await phone.leg.until_quiet()
                await moment(3.2)
        phone.leg.hang_up()

    phone = call(ScriptedCall, caller)

    assert phone.reason in (EndReason.CALLER_HUNG_UP, EndReason.FAILED)
    assert longest_gap(phone) <= 4.0


@given(
    st.lists(replies, max_size=2),
    st.lists(speeches, max_size=2),
    st.floats(0, 12),
    endings,
    st.lists(st.tuples(st.floats(0, 2), happenings), max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_call_that_we_end_is_said_goodbye_to_at_once_whatever_else_happens(
    script: list[ScriptedReply],
    voices: list[ScriptedSpeech],
    at: float,
    event: on.ClosingEvent,
    after: list[tuple[float, on.Event]],
) -> None:
    ended_at: list[float] = []

    async def caller(phone: ScriptedCall) -> None:
        loop = asyncio.get_running_loop()
        phone.model.answer(*script)
        await phone.until_heard("Lisa here.")
        phone.voice.fail(*voices)

        def end() -> None:
            ended_at.append(loop.time())
            phone.session.post(event)
            for seconds, more in after:
                loop.call_later(seconds, phone.session.post, more)

        loop.call_later(at, end)
        await phone.talk(TURNS[0])
        await phone.talk(TURNS[1])
        await moment(60)

    phone = call(ScriptedCall, caller)

    ending = ending_of(event, Announcement.TALK_TIME_OVER)
    assert phone.reason is ending.reason
    assert phone.heard.endswith(TEXTS[ending.words])
    goodbye = phone.leg.playbacks[-1]
    assert max(ended_at[0], goodbye.started_at) - ended_at[0] < 0.1
