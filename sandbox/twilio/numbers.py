"""The account's phone numbers and which webhooks they call.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource: a number has a voice
url, a fallback for when that fails, and a status callback, which fires when a call has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from sandbox.config import SandboxConfig


@dataclass(frozen=True, slots=True)
class Number:
    """One number and what happens when it is called."""

    voice_url: str
    voice_method: str = "POST"
    voice_fallback_url: str | None = None
    voice_fallback_method: str = "POST"
    status_callback: str | None = None
    status_callback_method: str = "POST"
    # Beyond Twilio's own "completed": initiated, ringing and answered, as outbound calls have.
    status_callback_events: tuple[str, ...] = ("completed",)

    @classmethod
    def from_seed(cls, seed: Mapping[str, Any]) -> Self:
        """Read a number as `/_control/seed` takes it; raise `ValueError` at what it can't be."""
        if unknown := seed.keys() - {field.name for field in fields(cls)}:
            message = f"a number has no {', '.join(sorted(unknown))}"
            raise ValueError(message)
        options = dict(seed)
        if "status_callback_events" in options:
            options["status_callback_events"] = tuple(options["status_callback_events"])
        return cls(**options)


class Numbers:
    """All numbers, by E.164."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._numbers: dict[str, Number] = {}
        self.reset()

    def reset(self) -> None:
        """Go back to the one number of the configuration."""
        config = self._config
        number = Number(config.voice_url, status_callback=config.status_callback_url)
        self._numbers = {config.phone_number: number}

    def seed(self, numbers: Mapping[str, Mapping[str, Any]]) -> None:
        """Add numbers, or replace what they call."""
        self._numbers |= {e164: Number.from_seed(seed) for e164, seed in numbers.items()}

    def find(self, e164: str) -> Number | None:
        """Return a number, or None where nobody has it."""
        return self._numbers.get(e164)

    def __iter__(self) -> Any:
        return iter(self._numbers)
