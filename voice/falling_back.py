"""Several voices behind one port: the first that can speaks, and one that failed is let rest.

A segment is spoken by one voice from its first byte to its last. What fails before the first
byte is said by the next voice; what fails later is a failure, and the next segment is spoken
by another. A voice that rests is tried again by one segment at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from shared.errors import ProviderError
from voice.ports import TextToSpeech, Voice

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RestRules:
    """How long a voice that failed is left alone, in seconds."""

    first: float = 30.0
    longest: float = 600.0  # each failure in a row doubles it, up to this
    trial: float = 10.0  # so long may one segment find out whether it is back


@dataclass(frozen=True, slots=True)
class Choice:
    """One voice and what it is called in settings and logs."""

    name: str
    port: TextToSpeech


class _Voice:
    """A choice and how it has been doing."""

    def __init__(self, choice: Choice, rules: RestRules) -> None:
        self.name = choice.name
        self.port = choice.port
        self.failures = 0  # in a row
        self.rests_until = float("-inf")
        self._rules = rules

    @property
    def is_resting(self) -> bool:
        return _now() < self.rests_until

    def begin(self) -> None:
        """Be tried; while it is not known to be back, by nobody else."""
        if self.failures:
            self.rests_until = _now() + self._rules.trial

    def succeed(self) -> None:
        self.failures, self.rests_until = 0, float("-inf")

    def fail(self) -> None:
        rest = min(self._rules.first * 2.0**self.failures, self._rules.longest)
        self.failures += 1
        self.rests_until = _now() + rest


class FallbackTextToSpeech:
    """Speaks with the first voice of a list that can."""

    def __init__(self, choices: Sequence[Choice], rules: RestRules | None = None) -> None:
        self._voices = [_Voice(choice, rules or RestRules()) for choice in choices]

    @property
    def is_first_choice(self) -> bool:
        """Whether what is said now is said by the voice that is wanted."""
        return not self._voices[0].failures

    def let_rest(self, name: str) -> None:
        """Leave a voice alone for a while: it speaks, but not as it should."""
        for voice in self._voices:
            if voice.name == name:
                voice.fail()

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        failure: ProviderError | None = None
        for tried in self._in_order():
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

    def _in_order(self) -> list[_Voice]:
        """Return whom to try: who is well first, and if nobody is, whoever has rested longest."""
        well = [voice for voice in self._voices if not voice.is_resting]
        resting = sorted(
            (voice for voice in self._voices if voice.is_resting),
            key=lambda voice: voice.rests_until,
        )
        return well + resting


def _now() -> float:
    return asyncio.get_running_loop().time()


def _silent(name: str) -> ProviderError:
    message = "it came out silent"
    return ProviderError(name, message, retryable=True)
