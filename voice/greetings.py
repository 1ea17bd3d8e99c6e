"""Buddies' first words, made ahead: the first sound must not wait for a voice."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import aclosing
from typing import Final

import structlog

from shared.errors import ProviderError
from voice.ports import TextToSpeech, Voice

MOST_KEPT: Final = 500  # greetings: some 40 MB
AT_ONCE: Final = 2  # calls in progress need the voices more

log = structlog.get_logger()

Key = tuple[Voice, str]


class Greetings:
    """Holds the greetings last needed, by voice and words."""

    def __init__(self, text_to_speech: TextToSpeech, *, most_kept: int = MOST_KEPT) -> None:
        self._text_to_speech = text_to_speech
        self._most_kept = most_kept
        self._made: OrderedDict[Key, bytes] = OrderedDict()
        self._in_the_making: set[Key] = set()
        self._turn = asyncio.Semaphore(AT_ONCE)

    def audio(self, voice: Voice, text: str) -> bytes | None:
        """Return the greeting's μ-law, if it was made in time."""
        key = (voice, text)
        if (audio := self._made.get(key)) is not None:
            self._made.move_to_end(key)
        return audio

    async def prepare(self, voice: Voice, text: str) -> None:
        """Make a greeting unless it is there; a failure is no harm, it is then said live."""
        key = (voice, text)
        if key in self._made or key in self._in_the_making:
            return
        self._in_the_making.add(key)
        try:
            async with self._turn:
                audio = await self._make(voice, text)
        except ProviderError as error:
            log.warning("greeting_not_made", voice=voice.name, error=str(error))
        else:
            if audio:
                self._keep(key, audio)
        finally:
            self._in_the_making.discard(key)

    async def _make(self, voice: Voice, text: str) -> bytes:
        async with aclosing(self._text_to_speech.synthesise(text, voice)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    def _keep(self, key: Key, audio: bytes) -> None:
        self._made[key] = audio
        while len(self._made) > self._most_kept:
            self._made.popitem(last=False)
