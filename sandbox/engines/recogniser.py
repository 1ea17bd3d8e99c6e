"""The real recogniser: Whisper on pieces that a voice detector cut, one process for all streams.

Words have no times of their own: a piece's words are spread over its voiced parts in proportion
to their letters, so the first begins and the last ends with the voice. Interim results are a new
reading of the whole piece, once a second at most, skipped while the engine is busy.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from sandbox.engines.process import EngineProcess
from sandbox.engines.roles import LINE_RATE, HeardWord, Span
from sandbox.engines.voice_activity import CHUNK, VoiceActivity, VoiceDetector

RESTART_PATIENCE = 8.0  # seconds that final words wait for an engine that has died
SHORTEST_SPEECH = LINE_RATE * 15 // 100  # less voice than this is a click or a cough


class WhisperRecogniser:
    """Gives every stream an ear."""

    def __init__(self, process: EngineProcess, detector: VoiceDetector) -> None:
        self._process = process
        self._detector = detector
        self._busy = 0

    def listen(self) -> WhisperEar:
        return WhisperEar(self, self._detector.listen())

    async def read(self, span: Span) -> tuple[str, float] | None:
        """Return a span's text and confidence; None for an interim one that has to wait."""
        if not span.is_final and (self._busy or span.is_late or not self._process.is_ready):
            return None
        self._busy += 1
        try:
            await self._process.until_ready(RESTART_PATIENCE)
            asking = self._process.ask(
                "hear", span.audio, key_terms=span.key_terms, is_final=span.is_final
            )
            async with aclosing(asking) as answers:
                async for header, _ in answers:
                    return header["text"], header["confidence"]
        finally:
            self._busy -= 1
        return None


class WhisperEar:
    """Listens to one stream."""

    chunk_bytes = CHUNK
    onset_chunks = 3  # about 100 ms: a word, not a click
    first_interim = LINE_RATE // 2
    interim_every = LINE_RATE

    def __init__(self, recogniser: WhisperRecogniser, activity: VoiceActivity) -> None:
        self._recogniser = recogniser
        self._activity = activity
        self._position = 0
        self._voiced: list[tuple[int, int]] = []  # since the last final result

    def notices(self, chunk: bytes) -> bool:
        has_voice = self._activity.notices(chunk)
        began_at = self._position
        self._position += len(chunk)
        if has_voice:
            if self._voiced and self._voiced[-1][1] == began_at:
                began_at, _ = self._voiced.pop()
            self._voiced.append((began_at, self._position))
        return has_voice

    async def words(self, span: Span) -> Sequence[HeardWord] | None:
        voiced = [
            (max(begin, span.started_at), min(end, span.ended_at))
            for begin, end in self._voiced
            if begin < span.ended_at and end > span.started_at
        ]
        if span.is_final:
            self._voiced = [part for part in self._voiced if part[1] > span.ended_at]
        if sum(end - begin for begin, end in voiced) < SHORTEST_SPEECH:
            return ()
        found = await self._recogniser.read(span)
        if found is None:
            return None
        text, confidence = found
        if span.is_final and span.is_utterance_end:
            text = written_out(text)
        return spread(text.split(), voiced, confidence)


def written_out(text: str) -> str:
    """Begin a sentence in upper case and end it: with key terms, Whisper forgets to."""
    if text and text[-1].isalnum():
        text += "."
    return text[:1].upper() + text[1:]


def spread(
    words: Sequence[str], voiced: Sequence[tuple[int, int]], confidence: float
) -> tuple[HeardWord, ...]:
    """Lay words over the voiced parts, each as long as its letters ask."""
    letters = sum(len(word) for word in words)
    length = sum(end - begin for begin, end in voiced)
    placed: list[HeardWord] = []
    done = 0
    for word in words:
        begin = _position(voiced, length * done // letters)
        done += len(word)
        end = _position(voiced, length * done // letters, is_end=True)
        placed.append(HeardWord(word, begin, max(begin, end), confidence))
    return tuple(placed)


def _position(voiced: Sequence[tuple[int, int]], offset: int, *, is_end: bool = False) -> int:
    """Return where in the stream so much voice has been heard."""
    for begin, end in voiced:
        if offset < end - begin or (is_end and offset == end - begin):
            return begin + offset
        offset -= end - begin
    return voiced[-1][1]
