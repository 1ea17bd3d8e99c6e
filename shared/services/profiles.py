"""Profiles: what an account's owner sets about their calls; the next call knows it."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from functools import cache

from sqlmodel import Session, col, select

from shared.database import key_ring
from shared.domain import names
from shared.domain.profiles import checked_pace, checked_pause
from shared.errors import DomainError
from shared.ids import AccountId
from shared.services import call_commands
from shared.services.new_accounts import open_spoken_name, seal_spoken_name
from shared.services.personas import VersionStatus
from shared.tables.account import Account
from shared.tables.persona import Persona, PersonaVersion


class UnknownTimeZone(DomainError):
    """No time zone has this name."""

    code = "unknown_time_zone"


class UnknownBuddy(DomainError):
    """No buddy answers on this key."""

    code = "unknown_buddy"


@dataclass(frozen=True, slots=True)
class Profile:
    """What the owner of an account has set; None is: nothing yet, or as the installation has it."""

    spoken_name: str | None
    time_zone: str | None
    favourite_menu_key: int | None
    pace: float
    pause_seconds: float | None
    keeps_memory: bool
    has_pin: bool


def profile(session: Session, *, account_id: AccountId) -> Profile:
    """Return the profile as it is now."""
    account = session.get_one(Account, account_id)
    favourite = None
    if account.favourite_persona_id is not None:
        favourite = session.exec(
            select(Persona.menu_key).where(Persona.id == account.favourite_persona_id)
        ).first()
    return Profile(
        spoken_name=open_spoken_name(session, account),
        time_zone=account.time_zone,
        favourite_menu_key=favourite,
        pace=account.pace,
        pause_seconds=account.pause_seconds,
        keeps_memory=account.keeps_memory,
        has_pin=account.pin_index is not None,
    )


def set_spoken_name(session: Session, *, account_id: AccountId, text: str) -> str | None:
    """Keep what buddies call the owner and return its spelling; raise `NameRefused`.

    An empty text takes the name away: buddies then call them nothing.
    """
    name = names.spoken_name(text) if text.strip() else None
    account = _changed(session, account_id)
    account.sealed_spoken_name = seal_spoken_name(key_ring(session), account_id, name)
    return name


def set_time_zone(session: Session, *, account_id: AccountId, text: str) -> str:
    """Keep where the owner's clock is and return the zone's name; raise `UnknownTimeZone`."""
    name = zone_name(text)
    _changed(session, account_id).time_zone = name
    return name


def guess_time_zone(session: Session, *, account_id: AccountId, text: str) -> None:
    """Take the browser's time zone for an account that has none."""
    account = _changed(session, account_id)
    if account.time_zone is None and (name := _zones().get(_plain(text))) is not None:
        account.time_zone = name


def set_favourite(session: Session, *, account_id: AccountId, menu_key: int | None) -> None:
    """Let this buddy answer at once, or the menu; raise `UnknownBuddy`."""
    persona_id = None
    if menu_key is not None:
        persona_id = session.exec(
            select(Persona.id)
            .join(PersonaVersion, col(PersonaVersion.persona_id) == Persona.id)
            .where(
                Persona.menu_key == menu_key,
                PersonaVersion.status == VersionStatus.PUBLISHED.value,
            )
        ).one_or_none()
        if persona_id is None:
            raise UnknownBuddy
    _changed(session, account_id).favourite_persona_id = persona_id


def set_pace(session: Session, *, account_id: AccountId, pace: float) -> None:
    """Let buddies speak slower or faster; raise `PaceRefused`."""
    _changed(session, account_id).pace = checked_pace(pace)


def set_pause(session: Session, *, account_id: AccountId, seconds: float | None) -> None:
    """Let a silence this long end the caller's turn, or the usual one; raise `PauseRefused`."""
    checked = checked_pause(seconds) if seconds is not None else None
    _changed(session, account_id).pause_seconds = checked


def set_memory(session: Session, *, account_id: AccountId, keeps_memory: bool) -> None:
    """Let buddies remember this caller from now on, or not."""
    _changed(session, account_id).keeps_memory = keeps_memory


def zone_name(text: str) -> str:
    """Return the time zone that is meant, however it is typed; raise `UnknownTimeZone`."""
    found = _zones().get(_plain(text))
    if found is None:
        raise UnknownTimeZone
    return found


def time_zones() -> list[str]:
    """Return the time zones that people live in, by their names."""
    return sorted({name for name in _zones().values() if "/" in name})


@cache
def _zones() -> dict[str, str]:
    """Return every time zone by its name and, where that is clear, by its city alone."""
    lived_in = [
        name
        for name in zoneinfo.available_timezones()
        if not name.startswith(("Etc/", "SystemV/", "US/", "Canada/", "Brazil/", "Mexico/"))
    ]
    by_city: dict[str, set[str]] = {}
    for name in lived_in:
        by_city.setdefault(_plain(name.rpartition("/")[2]), set()).add(name)
    clear = {city: zones.pop() for city, zones in by_city.items() if len(zones) == 1}
    return {**clear, **{_plain(name): name for name in [*lived_in, "UTC"]}}


def _plain(text: str) -> str:
    return text.strip().casefold().replace(" ", "_")


def _changed(session: Session, account_id: AccountId) -> Account:
    call_commands.announce_profile(session, account_id=account_id)
    return session.exec(select(Account).where(Account.id == account_id).with_for_update()).one()
