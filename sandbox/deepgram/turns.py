"""Decides what Deepgram sends when, from voice activity alone, in the audio's own time.

Pure: it is told of every chunk whether there was voice in it and answers with orders; words are
somebody else's. Behaviour per developers.deepgram.com/docs: endpointing, interim-results,
utterance-end, speech-started, finalize. All positions are samples since the stream's first.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.engines.roles import LINE_RATE

SHORTEST_PAUSE = LINE_RATE // 10  # a shorter silence is part of a word, whatever was asked for
UNENDING_PAUSE = LINE_RATE  # with endpointing off, words become final after this silence
LONGEST_SEGMENT = 20 * LINE_RATE  # then words become final without a pause
QUIET_REPORT = 5 * LINE_RATE  # an empty final result follows so much silence
LEAD_IN = LINE_RATE * 3 // 10  # audio kept from before the voice was noticed
TAIL = LINE_RATE // 5  # and from after it fell silent


@dataclass(frozen=True, slots=True)
class TurnRules:
    """What the client asked for, in samples."""

    endpointing: int | None  # None: never say speech_final
    utterance_end: int | None
    has_interims: bool
    onset_chunks: int = 1
    first_interim: int = LINE_RATE // 2
    interim_every: int = LINE_RATE


@dataclass(frozen=True, slots=True)
class VoiceBegan:
    """Voice was noticed after silence."""

    at: int


@dataclass(frozen=True, slots=True)
class Recognise:
    """Find the words between two positions."""

    begin: int
    end: int
    is_final: bool
    is_utterance_end: bool = False  # speech_final on the wire
    is_finalized: bool = False  # from_finalize on the wire


@dataclass(frozen=True, slots=True)
class ReportSilence:
    """Say that there were no words between two positions."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class VoiceLongGone:
    """The utterance-end time has passed since the last voice."""

    last_voice_at: int


Order = VoiceBegan | Recognise | ReportSilence | VoiceLongGone


class Turns:
    """The turn-taking of one stream."""

    def __init__(self, rules: TurnRules) -> None:
        self._rules = rules
        self.position = 0
        self._reported_until = 0  # end of the last final result
        self._is_speaking = False
        self._begin = 0  # of the segment that is being spoken
        self._run = 0  # chunks with voice in a row
        self._run_at = 0
        self._last_voice_at = 0
        self._next_interim_at = 0
        self._owes_utterance_end = False

    @property
    def oldest_needed(self) -> int:
        """Audio before this position will not be asked for again."""
        return self._begin if self._is_speaking else max(0, self.position - 2 * LEAD_IN)

    def hear(self, samples: int, *, has_voice: bool) -> list[Order]:
        """Take the next chunk."""
        began_at = self.position
        self.position += samples
        orders: list[Order] = []
        if has_voice:
            self._run_at = began_at if self._run == 0 else self._run_at
            self._run += 1
            if self._is_speaking or self._run >= self._rules.onset_chunks:
                self._last_voice_at = self.position
            if not self._is_speaking and self._run >= self._rules.onset_chunks:
                orders.append(self._start())
        else:
            self._run = 0
        if self._is_speaking:
            orders += self._while_speaking()
        else:
            orders += self._while_silent()
        return orders

    def finalize(self) -> list[Order]:
        """Give the words of all audio so far, as `Finalize` asks; there is always an answer."""
        begin = self._begin if self._is_speaking else self._reported_until
        order = Recognise(begin, self.position, is_final=True, is_finalized=True)
        self._reported_until = self._begin = self.position
        self._is_speaking = False
        self._run = 0
        return [order]

    def close(self) -> list[Order]:
        """Give the words of what is being said when the stream ends."""
        if not self._is_speaking:
            return []
        self._is_speaking = False
        return [Recognise(self._begin, self.position, is_final=True, is_utterance_end=True)]

    def _start(self) -> VoiceBegan:
        self._is_speaking = True
        self._owes_utterance_end = True
        self._begin = max(self._reported_until, self._run_at - LEAD_IN)
        self._next_interim_at = self._run_at + self._rules.first_interim
        return VoiceBegan(self._run_at)

    def _while_speaking(self) -> list[Order]:
        silence = self.position - self._last_voice_at
        pause = self._rules.endpointing
        if silence >= max(SHORTEST_PAUSE, UNENDING_PAUSE if pause is None else pause):
            end = min(self.position, self._last_voice_at + TAIL)
            self._is_speaking = False
            return [self._final(end, is_utterance_end=pause is not None)]
        if self.position - self._begin >= LONGEST_SEGMENT:
            return [self._final(self.position, is_utterance_end=False)]
        if self._rules.has_interims and self.position >= self._next_interim_at and silence == 0:
            self._next_interim_at = self.position + self._rules.interim_every
            return [Recognise(self._begin, self.position, is_final=False)]
        return []

    def _final(self, end: int, *, is_utterance_end: bool) -> Recognise:
        order = Recognise(self._begin, end, is_final=True, is_utterance_end=is_utterance_end)
        self._reported_until = self._begin = end
        self._next_interim_at = self.position + self._rules.interim_every
        return order

    def _while_silent(self) -> list[Order]:
        orders: list[Order] = []
        pause = self._rules.utterance_end
        if (
            pause is not None
            and self._owes_utterance_end
            and self.position - self._last_voice_at >= pause
        ):
            self._owes_utterance_end = False
            orders.append(VoiceLongGone(self._last_voice_at))
        if self._run == 0 and self.position - self._reported_until >= QUIET_REPORT:
            orders.append(ReportSilence(self._reported_until, self.position))
            self._reported_until = self.position
        return orders
