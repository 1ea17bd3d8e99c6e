"""Reads the personas' data files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.services.personas import Character

FOLDER = Path(__file__).parent / "personas"


@dataclass(frozen=True, slots=True)
class SeededPersona:
    """A persona as its file describes it."""

    slug: str
    menu_key: int
    character: Character


def personas() -> tuple[SeededPersona, ...]:
    """Return the six personas in the order of the menu."""
    return tuple(sorted(_read(), key=lambda persona: persona.menu_key))


def _read() -> Iterator[SeededPersona]:
    for path in FOLDER.glob("*.toml"):
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
        yield SeededPersona(
            slug=fields["slug"],
            menu_key=fields["menu_key"],
            character=Character(
                name=fields["name"],
                prompt=fields["prompt"].strip(),
                card=fields["card"],
                voice=fields["voice"],
                voice_instructions=fields["voice_instructions"],
                model=fields.get("model"),
                fillers=tuple(fields["fillers"]),
                search_fillers=tuple(fields["search_fillers"]),
                greeting=fields["greeting"],
                greeting_unnamed=fields["greeting_unnamed"],
                pause_difference_seconds=fields["pause_difference_seconds"],
                tagline=fields["tagline"],
                sample_lines=tuple(fields["sample_lines"]),
            ),
        )
