"""Sends the one text a caller may get: how to go on, once the talk time is over.

Nothing that fails here touches a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from shared.clock import Clock
from shared.database import Database, StoreUnavailable
from shared.domain.spending import Component
from shared.errors import ProviderError
from shared.ids import CallId
from shared.services import text_messages
from shared.settings import Settings
from voice.conversation.commands import EndReason
from voice.ports import RecipientOptedOut, TextMessages
from voice.spending import Spending

STATUS_PATH: Final = "/messages/status"
BILLING_PATH: Final = "/billing"  # of the site
REASONS: Final = frozenset({EndReason.TALK_TIME_OVER, EndReason.NO_TALK_TIME})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TextDesk:
    """Texts of this installation."""

    settings: Settings
    messages: TextMessages
    database: Database
    clock: Clock
    guard: Spending

    @property
    def words(self) -> str:
        """What is sent: nothing in it is about the person."""
        link = f"{self.settings.site_public_url.rstrip('/')}{BILLING_PATH}"
        return (
            f"GoToBuddy: your talk time is used up. Here is how to go on: {link} "
            "Reply STOP to end, HELP for help."
        )

    async def say_how_to_go_on(self, call_id: CallId, reason: EndReason) -> None:
        """Send the text after a call that ended for want of talk time, if the caller may get it."""
        if reason not in REASONS:
            return
        try:
            await self._send(call_id)
        except StoreUnavailable as error:
            log.warning("text_not_sent", error=str(error))

    async def _send(self, call_id: CallId) -> None:
        now = self.clock.now()
        planned = await self.database.transact(text_messages.plan, call_id=call_id, now=now)
        if planned is None:
            return
        status_url = (
            f"{self.settings.voice_public_url.rstrip('/')}{STATUS_PATH}?text={planned.text_id}"
        )
        try:
            self.guard.ask(Component.SMS)
            sent = await self.messages.send(planned.number.e164, self.words, status_url=status_url)
        except ProviderError as error:
            log.warning("text_not_sent", error=str(error), text_id=planned.text_id)
            await self.database.transact(
                text_messages.refused,
                text_id=planned.text_id,
                opted_out=isinstance(error, RecipientOptedOut),
                now=now,
            )
            return
        log.info("text_sent", text_id=planned.text_id, message_sid=sent.message_sid)
        await self.database.transact(
            text_messages.taken,
            text_id=planned.text_id,
            message_sid=sent.message_sid,
            status=sent.status,
        )
