"""Ports wrapped in ports that count what their vendor failed us with."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

from voice.conversation.prompts import ModelMessage
from voice.metrics import Metrics
from voice.ports import LanguageModel, TextToSpeech, Voice


class CountedLanguageModel:
    """A model whose failed replies are counted."""

    def __init__(self, language_model: LanguageModel, metrics: Metrics, vendor: str) -> None:
        self._language_model = language_model
        self._failures = partial(metrics.failures, vendor)

    async def reply(self, messages: Sequence[ModelMessage], *, model: str) -> AsyncGenerator[str]:
        with self._failures():
            async with aclosing(self._language_model.reply(messages, model=model)) as tokens:
                async for token in tokens:
                    yield token


class CountedTextToSpeech:
    """A voice whose failed segments are counted."""

    def __init__(self, text_to_speech: TextToSpeech, metrics: Metrics, vendor: str) -> None:
        self._text_to_speech = text_to_speech
        self._failures = partial(metrics.failures, vendor)

    async def synthesise(self, text: str, voice: Voice) -> AsyncGenerator[bytes]:
        with self._failures():
            async with aclosing(self._text_to_speech.synthesise(text, voice)) as audio:
                async for chunk in audio:
                    yield chunk
