from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.support.fake_sound import fake_speech, words_in
from tests.support.fakes import FakeTextToSpeech, ScriptedSpeech
from voice.made_ahead import MadeAhead
from voice.ports import Voice
from voice.replay.virtual_time import run_in_virtual_time


def voice(speed: float = 1.0) -> Voice:
    return Voice("ballad", "slow", speed)


def test_words_made_ahead_are_there_in_the_buddys_voice() -> None:
    async def play() -> None:
        speech = FakeTextToSpeech()
        words = MadeAhead(speech)
        assert words.audio(voice(), "Hello Sam!") is None

        await words.prepare(voice(), "Hello Sam!")

        assert words_in(words.audio(voice(), "Hello Sam!") or b"") == "Hello Sam!"
        assert speech.requests[0].voice == voice()

    run_in_virtual_time(play())


def test_another_pace_is_another_sound() -> None:
    async def play() -> None:
        words = MadeAhead(FakeTextToSpeech())
        await words.prepare(voice(), "Hello!")

        assert words.audio(voice(1.2), "Hello!") is None

    run_in_virtual_time(play())


def test_what_is_there_or_in_the_making_is_not_made_twice() -> None:
    async def play() -> None:
        speech = FakeTextToSpeech()
        words = MadeAhead(speech)
        await asyncio.gather(*[words.prepare(voice(), "Hello!") for _ in range(5)])
        await words.prepare(voice(), "Hello!")

        assert len(speech.requests) == 1

    run_in_virtual_time(play())


def test_a_failure_leaves_nothing_and_may_be_tried_again() -> None:
    async def play() -> None:
        speech = FakeTextToSpeech()
        speech.fail(ScriptedSpeech(after_seconds=0.2))
        words = MadeAhead(speech)
        await words.prepare(voice(), "Hello!")
        assert words.audio(voice(), "Hello!") is None

        await words.prepare(voice(), "Hello!")
        assert words.audio(voice(), "Hello!") is not None

    run_in_virtual_time(play())


def test_the_ones_not_needed_for_longest_go_first() -> None:
    async def play() -> None:
        words = MadeAhead(FakeTextToSpeech(), most_bytes=2 * len(fake_speech("three")))
        await words.prepare(voice(), "one")
        await words.prepare(voice(), "two")
        words.audio(voice(), "one")
        await words.prepare(voice(), "three")

        kept = [text for text in ("one", "two", "three") if words.audio(voice(), text)]
        assert kept == ["one", "three"]

    run_in_virtual_time(play())


def kept_in(folder: Path) -> list[str]:
    return sorted(words_in(file.read_bytes()) for file in folder.glob("*"))


def test_what_anybody_may_hear_outlives_a_restart_and_a_name_does_not(tmp_path: Path) -> None:
    async def play() -> None:
        first = FakeTextToSpeech()
        words = MadeAhead(first, model="tts", folder=tmp_path)
        await words.prepare(voice(), "Hello Sam!")
        await words.prepare_all(voice(), ["Hm.", "Let me see."])
        again = FakeTextToSpeech()
        after = MadeAhead(again, model="tts", folder=tmp_path)
        await after.prepare_all(voice(), ["Hm.", "Let me see."])

        assert kept_in(tmp_path) == ["Hm.", "Let me see."]
        assert (len(first.requests), again.requests) == (3, [])
        assert after.ready(voice(), ["Hm.", "Hello Sam!"]) == ("Hm.",)

    run_in_virtual_time(play())


def test_another_model_makes_its_own(tmp_path: Path) -> None:
    async def play() -> None:
        await MadeAhead(FakeTextToSpeech(), model="one", folder=tmp_path).prepare_all(
            voice(), ["Hm."]
        )
        other = FakeTextToSpeech()
        await MadeAhead(other, model="two", folder=tmp_path).prepare_all(voice(), ["Hm."])

        assert len(other.requests) == 1

    run_in_virtual_time(play())


def test_what_a_fallback_said_is_not_kept(tmp_path: Path) -> None:
    async def play() -> None:
        words = MadeAhead(FakeTextToSpeech(), folder=tmp_path, may_be_kept=lambda: False)
        await words.prepare_all(voice(), ["Hm."])

        assert (words.ready(voice(), ["Hm."]), kept_in(tmp_path)) == (("Hm.",), [])

    run_in_virtual_time(play())


def test_the_folder_does_not_grow_for_ever(tmp_path: Path) -> None:
    async def play() -> None:
        words = MadeAhead(FakeTextToSpeech(), folder=tmp_path, most_files=2)
        for age, text in ((30, "one"), (20, "two"), (10, "three")):
            await words.prepare_all(voice(), [text])
            newest = max(tmp_path.glob("*"), key=lambda file: file.stat().st_mtime)
            os.utime(newest, (newest.stat().st_atime, newest.stat().st_mtime - age))

        assert kept_in(tmp_path) == ["three", "two"]

    run_in_virtual_time(play())


def test_a_folder_that_can_not_be_written_costs_nobody_their_words(tmp_path: Path) -> None:
    async def play() -> None:
        blocked = tmp_path / "a-file"
        blocked.write_bytes(b"")
        words = MadeAhead(FakeTextToSpeech(), folder=blocked)
        await words.prepare_all(voice(), ["Hm."])

        assert words.ready(voice(), ["Hm."]) == ("Hm.",)

    run_in_virtual_time(play())
