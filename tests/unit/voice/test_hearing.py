from __future__ import annotations

import asyncio

from tests.support.fakes import FakeSpeechToText
from tests.support.loop_time import now
from tests.support.scripted_call import ScriptedCall, call, moment
from tests.support.virtual_time import run_in_virtual_time
from voice.conversation.events import Event
from voice.desk import Ears
from voice.hearing import Hearing


def test_the_recogniser_is_told_the_buddies_names_and_the_callers() -> None:
    async def script(phone: ScriptedCall) -> None:
        await phone.until_heard("Lisa here.")
        phone.leg.hang_up()

    phone = call(lambda: ScriptedCall(name="Sam"), script)

    assert phone.recogniser.stream.options.key_terms == ("Lisa", "Ben", "Sam")


def test_the_recogniser_is_told_the_installations_own_words_too() -> None:
    async def play() -> None:
        fake, heard = FakeSpeechToText(), list[Event]()
        hearing = Hearing(Ears(lambda _lost, _restored: fake, ("GoToBuddy",)), heard.append, now)
        await moment_of(hearing)

        assert fake.stream.options.key_terms == ("Lisa", "GoToBuddy")

    run_in_virtual_time(play())


async def moment_of(hearing: Hearing) -> None:
    """Let it listen for a moment."""
    listening = asyncio.create_task(hearing.run(("Lisa",)))
    await moment(0.1)
    listening.cancel()
    await asyncio.wait([listening])
