"""The caller's end of a call: what the test phone is connected to.

Audio goes both ways as binary frames of 160 bytes, 20 ms of μ-law, in real time; everything else
is JSON in text frames (see `sandbox/twilio/app.py`).
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any

from sandbox.twilio.playback import FRAME_BYTES, SILENT_FRAME

ENOUGH_FRAMES = 3  # more than this waiting is delay; silence is dropped to lose it again
MOST_FRAMES = 50 * 5
MOST_WAITING = 50 * 10  # frames and events a phone may leave unread
QUIET_CODES = frozenset({0x7E, 0x7F, 0xFE, 0xFF, 0x7D, 0xFD})  # μ-law around zero


class Line:
    """Frames and events between a call and its phone."""

    def __init__(self) -> None:
        self.is_attached = asyncio.Event()
        self._spoken: deque[bytes] = deque()
        self._outbox: asyncio.Queue[bytes | str | None] = asyncio.Queue(MOST_WAITING)
        self._pending = bytearray()

    def speak(self, audio: bytes) -> None:
        """Take what the phone sent: any length, whole frames are kept."""
        self._pending += audio
        while len(self._pending) >= FRAME_BYTES:
            self._spoken.append(bytes(self._pending[:FRAME_BYTES]))
            del self._pending[:FRAME_BYTES]
        while len(self._spoken) > MOST_FRAMES:
            self._spoken.popleft()

    def next_frame(self) -> bytes:
        """Return the caller's next 20 ms; silence where the phone sent none.

        A phone that is late for one frame is late for good, so waiting silence makes up for it.
        """
        while len(self._spoken) > ENOUGH_FRAMES and _is_quiet(self._spoken[0]):
            self._spoken.popleft()
        return self._spoken.popleft() if self._spoken else SILENT_FRAME

    def play(self, frame: bytes | None) -> None:
        """Send 20 ms to the phone."""
        self._put(frame or SILENT_FRAME)

    def tell(self, event: str, **details: Any) -> None:
        """Send an event to the phone."""
        self._put(json.dumps({"event": event, **details}))

    def end(self) -> None:
        """Let the phone's connection close once everything has been sent."""
        self._put(None)

    async def outgoing(self) -> bytes | str | None:
        """Return what goes to the phone next; None ends the connection."""
        return await self._outbox.get()

    def _put(self, item: bytes | str | None) -> None:
        if self._outbox.full():
            self._outbox.get_nowait()
        self._outbox.put_nowait(item)


def _is_quiet(frame: bytes) -> bool:
    return QUIET_CODES.issuperset(frame)
