"""What buddies call an account's owner and how they talk with them: each field saved by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from buddy_site import paths, runtime, theme, words
from buddy_site.state.saved import SavedState
from shared.ids import AccountId
from shared.services import pins, profiles

# What the page offers within the bounds of `shared.domain.profiles`, and in which words.
PACES = {0.8: "Slow", 0.9: "A bit slow", 1.0: "Normal", 1.1: "A bit quick", 1.2: "Quick"}
PAUSES = {0.3: "At once", 0.5: "Soon", 0.8: "Unhurried", 1.2: "Patient", 2.0: "Very patient"}
USUAL = ""  # as the installation and the buddy have it
NO_FAVOURITE = "0"  # the menu asks
MENU_KEYS = frozenset("123456789")


@dataclass
class BuddyChoice:
    """A buddy who may be the favourite."""

    value: str
    name: str
    tone: str


class ProfileState(SavedState, rx.State):
    """The profile, as it is saved."""

    spoken_name: str = ""
    time_zone: str = ""
    local_time: str = ""
    buddies: list[BuddyChoice] = []
    favourite: str = NO_FAVOURITE
    pace: str = "1.0"
    pause: str = USUAL
    keeps_memory: bool = True
    has_pin: bool = False
    pin_round: int = 0  # a field of its own for each PIN: none is shown again

    _path: str = paths.PROFILE

    @rx.event
    async def save_name(self, form: Any) -> Any:
        """Keep what buddies call the owner."""
        text = words.typed(form, "spoken_name")
        return await self._save("name", profiles.set_spoken_name, text=text)

    @rx.event
    async def save_time_zone(self, form: Any) -> Any:
        """Keep where the owner's clock is."""
        text = words.typed(form, "time_zone")
        return await self._save("zone", profiles.set_time_zone, text=text)

    @rx.event
    async def choose_favourite(self, value: Any) -> Any:
        """Let this buddy answer at once, or the menu."""
        if not isinstance(value, str) or value not in {NO_FAVOURITE, *MENU_KEYS}:
            return None
        menu_key = int(value) or None
        return await self._save("favourite", profiles.set_favourite, menu_key=menu_key)

    @rx.event
    async def choose_pace(self, value: Any) -> Any:
        """Let buddies speak slower or faster."""
        pace = _number(value)
        return await self._save("pace", profiles.set_pace, pace=pace)

    @rx.event
    async def choose_pause(self, value: Any) -> Any:
        """Let a shorter or longer silence end the owner's turn."""
        seconds = None if value == USUAL else _number(value)
        return await self._save("pause", profiles.set_pause, seconds=seconds)

    @rx.event
    async def choose_memory(self, value: Any) -> Any:
        """Let buddies remember from now on, or not."""
        return await self._save("memory", profiles.set_memory, keeps_memory=value is True)

    @rx.event
    async def save_pin(self, form: Any) -> Any:
        """Keep a new PIN."""
        self.pin_round += 1
        return await self._save("pin", pins.set_pin, pin=words.typed(form, "pin"))

    @rx.event
    async def remove_pin(self) -> Any:
        """Have no PIN any more."""
        return await self._save("pin", pins.remove_pin)

    async def _read(self, account_id: AccountId) -> None:
        site = runtime.current()
        found = await site.database.transact(profiles.profile, account_id=account_id)
        self.spoken_name = found.spoken_name or ""
        zone = found.time_zone or self._zone()
        self.time_zone = words.zone_label(zone)
        self.local_time = words.clock(site.clock.now(), words.zone(zone))
        self.buddies = [
            BuddyChoice(str(view.menu_key), view.name, theme.tone(view.slug))
            for view in site.cast()
        ]
        self.favourite = str(found.favourite_menu_key or NO_FAVOURITE)
        self.pace = _nearest(found.pace, PACES)
        self.pause = _nearest(found.pause_seconds, PAUSES)
        self.keeps_memory = found.keeps_memory
        self.has_pin = found.has_pin


def _nearest(value: float | None, choices: dict[float, str]) -> str:
    """Return the choice that comes nearest to what is saved."""
    if value is None:
        return USUAL
    return str(min(choices, key=lambda choice: abs(choice - value)))


def _number(value: Any) -> float:
    """Return the number that a page sent, or what no rule accepts."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
