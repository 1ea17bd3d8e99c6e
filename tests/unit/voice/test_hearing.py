from __future__ import annotations

import asyncio

from tests.support.fakes import FakeSpeechToText
from tests.support.loop_time import now
from tests.support.scripted_call import ScriptedCall, call, moment
from voice.conversation.events import Event
from voice.desk import Ears
from voice.hearing import Hearing
from voice.replay.virtual_time import run_in_virtual_time


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


def test_the_recogniser_is_woken_for_whole_messages_and_gets_every_byte_of_them() -> None:
    async def play() -> list[int]:
        fake, heard = FakeSpeechToText(), list[Event]()
        ears = Ears(lambda _lost, _restored: fake, message_bytes=640)
        hearing = Hearing(ears, heard.append, now)
        sizes: list[int] = []
        listening = asyncio.create_task(hearing.run(()))
        await moment(0.1)
        for _ in range(9):
            hearing.keep(bytes(160))
            await moment(0.02)
            sizes.append(len(fake.stream.audio))
        listening.cancel()
        await asyncio.wait([listening])
        return sizes

    assert run_in_virtual_time(play()) == [0, 0, 0, 640, 640, 640, 640, 1280, 1280]


def test_of_what_waits_for_a_recogniser_the_oldest_goes() -> None:
    async def play() -> bytes:
        fake, heard = FakeSpeechToText(), list[Event]()
        hearing = Hearing(Ears(lambda _lost, _restored: fake, message_bytes=640), heard.append, now)
        for second in range(12):
            for _ in range(50):
                hearing.keep(bytes([second]) * 160)
        await moment_of(hearing)
        return bytes(fake.stream.audio)

    assert run_in_virtual_time(play()) == b"".join(bytes([n]) * 8000 for n in range(2, 12))


async def moment_of(hearing: Hearing) -> None:
    """Let it listen for a moment."""
    listening = asyncio.create_task(hearing.run(("Lisa",)))
    await moment(0.1)
    listening.cancel()
    await asyncio.wait([listening])
