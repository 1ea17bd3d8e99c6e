"""The cast on the landing page: as seeded, then as published in the database."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from buddy_site import runtime, theme
from buddy_site.runtime import NotRunning
from shared.seed.characters import personas as seeded_personas
from shared.services.personas import Character, PersonaView


@dataclass
class BuddyCard:
    """A buddy as the landing page shows them."""

    key: int
    name: str
    tagline: str
    sample: str
    tone: str
    anchor: str


def seeded_cast() -> list[BuddyCard]:
    """Return the cast that every installation starts with: it is in the page's first paint."""
    return [
        _card(persona.menu_key, persona.slug, persona.character) for persona in seeded_personas()
    ]


def _card(menu_key: int, slug: str, character: Character | PersonaView) -> BuddyCard:
    return BuddyCard(
        key=menu_key,
        name=character.name,
        tagline=character.tagline,
        sample=character.sample_lines[0] if character.sample_lines else "",
        tone=theme.tone(slug),
        anchor=f"/#{slug}",
    )


class LandingState(rx.State):
    """The cast. Nothing here belongs to anybody."""

    cast: list[BuddyCard] = seeded_cast()

    @rx.event
    def load(self) -> None:
        """Show who is published now."""
        try:
            views = runtime.current().cast()
        except NotRunning:
            return
        if views:
            self.cast = [_card(view.menu_key, view.slug, view) for view in views]
