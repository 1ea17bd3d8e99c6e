"""One stream of `/v1/listen`: audio in, Deepgram's messages out, in Deepgram's order.

Voice activity is told at once; results wait for their words and keep their order. An ear may
skip an interim result that comes too late to matter, a final one never.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.deepgram.kept_audio import KeptAudio
from sandbox.deepgram.messages import Stream
from sandbox.deepgram.options import ListenOptions
from sandbox.deepgram.turns import (
    Order,
    Recognise,
    ReportSilence,
    TurnRules,
    Turns,
    VoiceBegan,
    VoiceLongGone,
)
from sandbox.engines.roles import Ear, HeardWord, Span

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Task:
    order: Order
    audio: bytes


class Hearing:
    """Listens to one stream; `run` must be running while it is fed."""

    def __init__(
        self, ear: Ear, options: ListenOptions, stream: Stream, send: Send, latency: float = 0.0
    ) -> None:
        self._ear = ear
        self._options = options
        self._stream = stream
        self._send = send
        self._latency = latency
        self.key_terms = options.key_terms
        self._turns = Turns(
            TurnRules(
                endpointing=options.endpointing,
                utterance_end=options.utterance_end,
                has_interims=options.has_interims,
                onset_chunks=ear.onset_chunks,
                first_interim=ear.first_interim,
                interim_every=ear.interim_every,
            )
        )
        self._audio = KeptAudio(ear.chunk_bytes)
        self._tasks: asyncio.Queue[_Task | None] = asyncio.Queue()
        self._last_word_end: int | None = None  # of words since the last `UtteranceEnd`

    @property
    def samples(self) -> int:
        """How much audio has come."""
        return self._turns.position + self._audio.waiting

    async def feed(self, audio: bytes) -> None:
        """Take the next audio, of any length."""
        for chunk in self._audio.chunks(audio):
            await self._hear(chunk)

    async def finalize(self) -> None:
        """Do as `Finalize` asks."""
        await self._hear_rest()
        await self._carry_out(self._turns.finalize())

    async def close(self) -> None:
        """Say what is left; `run` ends when it has been sent."""
        await self._hear_rest()
        await self._carry_out(self._turns.close())
        self._tasks.put_nowait(None)

    async def run(self) -> None:
        """Send results until closed."""
        while (task := await self._tasks.get()) is not None:
            match task.order:
                case Recognise() as order:
                    await self._recognise(order, task.audio)
                case ReportSilence(begin, end):
                    await self._send(self._stream.results((), begin, end, is_final=True))
                case VoiceBegan():
                    pass  # it has been told already
                case VoiceLongGone():
                    if self._last_word_end is not None:
                        await self._send(self._stream.utterance_end(self._last_word_end))
                        self._last_word_end = None

    async def _hear_rest(self) -> None:
        if rest := self._audio.rest():
            await self._hear(rest)

    async def _hear(self, chunk: bytes) -> None:
        self._stream.checksum.update(chunk)
        await self._carry_out(self._turns.hear(len(chunk), has_voice=self._ear.notices(chunk)))
        self._audio.forget_before(self._turns.oldest_needed)

    async def _carry_out(self, orders: list[Order]) -> None:
        for order in orders:
            if isinstance(order, VoiceBegan):
                if self._options.has_voice_events:
                    await self._send(self._stream.speech_started(order.at))
            else:
                self._tasks.put_nowait(_Task(order, self._audio_for(order)))

    def _audio_for(self, order: Order) -> bytes:
        if not isinstance(order, Recognise):
            return b""
        return self._audio.between(order.begin, order.end)

    async def _recognise(self, order: Recognise, audio: bytes) -> None:
        if self._latency:
            await asyncio.sleep(self._latency)
        words = await self._words(order, audio)
        if words is None or (not order.is_final and not words):
            return
        if order.is_final and words:
            self._last_word_end = words[-1].ended_at
        await self._send(
            self._stream.results(
                words,
                order.begin,
                order.end,
                is_final=order.is_final,
                speech_final=order.is_utterance_end,
                from_finalize=order.is_finalized,
            )
        )

    async def _words(self, order: Recognise, audio: bytes) -> tuple[HeardWord, ...] | None:
        words = await self._ear.words(
            Span(
                audio=audio,
                started_at=order.end - len(audio),
                ended_at=order.end,
                is_final=order.is_final,
                is_utterance_end=order.is_utterance_end or order.is_finalized,
                is_late=not self._tasks.empty(),
                key_terms=self.key_terms,
            )
        )
        return None if words is None else tuple(words)
