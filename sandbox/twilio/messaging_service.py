"""The settings of a Messaging Service.

https://www.twilio.com/docs/messaging/api/service-resource, and for the replies
https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from sandbox.twilio.keywords import REPLIES, OptOutType


@dataclass(frozen=True, slots=True)
class MessagingService:
    """One service."""

    sid: str
    inbound_request_url: str | None
    status_callback: str | None = None
    allowed_countries: tuple[str, ...] = ("US", "CA")  # SMS Geo Permissions
    stop_reply: str = REPLIES[OptOutType.STOP]
    start_reply: str = REPLIES[OptOutType.START]
    help_reply: str = REPLIES[OptOutType.HELP]

    def changed(self, seed: Mapping[str, Any]) -> Self:
        """Return it with other settings; raise `ValueError` at what it does not have."""
        if unknown := seed.keys() - {entry.name for entry in fields(self)}:
            message = f"a Messaging Service has no {', '.join(sorted(unknown))}"
            raise ValueError(message)
        options = dict(seed)
        if "allowed_countries" in options:
            options["allowed_countries"] = tuple(options["allowed_countries"])
        return replace(self, **options)

    def reply_to(self, keyword: OptOutType) -> str:
        """Return what a keyword is answered with."""
        return {
            OptOutType.STOP: self.stop_reply,
            OptOutType.START: self.start_reply,
            OptOutType.HELP: self.help_reply,
        }[keyword]
