"""How long each stage of a turn took, measured where it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.domain.timings import Stage as Stage  # noqa: PLC0414 - the shell's word for it too
from voice.conversation.events import (
    Event,
    ReplyId,
    SegmentPlayed,
    SegmentStarted,
    TranscriptReceived,
)


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """One turn's stages, in milliseconds after the caller's last word ended."""

    turn: int
    stages_ms: dict[Stage, float]
    told_after_ms: float = 0.0  # how long after that word this is told
    was_speculated: bool = False  # the reply was made before the turn had ended
    had_filler: bool = False  # words covered the wait

    @property
    def gap_ms(self) -> float | None:
        """End of the caller's speech to the first audible frame."""
        return self.stages_ms.get(Stage.FIRST_FRAME)


@dataclass(slots=True)
class _Times:
    """What is known of one reply so far, in seconds of the loop's clock."""

    passed: dict[Stage, float] = field(default_factory=dict)
    turn: int = 0  # 0 until the turn has ended
    speech_ended_at: float = 0.0
    is_ahead: bool = False
    had_filler: bool = False


class CallTimes:
    """Takes the times of a call's turns; each stage counts once, at its first pass.

    A reply that is made ahead has its times from its request on, and becomes a turn when the
    caller's turn has ended with it. Each turn is kept once: with its first mark, or as far as it
    got when its reply is over.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        keep: Callable[[TurnTimes], None],
        answered: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._keep = keep
        self._answered = answered
        self._is_answered = False
        self._turns = 0
        self._last_word_at = 0.0
        self._final_at = 0.0
        self._replies: dict[ReplyId, _Times] = {}

    def prepare(self, reply: ReplyId) -> None:
        """Begin to time a reply before it is known that the turn has ended."""
        self._replies[reply] = _Times({Stage.REQUEST: self._clock()}, is_ahead=True)

    def begin_turn(self, reply: ReplyId) -> None:
        """Begin a turn: the caller's is over, and its reply is asked for or was made ahead.

        What is owed from a stream that broke is no turn: nobody knows when its speech ended.
        """
        if not self._last_word_at:
            return
        times = self._replies.setdefault(reply, _Times())
        self._turns += 1
        times.turn, times.speech_ended_at = self._turns, self._last_word_at
        if self._final_at >= self._last_word_at:
            times.passed[Stage.FINAL_WORDS] = self._final_at
        self.take(reply, Stage.REQUEST)
        self.take(reply, Stage.TURN_ENDED)

    def take(self, reply: ReplyId, stage: Stage) -> None:
        """Note that the reply has reached `stage`; one that was never asked for has no times."""
        if (times := self._replies.get(reply)) is not None:
            times.passed.setdefault(stage, self._clock())

    def fill(self, reply: ReplyId) -> None:
        """Note that the wait for the reply is being covered with words."""
        if (times := self._replies.get(reply)) is not None:
            times.had_filler = True

    def over(self, reply: ReplyId) -> None:
        """Keep the reply's times as far as it got; none of one that no turn ended with."""
        times = self._replies.pop(reply, None)
        if times is not None and times.turn:
            self._keep(_kept(times, self._clock()))

    def stop(self) -> None:
        """Keep the times of every turn that is still under way: the call is over."""
        for reply in tuple(self._replies):
            self.over(reply)

    def note(self, event: Event) -> None:
        """Take the times that events tell; with its first mark a turn's are complete."""
        match event:
            case TranscriptReceived(text, is_final, ended_at) if text:
                self._last_word_at = self._clock() if ended_at is None else ended_at
                if is_final:
                    self._final_at = self._clock()
            case SegmentStarted(reply):
                if not self._is_answered:
                    self._is_answered = True
                    self._answered()
                self.take(reply, Stage.FIRST_FRAME)
            case SegmentPlayed(reply):
                self.take(reply, Stage.FIRST_MARK)
                self.over(reply)
            case _:
                pass


def _kept(times: _Times, now: float) -> TurnTimes:
    def since_speech(at: float) -> float:
        return (at - times.speech_ended_at) * 1000

    return TurnTimes(
        times.turn,
        {stage: since_speech(at) for stage, at in times.passed.items()},
        told_after_ms=since_speech(now),
        was_speculated=times.is_ahead,
        had_filler=times.had_filler,
    )
