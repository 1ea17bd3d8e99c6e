"""What was said last is kept as sound."""

from __future__ import annotations

import pytest

from shared.errors import ProviderError
from tests.support.fake_sound import fake_speech
from tests.support.fakes import FakeTextToSpeech, ScriptedSpeech
from voice.ports import Voice
from voice.recent_speech import RecentSpeech
from voice.replay.virtual_time import run_in_virtual_time

LISA, BEN = Voice("alloy"), Voice("ballad")


async def said(speech: RecentSpeech, text: str, voice: Voice = LISA) -> bytes:
    return b"".join([chunk async for chunk in speech.synthesise(text, voice)])


def test_same_words_of_the_same_voice_are_made_once() -> None:
    async def main() -> tuple[list[bytes], int]:
        voice = FakeTextToSpeech()
        speech = RecentSpeech(voice)
        sounds = [await said(speech, "hello"), await said(speech, "hello")]
        sounds.append(await said(speech, "hello", BEN))
        return sounds, len(voice.requests)

    sounds, made = run_in_virtual_time(main())

    assert sounds == [fake_speech("hello")] * 3
    assert made == 2


def test_what_did_not_come_to_its_end_is_not_kept() -> None:
    async def main() -> int:
        voice = FakeTextToSpeech()
        voice.fail(ScriptedSpeech(after_seconds=0.1))
        speech = RecentSpeech(voice)
        with pytest.raises(ProviderError):
            await said(speech, "hello")
        assert await said(speech, "hello") == fake_speech("hello")
        return len(voice.requests)

    assert run_in_virtual_time(main()) == 2


def test_no_more_is_kept_than_may_be() -> None:
    async def main() -> list[str]:
        voice = FakeTextToSpeech()
        speech = RecentSpeech(voice, most_bytes=2 * len(fake_speech("one")))
        for text in ("one", "two", "six", "two", "one"):
            await said(speech, text)
        return [request.text for request in voice.requests]

    assert run_in_virtual_time(main()) == ["one", "two", "six", "one"]
