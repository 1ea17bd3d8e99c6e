"""What a caller is told who has typed a PIN."""

from __future__ import annotations

from voice.conversation.commands import Announcement
from voice.conversation.events import PinChecked, PinResult

_SAID = {
    PinResult.RIGHT: Announcement.PIN_RIGHT,
    PinResult.LOCKED: Announcement.PIN_LOCKED,
    PinResult.NOT_SET: Announcement.PIN_NOT_SET,
    PinResult.UNCHECKED: Announcement.PIN_UNCHECKED,
}
_TRIES_LEFT = {
    1: Announcement.PIN_ONE_LEFT,
    2: Announcement.PIN_TWO_LEFT,
    3: Announcement.PIN_THREE_LEFT,
    4: Announcement.PIN_FOUR_LEFT,
}


def pin_words(event: PinChecked) -> Announcement:
    """Return what follows a PIN."""
    if event.result is PinResult.WRONG:
        return _TRIES_LEFT[max(1, min(event.tries_left, len(_TRIES_LEFT)))]
    return _SAID[event.result]
