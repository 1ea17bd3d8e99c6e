"""What goes out on the line, and what no longer does."""

from __future__ import annotations

import asyncio

from tests.support.fake_line import FakeCallLeg
from tests.support.fake_sound import fake_speech
from tests.support.fakes import FakeTextToSpeech
from tests.support.scripted_call import moment
from voice.conversation.events import ReplyId
from voice.replay.virtual_time import run_in_virtual_time
from voice.speaking import Speaker

STORY = "once upon a time there was a bear"


def test_nothing_of_a_retired_reply_follows_its_clear_though_a_send_was_under_way() -> None:
    async def play() -> list[str]:
        leg = FakeCallLeg()
        leg.send_seconds = 0.1
        async with asyncio.TaskGroup() as tasks:
            speaker = Speaker(leg, FakeTextToSpeech(), lambda _event: None, tasks.create_task)
            running = tasks.create_task(speaker.run())
            speaker.play(ReplyId(1), 0, STORY, fake_speech(STORY))
            await moment(0.15)
            await speaker.interrupt(ReplyId(1))
            await moment(1.0)
            running.cancel()
        return [sent.kind for sent in leg.sent]

    assert run_in_virtual_time(play()) == ["audio", "audio", "clear"]
