"""Words that may still change, on their way to the pages that follow a call."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Final

from shared.ids import CallId
from shared.sealing import KeyRing
from voice.conversation.commands import Side

INTERIM_EVERY: Final = 0.25  # seconds: at most four times a second a call
LONGEST_INTERIM: Final = 1200  # characters: sealed, they stay below a notification's 7999 bytes


@dataclass(slots=True)
class Interims:
    """The latest words of each call, at most four times a second."""

    waiting: dict[CallId, tuple[Side, str]] = field(default_factory=dict)
    sent_at: dict[CallId, float] = field(default_factory=dict)

    def due(self, now: float) -> dict[CallId, tuple[Side, str]]:
        """Take what may be sent now."""
        self.sent_at = {
            call_id: at for call_id, at in self.sent_at.items() if now - at < INTERIM_EVERY
        }
        due = {
            call_id: words for call_id, words in self.waiting.items() if call_id not in self.sent_at
        }
        for call_id in due:
            del self.waiting[call_id]
            self.sent_at[call_id] = now
        return due

    def next_due(self) -> float | None:
        return min(
            (self.sent_at.get(call_id, 0.0) + INTERIM_EVERY for call_id in self.waiting),
            default=None,
        )


def interim_payload(call_id: CallId, side: Side, text: str, key_ring: KeyRing) -> str:
    """Return the sealed payload of a notification."""
    # The latest words are the ones worth showing where they are too many for one payload.
    said = {"call_id": call_id, "side": side, "text": text[-LONGEST_INTERIM:]}
    sealed = key_ring.seal(json.dumps(said, ensure_ascii=False), "interim")
    return base64.b64encode(sealed).decode("ascii")
