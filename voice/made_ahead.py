"""Words in buddies' voices, made before they are needed: nobody waits for a voice to say them.

What anybody may hear (fillers, the first words to a stranger) is kept in files as well, by a hash
of voice, words and model, so that a restart makes nothing anew. What is about one caller (a
greeting by name) stays in memory.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Final

import structlog

from shared.errors import ProviderError
from voice.announcements import file_name, write_whole
from voice.ports import TextToSpeech, Voice

MOST_BYTES: Final = 64 * 1024 * 1024  # in memory: over two hours of speech
MOST_FILES: Final = 2000  # some 40 MB
AT_ONCE: Final = 2  # calls in progress need the voices more

log = structlog.get_logger()

Key = tuple[Voice, str]


class MadeAhead:
    """Holds what was needed last, by voice and words."""

    def __init__(
        self,
        text_to_speech: TextToSpeech,
        *,
        model: str = "",
        folder: Path | None = None,
        may_be_kept: Callable[[], bool] = lambda: True,
        most_bytes: int = MOST_BYTES,
        most_files: int = MOST_FILES,
    ) -> None:
        """Keep files in `folder`, as long as `may_be_kept` says that `model` is who speaks."""
        self._text_to_speech = text_to_speech
        self._model = model
        self._folder = folder
        self._may_be_kept = may_be_kept
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._made: OrderedDict[Key, bytes] = OrderedDict()
        self._size = 0
        self._in_the_making: set[Key] = set()
        self._turn = asyncio.Semaphore(AT_ONCE)

    def audio(self, voice: Voice, text: str) -> bytes | None:
        """Return the words' μ-law, if it is there."""
        key = (voice, text)
        if (audio := self._made.get(key)) is not None:
            self._made.move_to_end(key)
        return audio

    def ready(self, voice: Voice, texts: Iterable[str]) -> tuple[str, ...]:
        """Return those of the texts that can be said at once."""
        return tuple(text for text in texts if (voice, text) in self._made)

    async def prepare(self, voice: Voice, text: str, *, is_personal: bool = True) -> None:
        """Make words unless they are there; a failure is no harm, they are then said live."""
        key = (voice, text)
        if key in self._made or key in self._in_the_making:
            return
        self._in_the_making.add(key)
        try:
            async with self._turn:
                audio = await self._load_or_make(voice, text, is_personal=is_personal)
        except ProviderError as error:
            log.warning("words_not_made_ahead", voice=voice.name, error=str(error))
        else:
            if audio:
                self._keep(key, audio)
        finally:
            self._in_the_making.discard(key)

    async def prepare_all(self, voice: Voice, texts: Iterable[str]) -> None:
        """Make what anybody may hear, one after the other."""
        for text in texts:
            await self.prepare(voice, text, is_personal=False)

    async def _load_or_make(self, voice: Voice, text: str, *, is_personal: bool) -> bytes:
        if self._folder is None or is_personal:
            return await self._make(voice, text)
        path = self._folder / file_name(text, voice, self._model)
        if (audio := await asyncio.to_thread(_read, path)) is None:
            audio = await self._make(voice, text)
            if audio and self._may_be_kept():
                await asyncio.to_thread(self._write, path, audio)
        return audio

    async def _make(self, voice: Voice, text: str) -> bytes:
        async with aclosing(self._text_to_speech.synthesise(text, voice)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    def _write(self, path: Path, audio: bytes) -> None:
        """Keep a file; a folder that can't be written only costs making them again."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, audio)
            files = sorted(path.parent.glob("*.ulaw"), key=lambda file: file.stat().st_mtime)
            for file in files[: -self._most_files]:
                file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("words_not_kept", error=type(error).__name__)

    def _keep(self, key: Key, audio: bytes) -> None:
        self._made[key] = audio
        self._size += len(audio)
        while self._size > self._most_bytes:
            _, dropped = self._made.popitem(last=False)
            self._size -= len(dropped)


def _read(path: Path) -> bytes | None:
    """Return a file's audio, and have it count as just used."""
    with suppress(OSError):
        audio = path.read_bytes()
        path.touch()
        return audio or None
    return None
