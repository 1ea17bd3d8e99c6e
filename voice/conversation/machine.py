"""Who has the floor, once a buddy is on the line.

The conversation takes events and returns commands; it never waits, and reads no clock. In
every phase but ENDED it has a deadline, so a message that gets lost costs seconds and never
leaves the line dead.
"""

from __future__ import annotations

from collections.abc import Sequence

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation import honesty
from voice.conversation.commands import Announcement, Command, EndReason, Side
from voice.conversation.endings import (
    CALLER_SILENT,
    FAILED,
    RECOGNISER_GONE,
    Ending,
    ending_of,
    line_ending,
)
from voice.conversation.events import Event
from voice.conversation.floor import Phase
from voice.conversation.honesty import asks_whether_human
from voice.conversation.keypad import Shortcut
from voice.conversation.pin_words import pin_words
from voice.conversation.playback import Segment
from voice.conversation.recovery import Recovered
from voice.conversation.requests import Requests
from voice.conversation.utterance import only_listens, takes_floor

__all__ = ["Conversation", "Phase"]


class Conversation(Requests):
    """Decides who has the floor."""

    def start(self, greeting: str, now: float, pressed: Sequence[Shortcut] = ()) -> list[Command]:
        """Let the buddy greet the caller, who may have asked for something by key before."""
        asked = self._obey_early(pressed)
        self._begin_reply(now, is_generated=True)
        return self._record.sift([*asked, self._buddy.speak(greeting)])

    def go_on(self, recovered: Recovered, now: float) -> list[Command]:
        """Go on where the call broke: say so, and answer what was not answered."""
        self.history = list(recovered.history)
        if recovered.is_off_record:  # the divider stands where it began
            self._record.sift([self._record.go_off(self.history)])
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

    # The caller's turn.

    def _hear(self, event: on.TranscriptReceived, now: float) -> list[Command]:
        news = self._turn.words.sift(event.text, is_final=event.is_final, ended_at=event.ended_at)
        if news is None or self.phase is Phase.CLOSING or self._record.ignores(event, now):
            return []
        if self._keeps_floor(news.text):
            if news.text:
                self._questions = 0  # who listens is there
                self._turn.keep(news, now)
            return []
        if not news.text and self.phase is not Phase.LISTENING:
            return []
        commands: list[Command] = []
        if self.phase is not Phase.LISTENING:
            commands += self._cut_off(now)
            self._give_floor_to_caller(now)
            self._turn.drop_kept()
        self.history = self._turn.hear(news, self.history, now)
        commands += self._speculation.keep_to(self._turn)
        if not news.text:
            is_taken_back = self._cut is not None and not self._turn.text
            return [*commands, *self._go_on(now)] if is_taken_back else commands
        self._questions = 0
        self._quiet_since = now
        commands += self._hear_off_the_record()
        return [*commands, do.ShowInterim(Side.CALLER, self._turn.text)]

    def _keeps_floor(self, text: str) -> bool:
        """Tell whether the buddy goes on in spite of these words."""
        if self.phase is Phase.SPEAKING:
            return not takes_floor(text, at_least=self.rules.interruption_words)
        return self._buddy.is_covering and not takes_floor(text, at_least=1)

    def _follow_hint(self, event: on.Hint, now: float) -> list[Command]:
        """Take what the recogniser makes of the caller's voice: the pause time decides."""
        match event:
            case on.VoiceDetected():
                self._turn.notice_voice(now)
                return []
            case on.UtteranceLikelyEnded() | on.UtteranceEnded():
                return [] if self._turn.is_dictated else self._prepare_reply()
            case on.UtteranceResumed():
                return self._speculation.discard()

    def _listening_deadline(self) -> float:
        ends_at = self._turn.ends_at(self.rules)
        if self._lost_at is not None:
            note_at = self._quiet_since + self.rules.recogniser_note
            ends_at = min(ends_at or note_at, self._lost_at + self.rules.recogniser_wait)
        elif ends_at is None:
            wait = self.rules.menu_wait if self._is_choosing else self.rules.silence
            ends_at = self._quiet_since + wait
        prepare_at = self._speculation.due_at(self._turn, self.rules)
        return ends_at if prepare_at is None else min(ends_at, prepare_at)

    def _end_listening(self, now: float) -> list[Command]:
        ends_at = self._turn.ends_at(self.rules)
        if ends_at is not None and now >= ends_at:
            return self._end_turn(now)
        prepare_at = self._speculation.due_at(self._turn, self.rules)
        if prepare_at is not None and now >= prepare_at:
            return self._prepare_reply()
        if self._lost_at is not None:
            if now >= self._lost_at + self.rules.recogniser_wait:
                return self._close(RECOGNISER_GONE, now)
            return self._announce_alone(Announcement.STILL_WORKING, now)  # it is us who are deaf
        if self._is_choosing:
            return self._leave_menu(now)
        if self._questions >= self.rules.silence_questions:
            return self._close(CALLER_SILENT, now)
        self._questions += 1
        is_first = self._questions == 1
        words = Announcement.ARE_YOU_THERE if is_first else Announcement.STILL_HERE
        return self._announce_alone(words, now)

    def _end_turn(self, now: float) -> list[Command]:
        last_word_at = self._turn.words.last_word_at or now
        said, before = self._turn.text, list(self.history)
        # Who went on before a word of the answer is still in the same turn.
        goes_on = self._cut is not None and not self._cut.heard
        was_listening = only_listens(said)
        commands: list[Command] = [*self._turn.take(self.history)]
        granted = self._grant(said, before, now)
        if granted is not None:
            return [*commands, *granted]
        if was_listening and self._cut is not None and self._cut.rest:
            return [*commands, *self._go_on(now)]
        prepared = self._speculation.commit(self.history)
        commands += self._speculation.discard()
        reply = self._begin_reply(now, reply=prepared)
        self._quiet_since = max(
            last_word_at, now + self.rules.cover_spacing - self.rules.cover_after
        )
        commands += self._buddy.say_asides()
        if prepared is not None:
            self.fillers.begin(now, goes_on=goes_on)
            return [*commands, do.CommitReply(reply)]
        if asks_whether_human(self.history[-1].text):
            self._buddy.is_generated = True
            return [*commands, self._buddy.speak(honesty.ANSWER)]
        self.fillers.begin(now, goes_on=goes_on)
        return [*commands, do.GenerateReply(reply, tuple(self.history))]

    def _prepare_reply(self) -> list[Command]:
        if self.phase is not Phase.LISTENING:
            return []
        return self._speculation.prepare(
            self._buddy.next_id,
            self._turn,
            self.history,
            self.rules,
            is_request=self._is_request(),
        )

    # The buddy's turn.

    def _follow_reply(self, event: on.ReplyEvent, now: float) -> list[Command]:
        buddy = self._buddy
        if event.reply == self._speculation.reply:
            return self._speculation.fail()  # all else of it is held
        if event.reply != buddy.reply:
            return []
        buddy.progress_at = now
        match event:
            case on.SegmentGenerated(_, text):
                self.fillers.drop()
                buddy.moved_at = now
                return [] if buddy.is_generated else [buddy.speak(text)]
            case on.ReplyGenerated():
                buddy.moved_at = now
                buddy.is_generated = True
                return self._settle(now)
            case on.SegmentStarted(_, number):
                return self._show_audible(now) if buddy.send(number) is not None else []
            case on.SegmentPlayed(_, number, share):
                return self._advance_segment(buddy.send(number), share, now)
            case on.ReplyFailed():
                self.fillers.drop()
                return self._fail(Announcement.REPLY_FAILED, now)
            case on.SynthesisFailed(_, number, spoken):
                buddy.drop(number, spoken)
                return self._fail(Announcement.SYNTHESIS_FAILED, now)

    def _advance_segment(self, segment: Segment | None, share: float, now: float) -> list[Command]:
        if segment is None:
            return []
        commands = self._show_audible(now)
        segment.advance(share, now)
        self._quiet_since = now
        if segment.side is Side.BUDDY and not segment.is_cover:
            self._buddy.moved_at = now
        if segment.share < 1:
            return commands
        segment.is_written = True
        row = do.WriteEntry(segment.side, segment.text, segment.unspoken, buddy=segment.buddy)
        commands.append(row)
        return [*commands, *self._show_audible(now), *self._settle(now)]

    def _show_audible(self, now: float) -> list[Command]:
        """Show what plays from now on; with its own first sound the buddy has the floor."""
        segment = self._buddy.newly_audible(now)
        if segment is None or segment.side is Side.LINE or segment.is_cover:
            return []
        self._buddy.moved_at = now
        self._failures = 0
        if self.phase is Phase.THINKING:
            self.phase = Phase.SPEAKING
        introduced = self._buddy.introduce(segment)
        return [*self._turn.confirm(), *introduced, do.ShowInterim(Side.BUDDY, segment.text)]

    def _settle(self, now: float) -> list[Command]:
        """End the reply once it is written and heard to its last word."""
        if not self._buddy.is_over:
            return []
        if self.phase is Phase.CLOSING:
            return [self._end(self._end_reason)]
        self.history += self._buddy.settle()
        self._give_floor_to_caller(now)
        self._turn.resume(now, self.history, within=self.rules.kept_word)
        return self._speak_if_idle(now)

    def _reply_deadline(self) -> float:
        mend_at = self._buddy.deadline(self.rules, self._quiet_since)
        filler_at = self.fillers.due_at(self.rules)
        if filler_at is None or self._buddy.is_audible:
            return mend_at
        return min(mend_at, filler_at)

    def _mend_reply(self, now: float) -> list[Command]:
        """Do something about a reply that does not move."""
        if self._buddy.is_audible:  # its marks got lost: take it as heard so far
            commands = self._cut_off(now)
            self._cut = None
            self._give_floor_to_caller(now)
            return [*commands, *self._speak_if_idle(now)]
        if (filler := self.fillers.take(self.rules, now)) is not None:
            return [self._buddy.speak(filler, is_cover=True)]
        if now >= self._buddy.moved_at + self.rules.reply_timeout:
            self._failures += 1
            if self._failures >= self.rules.failures:
                return self._close(FAILED, now)
            return [*self._cut_off(now), *self._announce_alone(Announcement.REPLY_FAILED, now)]
        self._quiet_since = now
        return [self._buddy.announce(Announcement.STILL_WORKING, is_cover=True)]

    def _fail(self, apology: Announcement, now: float) -> list[Command]:
        """Say sorry after what can still be heard; after too many failures say goodbye."""
        if self.phase is Phase.CLOSING or self._buddy.has_failed:
            return self._settle(now)
        self._buddy.has_failed = True
        self._failures += 1
        if self._failures >= self.rules.failures:
            return self._close(FAILED, now)
        self._buddy.is_generated = True
        return [self._buddy.announce(apology)]

    # Talk time, failures, endings.

    def _follow_service(self, event: on.ServiceEvent, now: float) -> list[Command]:
        match event:
            case on.PinChecked():
                self._buddy.asides.add(pin_words(event))
            case on.TalkTimeLow():
                self._buddy.asides.add(Announcement.TALK_TIME_LOW)
            case on.RecogniserLost() if self._lost_at is None:
                self._lost_at, self._is_loss_told = now, False
            case on.RecogniserRestored():
                self._lost_at = None
                return []
            case _:
                pass  # without its store the call goes on
        return self._speak_if_idle(now)

    def _close(self, ending: Ending, now: float) -> list[Command]:
        """Say the last words; nothing interrupts them."""
        if self.phase is Phase.CLOSING:
            return []
        commands = [*self._cut_off(now), *self._take_unanswered()]
        commands += self._announce_alone(ending.words, now)
        self.phase = Phase.CLOSING
        self._end_reason = ending.reason
        return commands

    def _lose_line(self, event: on.CallerHungUp, now: float) -> list[Command]:
        reason = self._end_reason if self.phase is Phase.CLOSING else line_ending(event)
        return [*self._cut_off(now), *self._take_unanswered(), self._end(reason)]

    def _end(self, reason: EndReason) -> Command:
        self.phase = Phase.ENDED
        return do.HangUp(reason)
