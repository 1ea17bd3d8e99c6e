"""Sunsets: when vendors end the models that an installation uses, and how soon that is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

WARNING_DAYS: Final = 60  # time to try a successor, and to hear what it sounds like

# A snapshot of a model, gpt-4o-mini-tts-2025-12-15, ends with it at the latest.
_SNAPSHOT: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class Outlook(StrEnum):
    """How a model stands."""

    OPEN = "open"  # no end is known, or it is far away
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class AnnouncedEnd:
    """An end that stands on a vendor's page."""

    on: date
    source: str
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class ModelOutlook:
    """One model that the installation uses, what for, and until when it can."""

    model: str
    uses: tuple[str, ...]
    outlook: Outlook
    ends_on: date | None
    days_left: int | None  # 0 on its last day, below 0 once it has ended
    successor: str | None = None


def outlooks(
    uses: Mapping[str, tuple[str, ...]],
    *,
    told: Mapping[str, date | None],
    announced: Mapping[str, AnnouncedEnd],
    today: date,
) -> tuple[ModelOutlook, ...]:
    """Return how each model that is used stands, the soonest end first.

    What the vendor's list of models told comes before what is written on its pages.
    """
    found = [_outlook(model, uses[model], told, announced, today) for model in uses]
    return tuple(sorted(found, key=lambda one: (one.ends_on or date.max, one.model)))


def _outlook(
    model: str,
    uses: tuple[str, ...],
    told: Mapping[str, date | None],
    announced: Mapping[str, AnnouncedEnd],
    today: date,
) -> ModelOutlook:
    page = announced.get(model) or announced.get(_SNAPSHOT.sub("", model))
    ends_on = told.get(model) or (page.on if page is not None else None)
    days_left = (ends_on - today).days if ends_on is not None else None
    if days_left is None or days_left > WARNING_DAYS:
        outlook = Outlook.OPEN
    else:
        outlook = Outlook.ENDING if days_left >= 0 else Outlook.ENDED
    successor = page.successor if page is not None else None
    return ModelOutlook(model, uses, outlook, ends_on, days_left, successor)
