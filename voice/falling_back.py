"""Several voices behind one port: the first that can speaks, and one that failed is let rest.

A segment is spoken by one voice from its first byte to its last. What fails before the first
byte is said by the next voice; what fails later is a failure, and the next segment is spoken
by another. A voice that rests is tried again by one segment at a time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from shared.errors import ProviderError
from voice.ports import TextToSpeech, Voice
from voice.resting import Rested, RestRules, in_order

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Choice:
    """One voice and what it is called in settings and logs."""

    name: str
    port: TextToSpeech
    warm_up: Callable[[Voice], Awaitable[None]] | None = None  # opens a connection beforehand


class _Voice(Rested):
    """A choice and how it has been doing."""

    def __init__(self, choice: Choice, rules: RestRules | None) -> None:
        super().__init__(choice.name, rules)
        self.port = choice.port
        self.warm_up = choice.warm_up


class FallbackTextToSpeech:
    """Speaks with the first voice of a list that can."""

    def __init__(self, choices: Sequence[Choice], rules: RestRules | None = None) -> None:
        self._voices = [_Voice(choice, rules) for choice in choices]

    @property
    def is_first_choice(self) -> bool:
        """Whether what is said now is said by the voice that is wanted."""
        return not self._voices[0].failures

    @property
    def speaks(self) -> str:
        """Return the name of whoever would speak now."""
        return in_order(self._voices)[0].name

    def let_rest(self, name: str) -> None:
        """Leave a voice alone for a while: it speaks, but not as it should."""
        for voice in self._voices:
            if voice.name == name:
                voice.fail()

    async def warm_up(self, voice: Voice) -> None:
        """Have whoever would speak now open a connection; a failure shows when it speaks."""
        would_speak = in_order(self._voices)[0]
        if would_speak.warm_up is None:
            return
        try:
            await would_speak.warm_up(voice)
        except ProviderError as error:
            log.info("voice_not_warm", voice=would_speak.name, error=str(error))

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        failure: ProviderError | None = None
        for tried in in_order(self._voices):
            tried.begin()
            has_begun = False
            try:
                async with aclosing(tried.port.synthesise(text, voice)) as audio:
                    async for chunk in audio:
                        if not has_begun:
                            has_begun = True
                            tried.succeed()
                        yield chunk
                if has_begun:
                    return
                failure = _silent(tried.name)
            except ProviderError as error:
                failure = error
            tried.fail()
            log.warning("voice_failed", voice=tried.name, error=str(failure), has_begun=has_begun)
            if has_begun:
                raise failure
        if failure is not None:
            raise failure


def _silent(name: str) -> ProviderError:
    message = "it came out silent"
    return ProviderError(name, message, retryable=True)
