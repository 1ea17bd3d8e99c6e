"""How long a model and a voice are waited for, and whether they are asked again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, TypeVar

import structlog

from shared.errors import ProviderError
from voice.conversation.prompts import ModelMessage
from voice.ports import LanguageModel, TextToSpeech, Voice

PATIENCE: Final = "patience"  # what ran out, where no vendor says more

T = TypeVar("T")
log = structlog.get_logger()


class RetryingTextToSpeech:
    """Tries a voice twice before its first byte, and waits for none of them for long."""

    def __init__(
        self,
        text_to_speech: TextToSpeech,
        *,
        first_byte_seconds: float = 2.5,  # twice that is still no silence a caller hangs up on
        stall_seconds: float = 2.5,
        patience: float = float("inf"),
    ) -> None:
        """Take no more than `patience` seconds for both tries: where another voice waits."""
        self._text_to_speech = text_to_speech
        self._first_byte_seconds = first_byte_seconds
        self._stall_seconds = stall_seconds
        self._patience = patience

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        clock = asyncio.get_running_loop().time
        ends_at = clock() + self._patience
        for is_last_try in (False, True):
            has_begun = False
            try:
                async with aclosing(
                    in_time(
                        self._text_to_speech.synthesise(text, voice),
                        first_seconds=min(self._first_byte_seconds, ends_at - clock()),
                        next_seconds=self._stall_seconds,
                    )
                ) as audio:
                    async for chunk in audio:
                        has_begun = True
                        yield chunk
            except ProviderError as error:
                if has_begun or is_last_try or not error.retryable or clock() >= ends_at:
                    raise
                log.warning("synthesis_tried_again", error=str(error))
            else:
                return


class TimedLanguageModel:
    """Waits for a model no longer than a caller would."""

    def __init__(
        self,
        language_model: LanguageModel,
        *,
        first_token_seconds: float = 4.0,
        stall_seconds: float = 4.0,
        total_seconds: float = 60.0,
    ) -> None:
        self._language_model = language_model
        self._first_token_seconds = first_token_seconds
        self._stall_seconds = stall_seconds
        self._total_seconds = total_seconds

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        async with aclosing(
            in_time(
                self._language_model.reply(messages, model=model),
                first_seconds=self._first_token_seconds,
                next_seconds=self._stall_seconds,
                total_seconds=self._total_seconds,
            )
        ) as tokens:
            async for token in tokens:
                yield token


async def in_time(
    items: AsyncGenerator[T],
    *,
    first_seconds: float,
    next_seconds: float,
    total_seconds: float = float("inf"),
) -> AsyncGenerator[T]:
    """Pass on what comes in time; raise `ProviderError` for what does not."""
    clock = asyncio.get_running_loop().time
    end, limit = clock() + total_seconds, first_seconds
    async with aclosing(items):
        while True:
            try:
                async with asyncio.timeout_at(min(clock() + limit, end)):
                    item = await anext(items)
            except StopAsyncIteration:
                return
            except TimeoutError:
                message = f"nothing came for {limit:g} s" if clock() < end else "it took too long"
                raise ProviderError(PATIENCE, message, retryable=True) from None
            yield item
            limit = next_seconds
