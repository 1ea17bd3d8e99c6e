"""The seeded personas, as files."""

from __future__ import annotations

import pytest

from shared.seed.characters import SeededPersona, personas
from shared.seed.installation import CONSTANTS
from voice.conversation.reception import ReceptionRules
from voice.conversation.turn_rules import TurnRules

PERSONAS = personas()

SLOTS = {"name": "Sam", "weekday": "Wednesday"}


def words(text: str) -> int:
    return len(text.split())


def test_there_are_six_with_keys_and_voices_of_their_own() -> None:
    assert [persona.menu_key for persona in PERSONAS] == [1, 2, 3, 4, 5, 6]
    assert len({persona.slug for persona in PERSONAS}) == 6
    assert len({persona.character.voice for persona in PERSONAS}) == 6


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.slug)
def test_a_greeting_is_short_says_ai_and_ends_with_a_question(persona: SeededPersona) -> None:
    character = persona.character

    for greeting in (
        character.greeting.format(**SLOTS),
        character.greeting_unnamed.format(**SLOTS),
    ):
        assert words(greeting) <= 40
        assert " AI " in greeting
        assert greeting.endswith("?")
    assert "Sam" in character.greeting.format(**SLOTS)
    assert "{name}" not in character.greeting_unnamed


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.slug)
def test_a_character_is_complete_and_of_the_right_length(persona: SeededPersona) -> None:
    character = persona.character

    assert 150 <= words(character.prompt) <= 260
    assert 50 <= words(character.card) <= 65
    assert (len(character.fillers), len(character.search_fillers)) == (3, 3)
    assert len(character.sample_lines) == 2
    assert character.name in character.prompt
    assert character.name in character.card
    for spoken in (*character.fillers, *character.search_fillers, *character.sample_lines):
        assert not set(spoken) & set("*#_[]{}<>/0123456789")


def test_only_the_coach_waits_longer() -> None:
    differences = {persona.slug: persona.character.pause_difference_seconds for persona in PERSONAS}

    assert differences.pop("maya") == 0.4
    assert set(differences.values()) == {0.0}


def test_the_seeded_constants_are_the_voice_loops_own_defaults() -> None:
    rules = {
        "pause_time_seconds": TurnRules().pause,
        "turn_silence": TurnRules().silence,
        "turn_cover_after": TurnRules().cover_after,
        "turn_reply_timeout": TurnRules().reply_timeout,
        "reception_menu_wait": ReceptionRules().menu_wait,
    }

    assert rules == CONSTANTS
