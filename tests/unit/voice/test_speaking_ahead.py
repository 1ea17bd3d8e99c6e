"""Speaking ahead: while a segment plays, the next one is written, made and waiting."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.support.fakes import ScriptedReply
from tests.support.scripted_call import ScriptedCall, call, moment

STORY = (
    "Well, let me think about that for a moment, because it is a good question. There was a bear "
    "who sang all day, and nobody in the whole wide forest knew why he did it. Dr. Owl went to "
    "see him at 3.5 miles from here. He asked him, quite politely, what the song was about. "
    "And the bear said that it was about honey, as all good songs are, and sang on until night."
)
SAID = STORY.replace("Dr.", "Doctor").replace("3.5", "three point five")


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("token_seconds", "first_byte_seconds", "speed"),
    [
        pytest.param(0.01, 0.2, 4.0, id="as most days"),
        pytest.param(0.01, 1.0, 1.05, id="a voice hardly faster than speech"),
        pytest.param(0.05, 0.7, 1.5, id="a slow model and a slow voice"),
    ],
)
def test_reply_plays_without_a_gap_however_slow_its_voice(
    token_seconds: float, first_byte_seconds: float, speed: float
) -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(ScriptedReply(STORY, token_seconds=token_seconds))
        await phone.until_heard("Lisa here.")
        phone.voice.first_byte_seconds, phone.voice.speed = first_byte_seconds, speed
        await phone.talk("tell me a story")
        await phone.until_heard("Well,")
        await phone.leg.until_quiet()
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    story = phone.leg.playbacks[-1]
    assert len(phone.voice.requests) > 4
    assert len(story.audio) == sum(320 * len(asked.text) for asked in phone.voice.requests)


def test_what_the_transcript_shows_is_what_was_spoken() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(f"**{STORY}** \N{BEAR FACE}")
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("Well,")
        await phone.leg.until_quiet()
        await moment(0.1)
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    spoken = [asked.text for asked in phone.voice.requests]
    assert [entry.text for entry in phone.record.entries[2:]] == spoken
    assert " ".join(spoken) == SAID


def test_segment_is_asked_for_long_before_the_one_before_it_was_heard() -> None:
    async def script(phone: ScriptedCall) -> None:
        phone.model.answer(STORY)
        await phone.until_heard("Lisa here.")
        await phone.talk("tell me a story")
        await phone.until_heard("Well,")
        await phone.leg.until_quiet()
        phone.leg.hang_up()

    phone = call(ScriptedCall, script)

    began = phone.leg.playbacks[-1].started_at
    heard_at = began
    for asked, following in zip(phone.voice.requests, phone.voice.requests[1:], strict=False):
        heard_at += len(asked.text) * 0.04
        assert following.at < heard_at - 0.5
