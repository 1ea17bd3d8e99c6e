"""Deepgram's `/v2/listen` with Flux: the line's μ-law in, untouched, words and turns out.

Flux tells the whole turn again with every message and says when the caller has finished. The port
wants words that are final once, and hints. So what Flux takes for the end of a turn is final; so
are words after which line and transcript were quiet for as long as the endpointing asks, because
the pause time must be able to end a turn that Flux believes unfinished.

`TurnReader` is pure. Per developers.deepgram.com: reference/speech-to-text/listen-flux,
docs/flux/state, docs/flux/force-end-turn. There is no KeepAlive: the line sends silence as well.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from voice.adapters.deepgram_client import (
    close_quickly,
    complaint_of,
    connected,
    deepgram_client,
)
from voice.adapters.deepgram_hearing import HearingSocket, Wire, is_loud, sent
from voice.adapters.deepgram_messages import TurnInfo, Word, decoded, kind_of
from voice.conversation.events import (
    TranscriptReceived,
    UtteranceEnded,
    UtteranceLikelyEnded,
    UtteranceResumed,
    VoiceDetected,
)
from voice.ports import BYTES_A_SECOND, ListenOptions, RecogniserEvent

with warnings.catch_warnings():
    # The SDK imports the old half of websockets, which says that it is old.
    warnings.simplefilter("ignore", DeprecationWarning)
    import deepgram.listen.v2.client  # noqa: F401 - else the SDK imports it at the first call

MODEL: Final = "flux-general-en"
MOST_KEY_TERMS: Final = 100  # docs/flux/configure; with more, the stream would be refused
CHUNK_BYTES: Final = 640  # 80 ms, which Deepgram strongly recommends: docs/flux/quickstart
# Deepgram's "low-latency mode": an early hint may be wrong, since nothing is said on it alone.
EAGER_THRESHOLD: Final = 0.4
END_THRESHOLD: Final = 0.7
END_TIMEOUT_MS: Final = 5000
# An `Update` is due every quarter of a second. Streams have been seen that stay open and tell
# nothing any more: github.com/pipecat-ai/pipecat/issues/5735.
UNANSWERED_SECONDS: Final = 3.0
# A reading told this long before the voice ended is behind it: its last words are a guess, and
# what comes at the end of the turn would correct them. It gets longer, but not for ever.
BEHIND_SECONDS: Final = 0.25
CATCH_UP_SECONDS: Final = 1.0


class TurnReader:
    """Makes events of one stream's messages."""

    def __init__(self, *, quiet: float) -> None:
        """Take words for final after so many seconds without voice or further words."""
        self.loud_until = 0.0  # seconds of the stream: where voice was last sent
        self._quiet = quiet
        self._taken = 0  # of the turn's words, so many are final
        self._taken_until: float | None = None
        self._shown = ""  # the words after those, as told last
        self._shown_at = 0.0  # up to where the line had been heard then

    def decode(self, text: str | bytes) -> tuple[RecogniserEvent, ...]:
        """Return what a message says; raise `RemoteProtocolError` if it makes no sense."""
        match kind_of(text):
            case "TurnInfo":
                return tuple(self._turn_info(decoded(text, TurnInfo)))
            case "Error":
                raise complaint_of(text)
            case _:
                return ()

    def _turn_info(self, turn: TurnInfo) -> list[RecogniserEvent]:
        words = turn.words or [Word(text) for text in turn.transcript.split()]
        if (text := _text(self._fresh(words))) and text != self._shown:
            self._shown_at = turn.audio_window_end
        match turn.event:
            case "StartOfTurn":
                return [VoiceDetected(), *self._hear(words)]
            case "EagerEndOfTurn":
                return [*self._settle(words), UtteranceLikelyEnded()]
            case "TurnResumed":
                return [UtteranceResumed(), VoiceDetected(), *self._hear(words)]
            case "EndOfTurn":
                events = self._settle(words)
                self._taken, self._taken_until = 0, None
                return [*events, UtteranceEnded()]
            case _:
                is_over = self._is_quiet(words, turn.audio_window_end)
                return self._settle(words) if is_over else self._hear(words)

    def _hear(self, words: Sequence[Word]) -> list[RecogniserEvent]:
        """Tell words that may still change, if they have."""
        fresh = self._fresh(words)
        text = _text(fresh)
        if text == self._shown:
            return []
        self._shown = text
        ended_at = fresh[-1].end if fresh else None
        return [TranscriptReceived(text, is_final=False, ended_at=ended_at)]

    def _settle(self, words: Sequence[Word]) -> list[RecogniserEvent]:
        """Tell words for good, or that those told last were none."""
        fresh = self._fresh(words)
        was_shown, self._shown = self._shown, ""
        if not fresh and not was_shown:
            return []
        ended_at = fresh[-1].end if fresh else None
        self._taken = len(words)
        self._taken_until = ended_at if ended_at is not None else self._taken_until
        return [TranscriptReceived(_text(fresh), is_final=True, ended_at=ended_at)]

    def _fresh(self, words: Sequence[Word]) -> Sequence[Word]:
        """Return the words after those that are final.

        A reading may join, split and move words a little: a word is new when its middle comes
        after the end of what was taken. Where words have no times, they are counted.
        """
        if not self._taken:
            return words
        until = self._taken_until
        for place, word in enumerate(words):
            if until is None or word.start is None or word.end is None:
                return words[self._taken :]
            if (word.start + word.end) / 2 > until:
                return words[place:]
        return ()

    def _is_quiet(self, words: Sequence[Word], heard_until: float) -> bool:
        last = words[-1].end if words else None
        if last is None:
            return False
        is_behind = self._shown_at < self.loud_until - BEHIND_SECONDS
        quiet = max(self._quiet, CATCH_UP_SECONDS) if is_behind else self._quiet
        return heard_until - max(last, self.loud_until) >= quiet


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


class FluxStream(HearingSocket):
    """One connection."""

    def __init__(self, socket: Any, wire: Wire, *, quiet: float, is_patient: bool = False) -> None:
        self._reader = TurnReader(quiet=quiet)
        super().__init__(
            socket,
            wire,
            self._reader.decode,
            unanswered_seconds=UNANSWERED_SECONDS,
            is_patient=is_patient,
        )
        self._unsent = bytearray()  # not yet a whole chunk
        self._sent = 0

    def send(self, audio: bytes) -> None:
        self._expect_answer(audio)
        self._unsent += audio
        while len(self._unsent) >= CHUNK_BYTES:
            self._send_chunk(bytes(self._unsent[:CHUNK_BYTES]))

    async def finish(self) -> None:
        if self._unsent:
            self._send_chunk(bytes(self._unsent))
        await sent(self._socket.send_force_end_turn())

    def _send_chunk(self, chunk: bytes) -> None:
        del self._unsent[: len(chunk)]
        self._sent += len(chunk)
        if is_loud(chunk):
            self._reader.loud_until = self._sent / BYTES_A_SECOND
        self._send_audio(chunk)


class FluxSpeechToText:
    """Opens streams. One for the process; it holds nothing open between them."""

    def __init__(self, *, api_key: str, base_url: str | None = None, model: str = MODEL) -> None:
        self._model = model
        self._client = deepgram_client(api_key=api_key, base_url=base_url)

    @asynccontextmanager
    async def open(self, options: ListenOptions) -> AsyncIterator[FluxStream]:
        connecting = self._client.listen.v2.connect(
            model=self._model,
            encoding="mulaw",
            sample_rate=BYTES_A_SECOND,
            eager_eot_threshold=EAGER_THRESHOLD,
            eot_threshold=END_THRESHOLD,
            eot_timeout_ms=END_TIMEOUT_MS,
            keyterm=list(dict.fromkeys(options.key_terms))[:MOST_KEY_TERMS] or None,
            mip_opt_out=True,  # what callers say is not for training
        )
        async with AsyncExitStack() as stack:
            socket, wire = await connected(stack, connecting)
            stream = FluxStream(
                socket,
                wire,
                quiet=options.endpointing_ms / 1000,
                is_patient=options.is_patient,
            )
            try:
                yield stream
            finally:
                stream.closing()
                await close_quickly(stack.pop_all())
