from __future__ import annotations

import asyncio

from shared.configuration import PersonaView
from shared.ids import PersonaId, PersonaVersionId
from tests.support.fake_sound import words_in
from tests.support.fakes import FakeTextToSpeech, ScriptedSpeech
from tests.support.virtual_time import run_in_virtual_time
from voice.greetings import Greetings


def persona(version: str = "pv_1") -> PersonaView:
    return PersonaView(
        version_id=PersonaVersionId(version),
        persona_id=PersonaId("per_ben"),
        slug="ben",
        name="Ben",
        menu_key=2,
        prompt="",
        card="",
        voice="ballad",
        voice_instructions="slow",
        model=None,
        fillers=(),
        search_fillers=(),
        greeting="Hello {name}!",
        greeting_unnamed="Hello!",
        pause_difference_seconds=0.0,
        tagline="",
        sample_lines=(),
    )


def test_a_greeting_made_ahead_is_there_in_the_buddys_voice() -> None:
    async def play() -> None:
        voice = FakeTextToSpeech()
        greetings = Greetings(voice)
        assert greetings.audio(persona(), "Hello Sam!") is None

        await greetings.prepare(persona(), "Hello Sam!")

        assert words_in(greetings.audio(persona(), "Hello Sam!") or b"") == "Hello Sam!"
        assert (voice.requests[0].voice.name, voice.requests[0].voice.instructions) == (
            "ballad",
            "slow",
        )

    run_in_virtual_time(play())


def test_a_new_version_of_a_persona_greets_anew() -> None:
    async def play() -> None:
        greetings = Greetings(FakeTextToSpeech())
        await greetings.prepare(persona("pv_1"), "Hello!")

        assert greetings.audio(persona("pv_2"), "Hello!") is None

    run_in_virtual_time(play())


def test_what_is_there_or_in_the_making_is_not_made_twice() -> None:
    async def play() -> None:
        voice = FakeTextToSpeech()
        greetings = Greetings(voice)
        await asyncio.gather(*[greetings.prepare(persona(), "Hello!") for _ in range(5)])
        await greetings.prepare(persona(), "Hello!")

        assert len(voice.requests) == 1

    run_in_virtual_time(play())


def test_a_failure_leaves_nothing_and_may_be_tried_again() -> None:
    async def play() -> None:
        voice = FakeTextToSpeech()
        voice.fail(ScriptedSpeech(after_seconds=0.2))
        greetings = Greetings(voice)
        await greetings.prepare(persona(), "Hello!")
        assert greetings.audio(persona(), "Hello!") is None

        await greetings.prepare(persona(), "Hello!")
        assert greetings.audio(persona(), "Hello!") is not None

    run_in_virtual_time(play())


def test_the_ones_not_needed_for_longest_go_first() -> None:
    async def play() -> None:
        greetings = Greetings(FakeTextToSpeech(), most_kept=2)
        await greetings.prepare(persona(), "one")
        await greetings.prepare(persona(), "two")
        greetings.audio(persona(), "one")
        await greetings.prepare(persona(), "three")

        kept = [text for text in ("one", "two", "three") if greetings.audio(persona(), text)]
        assert kept == ["one", "three"]

    run_in_virtual_time(play())
