"""Flux's turns: when one begins, may have ended, goes on after all, and ends.

Pure, and in the audio's own time. It is told of every chunk whether there was voice in it, says
which audio wants words, takes the words, and says what has become of the turn. Per
developers.deepgram.com: docs/flux/state, docs/flux/configuration, docs/flux/force-end-turn. The
vendor's model hears whether somebody has finished; this one judges by the silence, and by a last
word that nobody ends with. All positions are samples since the stream's first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sandbox.engines.roles import LINE_RATE, HeardWord

UPDATE_EVERY = LINE_RATE // 4
PIECE_PAUSE = LINE_RATE * 26 // 100  # a silence after which words are read for good
LONGEST_PIECE = 20 * LINE_RATE  # then words are read for good without a pause
LEAD_IN = LINE_RATE * 3 // 10  # audio kept from before the voice was noticed
TAIL = LINE_RATE // 5  # and from after it fell silent

# Confidence that no more speech is coming, by seconds of silence.
LEAST = 0.1
FINISHED_RISE, FINISHED_MOST = 1.5, 0.95
UNFINISHED_RISE, UNFINISHED_MOST = 0.25, 0.6
NOBODY_ENDS_WITH = frozenset(
    "a an and because but er i'd i'm if my of or the to uh um your".split()
)


class TurnEvent(StrEnum):
    """What `TurnInfo` reports."""

    UPDATE = "Update"
    STARTED = "StartOfTurn"
    MAY_HAVE_ENDED = "EagerEndOfTurn"
    RESUMED = "TurnResumed"
    ENDED = "EndOfTurn"


class Trigger(StrEnum):
    """What ended a turn."""

    MODEL = "model"
    MANUAL = "manual"
    TIMEOUT = "timeout"


class _State(StrEnum):
    READY = "ready"
    ONGOING = "ongoing"
    AWAITING_END = "awaiting end"


@dataclass(slots=True)
class FluxRules:
    """What the client asked for; a `Configure` may change it."""

    eager_threshold: float | None
    threshold: float
    timeout: int


@dataclass(frozen=True, slots=True)
class Read:
    """Find the words between two positions; those of a piece that is over are read for good."""

    begin: int
    end: int
    is_piece_end: bool


@dataclass(frozen=True, slots=True)
class TurnInfo:
    """A message to be."""

    event: TurnEvent
    turn_index: int
    begin: int
    end: int
    words: tuple[HeardWord, ...]
    confidence: float
    trigger: Trigger | None = None


class FluxTurns:
    """The turn-taking of one stream."""

    def __init__(
        self, rules: FluxRules, *, onset_chunks: int, first_interim: int, interim_every: int
    ) -> None:
        self.rules = rules
        self.position = 0
        self._onset_chunks = onset_chunks
        self._first_interim = first_interim
        self._interim_every = interim_every
        self._state = _State.READY
        self._turn_index = 0
        self._turn_begin = 0
        self._is_speaking = False
        self._piece_begin = 0
        self._read_until = 0  # end of what was read for good
        self._run = 0  # chunks with voice in a row
        self._run_at = 0
        self._last_voice_at = 0
        self._next_interim_at = 0
        self._told_at = 0
        self._settled: list[HeardWord] = []  # of this turn, read for good
        self._piece: tuple[HeardWord, ...] = ()  # as read so far

    @property
    def oldest_needed(self) -> int:
        """Audio before this position will not be asked for again."""
        return self._piece_begin if self._is_speaking else max(0, self.position - 2 * LEAD_IN)

    @property
    def words(self) -> tuple[HeardWord, ...]:
        """What was said in this turn."""
        return (*self._settled, *self._piece)

    @property
    def confidence(self) -> float:
        """How sure it is that no more speech is coming in this turn."""
        if not self.words:
            return 0.0
        if self._is_speaking:
            return LEAST
        silence = (self.position - self._last_voice_at) / LINE_RATE
        if self.words[-1].text.rstrip(".,?!").lower() in NOBODY_ENDS_WITH:
            return min(UNFINISHED_MOST, LEAST + UNFINISHED_RISE * silence)
        return min(FINISHED_MOST, LEAST + FINISHED_RISE * silence)

    def hear(self, samples: int, *, has_voice: bool) -> Read | None:
        """Take the next chunk; what it returns must be answered by `take`."""
        began_at = self.position
        self.position += samples
        if has_voice:
            self._run_at = began_at if self._run == 0 else self._run_at
            self._run += 1
            is_voice = self._is_speaking or self._run >= self._onset_chunks
            if is_voice:
                self._last_voice_at = self.position
            if is_voice and not self._is_speaking:
                self._is_speaking = True
                self._piece_begin = max(self._read_until, self._run_at - LEAD_IN)
                self._next_interim_at = self._run_at + self._first_interim
        else:
            self._run = 0
        return self._wanted() if self._is_speaking else None

    def take(self, read: Read, words: Sequence[HeardWord] | None) -> None:
        """Take the words of what was read; None where they could not be had in time."""
        if words is not None:
            self._piece = tuple(words)
        if read.is_piece_end:
            self._settled += self._piece
            self._piece = ()

    def news(self) -> list[TurnInfo]:
        """Say what has become of the turn by now."""
        told: list[TurnInfo] = []
        if self._state is _State.READY and self.words:
            self._state = _State.ONGOING
            told.append(self._info(TurnEvent.STARTED))
        if self._state is _State.AWAITING_END and self._is_speaking:
            self._state = _State.ONGOING
            told.append(self._info(TurnEvent.RESUMED))
        if self._state is not _State.READY and not self._is_speaking:
            told += self._ending()
        if not told and self.position - self._told_at >= UPDATE_EVERY:
            told.append(self._info(TurnEvent.UPDATE))
        return told

    @property
    def unread(self) -> Read | None:
        """What is being said and was not read for good."""
        if not self._is_speaking:
            return None
        return Read(self._piece_begin, self.position, is_piece_end=True)

    def force_end(self) -> TurnInfo | None:
        """End the turn on the words read so far, as `ForceEndTurn` asks; None without a turn."""
        return None if self._state is _State.READY else self._end(Trigger.MANUAL)

    def rest(self) -> Read | None:
        """Return what must still be read when the stream ends."""
        if not self._is_speaking:
            return None
        return self._end_piece(self.position)

    def last_update(self) -> list[TurnInfo]:
        """Say what was heard to the last sample: a stream that is closed ends no turn."""
        told = []
        if self._state is _State.READY and self.words:
            self._state = _State.ONGOING
            told.append(self._info(TurnEvent.STARTED))
        return [*told, self._info(TurnEvent.UPDATE)]

    def _wanted(self) -> Read | None:
        silence = self.position - self._last_voice_at
        if silence >= PIECE_PAUSE:
            return self._end_piece(min(self.position, self._last_voice_at + TAIL))
        if self.position - self._piece_begin >= LONGEST_PIECE:
            read = self._end_piece(self.position)
            self._is_speaking = True
            self._piece_begin = self.position
            return read
        if self.position >= self._next_interim_at and silence == 0:
            self._next_interim_at = self.position + self._interim_every
            return Read(self._piece_begin, self.position, is_piece_end=False)
        return None

    def _end_piece(self, end: int) -> Read:
        self._is_speaking = False
        self._run = 0
        self._read_until = end
        self._next_interim_at = self.position + self._interim_every
        return Read(self._piece_begin, end, is_piece_end=True)

    def _ending(self) -> list[TurnInfo]:
        told: list[TurnInfo] = []
        confidence, eager = self.confidence, self.rules.eager_threshold
        if self._state is _State.ONGOING and eager is not None and confidence >= eager:
            self._state = _State.AWAITING_END
            told.append(self._info(TurnEvent.MAY_HAVE_ENDED))
        if confidence >= self.rules.threshold:
            told.append(self._end(Trigger.MODEL))
        elif self.position - self._last_voice_at >= self.rules.timeout:
            told.append(self._end(Trigger.TIMEOUT))
        return told

    def _end(self, trigger: Trigger) -> TurnInfo:
        info = self._info(TurnEvent.ENDED, trigger)
        self._state = _State.READY
        self._turn_index += 1
        self._turn_begin = self.position
        self._settled, self._piece = [], ()
        if self._is_speaking:  # what is being said belongs to the next turn
            self._read_until = self._piece_begin = self.position
            self._next_interim_at = self.position + self._first_interim
        return info

    def _info(self, event: TurnEvent, trigger: Trigger | None = None) -> TurnInfo:
        self._told_at = self.position
        return TurnInfo(
            event,
            self._turn_index,
            self._turn_begin,
            self.position,
            self.words,
            self.confidence,
            trigger,
        )
