"""No silence of more than four seconds while it is the buddy's turn, whatever fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ProviderError
from tests.support.fakes import ScriptedReply, ScriptedSpeech
from tests.support.scripted_call import ScriptedCall, call, longest_gap, moment
from voice.conversation.commands import EndReason

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


@given(
    st.lists(replies, max_size=4),
    st.lists(speeches, max_size=3),
    st.lists(st.integers(0, 3), max_size=2),
)
@settings(max_examples=40, deadline=None)
def test_no_silence_over_four_seconds_whatever_fails(
    script: list[ScriptedReply], voices: list[ScriptedSpeech], breaks: list[int]
) -> None:
    async def caller(phone: ScriptedCall) -> None:
        phone.model.answer(*script)
        await phone.until_heard("Lisa here.")
        phone.voice.fail(*voices)
        for number, words in enumerate(TURNS):
            if number in breaks:
                phone.recogniser.stream.break_off()
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
