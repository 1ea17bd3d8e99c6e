"""One stream of `/v2/listen`: audio and orders in, Flux's messages out, all in one order.

What a client sends is dealt with as it came: a `Configure` changes what comes after it, and what
a turn becomes depends on nothing but the audio. An ear may skip an interim reading that comes
too late to matter, one for good never.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.deepgram.flux_messages import FluxStream
from sandbox.deepgram.flux_options import FluxOptions, RefusedConfiguration, configured
from sandbox.deepgram.flux_turns import FluxRules, FluxTurns, Read
from sandbox.deepgram.kept_audio import KeptAudio
from sandbox.engines.roles import LINE_RATE, Ear, HeardWord, Span

LATE = LINE_RATE // 4  # so much audio waits: an interim reading would hold it up
NO_ACTIVE_TURN = "FORCE_END_TURN_NO_ACTIVE_TURN"


@dataclass(frozen=True, slots=True)
class _Configure:
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _ForceEndTurn:
    pass


@dataclass(frozen=True, slots=True)
class _Close:
    pass


class FluxHearing:
    """Listens to one stream; `run` must be running while it is fed."""

    def __init__(
        self,
        ear: Ear,
        options: FluxOptions,
        stream: FluxStream,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        latency: float = 0.0,
    ) -> None:
        self._ear = ear
        self._options = options
        self._stream = stream
        self._send = send
        self._latency = latency
        self._turns = FluxTurns(
            _rules(options),
            onset_chunks=ear.onset_chunks,
            first_interim=ear.first_interim,
            interim_every=ear.interim_every,
        )
        self._inbox: asyncio.Queue[bytes | _Configure | _ForceEndTurn | _Close] = asyncio.Queue()
        self._waiting = 0  # samples in the inbox
        self._audio = KeptAudio(ear.chunk_bytes)

    def feed(self, audio: bytes) -> None:
        """Take the next audio, of any length."""
        self._waiting += len(audio)
        self._inbox.put_nowait(audio)

    def configure(self, body: dict[str, Any]) -> None:
        """Change the options from the audio that comes next on."""
        self._inbox.put_nowait(_Configure(body))

    def force_end_turn(self) -> None:
        """End the turn on what was understood by then."""
        self._inbox.put_nowait(_ForceEndTurn())

    def close(self) -> None:
        """Say what is left; `run` ends when it has been sent."""
        self._inbox.put_nowait(_Close())

    async def run(self) -> None:
        """Send messages until closed."""
        await self._send(self._stream.connected())
        while True:
            match await self._inbox.get():
                case bytes(audio):
                    self._waiting -= len(audio)
                    await self._listen(audio)
                case _Configure(body):
                    await self._configure(body)
                case _ForceEndTurn():
                    await self._force_end_turn()
                case _Close():
                    return await self._say_the_rest()

    async def _listen(self, audio: bytes) -> None:
        for chunk in self._audio.chunks(audio):
            await self._hear(chunk)

    async def _hear(self, chunk: bytes) -> None:
        read = self._turns.hear(len(chunk), has_voice=self._ear.notices(chunk))
        if read is not None:
            await self._read(read)
        for info in self._turns.news():
            await self._send(self._stream.turn_info(info))
        self._audio.forget_before(self._turns.oldest_needed)

    async def _read(self, read: Read) -> None:
        self._turns.take(read, await self._words(read))

    async def _words(self, read: Read) -> Sequence[HeardWord] | None:
        if self._latency:
            await asyncio.sleep(self._latency)
        audio = self._audio.between(read.begin, read.end)
        return await self._ear.words(
            Span(
                audio=audio,
                started_at=read.end - len(audio),
                ended_at=read.end,
                is_final=read.is_piece_end,
                is_utterance_end=read.is_piece_end,
                is_late=self._waiting > LATE,
                key_terms=self._options.key_terms,
            )
        )

    async def _configure(self, body: dict[str, Any]) -> None:
        try:
            self._options = configured(self._options, body)
        except RefusedConfiguration as refused:
            message = self._stream.not_configured(refused.code, str(refused))
        else:
            self._turns.rules = _rules(self._options)
            message = self._stream.configured(self._options)
        await self._send(message)

    async def _force_end_turn(self) -> None:
        unread = self._turns.unread
        info = self._turns.force_end()
        if info is None:
            text = "There is no turn to end."
            return await self._send(self._stream.warning(NO_ACTIVE_TURN, text))
        if unread is not None:
            await self._words(unread)  # the ear lets go of it: no later turn may hear it again
        return await self._send(self._stream.turn_info(info))

    async def _say_the_rest(self) -> None:
        if rest := self._audio.rest():
            await self._hear(rest)
        if (read := self._turns.rest()) is not None:
            await self._read(read)
        for info in self._turns.last_update():
            await self._send(self._stream.turn_info(info))


def _rules(options: FluxOptions) -> FluxRules:
    return FluxRules(options.eager_eot_threshold, options.eot_threshold, options.eot_timeout)
