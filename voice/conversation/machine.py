"""Who has the floor, once a buddy is on the line.

The conversation takes events and returns commands; it never waits, and reads no clock. In
every phase but ENDED it has a deadline, so a message that gets lost costs seconds and never
leaves the line dead.
"""

from __future__ import annotations

from collections.abc import Sequence

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation.answering import Answering
from voice.conversation.commands import Announcement, Command, Side
from voice.conversation.endings import RECOGNISER_GONE, ending_of, line_ending
from voice.conversation.events import Event
from voice.conversation.floor import Phase
from voice.conversation.keypad import Shortcut
from voice.conversation.listening import Listening
from voice.conversation.pin_words import pin_words
from voice.conversation.recovery import LOST_YOU, Recovered

__all__ = ["Conversation", "Phase"]


class Conversation(Listening, Answering):
    """Decides who has the floor: takes each event to the part that knows what follows."""

    def start(self, greeting: str, now: float, pressed: Sequence[Shortcut] = ()) -> list[Command]:
        """Let the buddy greet the caller, who may have asked for something by key before."""
        asked = self._obey_early(pressed)
        self._begin_reply(now, is_generated=True)
        return self._record.sift([*asked, self._buddy.speak(greeting)])

    def go_on(self, recovered: Recovered, now: float, *, greeting: str = "") -> list[Command]:
        """Go on where the call broke: say so, and answer what was not answered.

        Who had said nothing yet is greeted again, unless they heard the greeting to its end.
        """
        self.history = list(recovered.history)
        if recovered.is_off_record:  # the divider stands where it began
            self._record.sift([self._record.go_off(self.history)])
        elif (key := self._buddy_asked_for()) is not None:
            if self.history[-1].side is Side.BUDDY:
                self.history.pop()  # it is said again, from its start
            return self._record.sift([*recovered.rows, *self._hand_over(key, now, first=LOST_YOU)])
        elif greeting and recovered.is_ungreeted(greeting):
            self.history = []
            self._begin_reply(now, is_generated=True)
            return [self._buddy.speak(words) for words in (LOST_YOU, greeting)]
        reply = self._begin_reply(now, is_generated=not recovered.owes_reply)
        said = [*recovered.rows, *(self._buddy.speak(words) for words in recovered.words)]
        if recovered.owes_reply:
            goes_on = recovered.history[-1].side is Side.BUDDY  # half of the answer was heard
            said.append(do.GenerateReply(reply, recovered.history, goes_on=goes_on))
        return self._record.sift(said)

    def receive(self, event: Event, now: float) -> list[Command]:
        """Take note of `event` and return what must be done about it."""
        return [] if self.phase is Phase.ENDED else self._record.sift(self._take(event, now))

    def tick(self, now: float) -> list[Command]:
        """Act on the deadline, if `now` has reached it."""
        deadline = self.deadline
        is_due = deadline is not None and now >= deadline
        return self._record.sift(self._act(now)) if is_due else []

    def _take(self, event: Event, now: float) -> list[Command]:
        match event:
            case (
                on.SegmentGenerated()
                | on.ReplyGenerated()
                | on.SegmentStarted()
                | on.SegmentPlayed()
                | on.ReplyFailed()
                | on.SynthesisFailed()
            ):
                return self._follow_reply(event, now)
            case on.TranscriptReceived():
                return self._hear(event, now)
            case (
                on.VoiceDetected()
                | on.UtteranceLikelyEnded()
                | on.UtteranceResumed()
                | on.UtteranceEnded()
            ):
                return self._follow_hint(event, now)
            case on.DigitPressed(digit):
                return self._press(digit, now)
            case on.CallerHungUp():
                return self._lose_line(event, now)
            case (
                on.PinChecked()
                | on.TalkTimeLow()
                | on.RecogniserLost()
                | on.RecogniserRestored()
                | on.StoreLost()
            ):
                return self._follow_service(event, now)
            case (
                on.TalkTimeOver()
                | on.LeaseRanOut()
                | on.SpendStopped()
                | on.CallDeleted()
                | on.ServiceEnding()
            ):
                return self._close(ending_of(event, self._farewell), now)

    def _act(self, now: float) -> list[Command]:
        match self.phase:
            case Phase.CLOSING:
                return [*self._cut_off(now), self._end(self._end_reason)]
            case Phase.LISTENING:
                return self._end_listening(now)
            case _:
                return self._mend_reply(now)

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called at the latest; None once the conversation has ended."""
        match self.phase:
            case Phase.ENDED:
                return None
            case Phase.CLOSING:
                return self._floor_at + self.rules.closing
            case Phase.LISTENING:
                return self._listening_deadline()
            case _:
                return self._reply_deadline()

    def _follow_service(self, event: on.ServiceEvent, now: float) -> list[Command]:
        match event:
            case on.PinChecked():
                self._buddy.asides.add(pin_words(event))
            case on.TalkTimeLow():
                self._buddy.asides.add(Announcement.TALK_TIME_LOW)
            case on.RecogniserLost(is_for_good=True):
                return self._close(RECOGNISER_GONE, now)
            case on.RecogniserLost() if self._lost_at is None:
                self._lost_at, self._is_loss_told = now, False
            case on.RecogniserRestored():
                self._lost_at = None
                return []
            case _:
                pass  # without its store the call goes on
        return self._speak_if_idle(now)

    def _lose_line(self, event: on.CallerHungUp, now: float) -> list[Command]:
        reason = self._end_reason if self.phase is Phase.CLOSING else line_ending(event)
        return [*self._cut_off(now), *self._take_unanswered(), self._end(reason)]
