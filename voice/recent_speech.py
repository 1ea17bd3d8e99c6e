"""Keeps what was said last as sound: what is said again starts at once, and costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from voice.ports import BYTES_A_SECOND, TextToSpeech, Voice

MOST_BYTES: Final = 60 * BYTES_A_SECOND  # a minute of speech a call


class RecentSpeech:
    """A voice that remembers; one for each call."""

    def __init__(self, text_to_speech: TextToSpeech, *, most_bytes: int = MOST_BYTES) -> None:
        self._text_to_speech = text_to_speech
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[Voice, str], bytes] = OrderedDict()

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        """Yield what is kept in one piece, or have it made and keep it if it comes to its end."""
        key = (voice, text)
        if (audio := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            yield audio
            return
        made = []
        async with aclosing(self._text_to_speech.synthesise(text, voice)) as chunks:
            async for chunk in chunks:
                made.append(chunk)
                yield chunk
        self._keep(key, b"".join(made))

    def _keep(self, key: tuple[Voice, str], audio: bytes) -> None:
        if not audio or key in self._kept:
            return
        self._kept[key] = audio
        self._bytes += len(audio)
        while self._bytes > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest)
