"""The buffer between what is sent and what the caller hears, played at the speed of sound.

https://www.twilio.com/docs/voice/media-streams/websocket-messages: media is buffered and played
in the order it came; a `mark` comes back when everything before it has been played, at once if
nothing is left; `clear` empties the buffer and sends all pending marks back. Pure: whoever owns
the line's clock takes one frame every 20 ms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

FRAME_BYTES = 160  # 20 ms of μ-law at 8 kHz
SILENCE = b"\xff"
SILENT_FRAME = SILENCE * FRAME_BYTES

Answer = Callable[[bool], None]  # told whether the mark's audio was played, or cleared


class Playback:
    """Audio on its way to the caller, with marks in it."""

    def __init__(self) -> None:
        self._audio = bytearray()
        self._played = 0  # bytes that were handed out, since the beginning
        self._marks: deque[tuple[int, Answer]] = deque()

    @property
    def waiting(self) -> int:
        """How many bytes have not been played."""
        return len(self._audio)

    def add(self, audio: bytes) -> None:
        """Queue audio of any length."""
        self._audio += audio

    def mark(self, answer: Answer) -> None:
        """Call `answer` once what is queued so far has been played or cleared."""
        self._marks.append((self._played + len(self._audio), answer))

    def clear(self) -> int:
        """Drop what was not played, answer every pending mark, and return the bytes dropped."""
        dropped = len(self._audio)
        self._audio.clear()
        pending, self._marks = self._marks, deque()
        for position, answer in pending:
            answer(position <= self._played)
        return dropped

    def next_frame(self) -> bytes | None:
        """Begin the next 20 ms: answer the marks that were reached, return what sounds now.

        None is silence. An end that fills no frame is played with silence behind it.
        """
        while self._marks and self._marks[0][0] <= self._played:
            _, answer = self._marks.popleft()
            answer(True)  # noqa: FBT003 - the type says what it means
        if not self._audio:
            return None
        frame = bytes(self._audio[:FRAME_BYTES])
        del self._audio[:FRAME_BYTES]
        self._played += len(frame)
        return frame.ljust(FRAME_BYTES, SILENCE)
