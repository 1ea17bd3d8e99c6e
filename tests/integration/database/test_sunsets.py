"""The daily look at the vendors' models: kept, warned of, and patient with a vendor that is away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from structlog.testing import capture_logs

from shared.database import Database
from shared.domain.sunsets import Outlook
from shared.errors import ProviderError
from shared.services import personas, sunsets
from shared.settings import Settings
from tests.support.builders import NOW, character
from voice.jobs.sunsets import RETRY_SECONDS, SUNSET_SECONDS, watch_models

SETTINGS = Settings.model_construct(
    chat_model="gpt-6-luna", speech_model="gpt-4o-mini-tts", speech="openai_speech"
)


class StoppedClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class FakeModels:
    """A vendor's list."""

    models: dict[str, date | None] = field(default_factory=dict)
    error: ProviderError | None = None

    async def listed(self) -> Mapping[str, date | None]:
        if self.error is not None:
            raise self.error
        return self.models

    async def close(self) -> None:
        """Have nothing to close."""


async def test_what_the_vendor_tells_is_kept_and_warned_of(database: Database) -> None:
    database.transact_now(
        personas.publish,
        slug="ben",
        menu_key=2,
        character=replace(character("Ben"), model="gpt-6-sol"),
        now=NOW,
    )
    listed = {"gpt-6-luna": None, "gpt-6-sol": date(2026, 12, 1), "unused": date(2026, 12, 1)}

    with capture_logs() as logs:
        wait = await watch_models(database, StoppedClock(), SETTINGS, FakeModels(dict(listed)))

    standing = await database.transact(sunsets.standing, settings=SETTINGS, now=NOW)
    assert wait == SUNSET_SECONDS
    assert [(one.model, one.uses, one.outlook) for one in standing] == [
        ("gpt-6-sol", ("replies of Ben",), Outlook.ENDING),
        ("gpt-4o-mini-tts", ("speech",), Outlook.ENDING),
        ("gpt-6-luna", ("replies",), Outlook.OPEN),
    ]
    assert [(line["event"], line["model"]) for line in logs] == [
        ("model_not_listed", "gpt-4o-mini-tts"),
        ("model_ends", "gpt-6-sol"),
        ("model_ends", "gpt-4o-mini-tts"),
    ]
    assert await database.transact(sunsets.checked_at) == NOW


async def test_a_vendor_that_does_not_answer_is_asked_again_within_the_hour(
    database: Database,
) -> None:
    await database.transact(sunsets.keep, listed={"gpt-6-luna": date(2026, 12, 31)}, now=NOW)
    away = FakeModels(error=ProviderError("openai", "away", retryable=True))

    wait = await watch_models(database, StoppedClock(), SETTINGS, away)

    standing = await database.transact(sunsets.standing, settings=SETTINGS, now=NOW)
    assert wait == RETRY_SECONDS
    assert [one.model for one in standing] == ["gpt-6-luna", "gpt-4o-mini-tts"]


async def test_a_model_that_is_listed_no_more_is_forgotten(database: Database) -> None:
    later = NOW + timedelta(days=31)
    await database.transact(sunsets.keep, listed={"gpt-6-luna": date(2026, 12, 31)}, now=NOW)
    await database.transact(sunsets.keep, listed={"gpt-4o-mini-tts": None}, now=later)

    standing = await database.transact(sunsets.standing, settings=SETTINGS, now=NOW)
    assert {one.model: one.ends_on for one in standing}["gpt-6-luna"] is None
