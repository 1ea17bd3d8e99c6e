"""Asks once a day which models are about to end, and says so in the log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, Protocol

import structlog

from shared.clock import Clock
from shared.database import Database, StoreUnavailable
from shared.domain.sunsets import Outlook
from shared.errors import ProviderError
from shared.services import sunsets
from shared.settings import Settings
from voice.waiting import pause

SUNSET_SECONDS: Final = 24 * 3600.0
RETRY_SECONDS: Final = 3600.0

log = structlog.get_logger()


class ModelList(Protocol):
    """A vendor's list of models."""

    async def listed(self) -> Mapping[str, date | None]:
        """Return every model with the day it ends; raise `ProviderError` without an answer."""

    async def close(self) -> None: ...


def models_of(settings: Settings) -> ModelList:
    """Return OpenAI's list as the settings know it."""
    # Imported here: the SDK takes a second, once a day.
    from voice.adapters.openai_models import OpenAIModels  # noqa: PLC0415

    return OpenAIModels(
        api_key=settings.openai_api_key.get_secret_value(), base_url=settings.openai_base_url
    )


async def watch_models(
    database: Database, clock: Clock, settings: Settings, models: ModelList
) -> float:
    """Keep what the vendor tells and warn of what ends; return when to come again, in seconds."""
    wait = SUNSET_SECONDS
    try:
        used = await database.transact(sunsets.in_use, settings=settings)
        try:
            listed = await models.listed()
        except ProviderError as error:
            log.warning("models_not_listed", error=str(error))
            wait = RETRY_SECONDS
        else:
            known = {model: ends_on for model, ends_on in listed.items() if model in used}
            await database.transact(sunsets.keep, listed=known, now=clock.now())
            for model in sorted(used.keys() - listed.keys()):
                log.warning("model_not_listed", model=model, uses=used[model])
        standing = await database.transact(sunsets.standing, settings=settings, now=clock.now())
    except StoreUnavailable as error:
        log.warning("sunsets_not_kept", error=str(error))
        return RETRY_SECONDS
    for one in standing:
        if one.outlook is not Outlook.OPEN:
            log.warning(
                "model_ends",
                model=one.model,
                uses=one.uses,
                ends_on=str(one.ends_on),
                days_left=one.days_left,
                successor=one.successor,
            )
    return wait


async def every_day(database: Database, clock: Clock, settings: Settings) -> None:
    """Watch until cancelled."""
    while True:
        models = models_of(settings)
        try:
            wait = await watch_models(database, clock, settings, models)
        finally:
            await models.close()
        await pause(wait)
