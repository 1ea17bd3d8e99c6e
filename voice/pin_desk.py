"""Looks up the PIN that a caller typed, and with the right one lets the call know more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from shared.clock import Clock
from shared.database import Database, StoreUnavailable
from shared.errors import DomainError
from shared.ids import CallId
from shared.services import caller_profiles, pins
from shared.services.caller_profiles import CallerProfile
from shared.services.pins import PinOutcome
from voice.caller import Caller
from voice.conversation.events import PinChecked, PinResult

ANSWER_WITHIN: Final = 3.0  # seconds; the caller waits for it in silence

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PinDesk:
    """One call's way to prove who is calling."""

    call_id: CallId
    caller: Caller
    database: Database
    clock: Clock

    async def check(self, pin: str) -> PinChecked:
        """Return what became of the PIN; a database that is away is an answer too."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                answer = await self.database.transact(
                    pins.prove_call, call_id=self.call_id, pin=pin, now=self.clock.now()
                )
                if answer.outcome is PinOutcome.RIGHT:
                    self.caller.profile = await self._profile()
        except (StoreUnavailable, TimeoutError, DomainError) as error:
            log.warning("pin_not_checked", error=type(error).__name__)
            return PinChecked(PinResult.UNCHECKED)
        log.info("pin_checked", outcome=answer.outcome)
        return PinChecked(PinResult(answer.outcome.value), answer.tries_left)

    async def refresh(self) -> None:
        """Take in a profile that was edited while the call runs."""
        try:
            self.caller.profile = await self._profile()
        except (StoreUnavailable, DomainError) as error:
            log.warning("profile_kept", error=type(error).__name__)

    async def _profile(self) -> CallerProfile:
        return await self.database.transact(
            caller_profiles.of, call_id=self.call_id, now=self.clock.now()
        )
