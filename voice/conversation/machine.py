"""Who has the floor, once a buddy is on the line.

The conversation takes events and returns commands; it never waits, and reads no clock. In
every phase but ENDED it has a deadline, so a message that gets lost costs seconds and never
leaves the line dead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation import honesty
from voice.conversation.commands import Announcement, Command, EndReason, Message, Side
from voice.conversation.endings import Ending, ending_of, line_ending
from voice.conversation.events import Event, ReplyId
from voice.conversation.honesty import asks_whether_human
from voice.conversation.playback import Playback, Segment
from voice.conversation.turn_rules import TurnRules
from voice.conversation.utterance import News, Utterance, takes_floor

RECOGNISER_GONE = Ending(Announcement.RECOGNISER_GONE, EndReason.RECOGNISER_LOST)
CALLER_SILENT = Ending(Announcement.SILENT_GOODBYE, EndReason.CALLER_SILENT)
FAILED = Ending(Announcement.FAILED_GOODBYE, EndReason.FAILED)


class Phase(StrEnum):
    """Whose turn it is."""

    LISTENING = "listening"  # the caller has the floor
    THINKING = "thinking"  # the caller's turn is over; nothing of the reply is audible yet
    SPEAKING = "speaking"  # the reply has the floor until its last segment is played
    CLOSING = "closing"  # the last words are being said; nothing interrupts them
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class _Unconfirmed:
    """A turn taken from words without their final, and the history before it."""

    text: str
    history: list[Message]


class Conversation:
    """Decides who has the floor."""

    def __init__(
        self,
        rules: TurnRules,
        announcements: Mapping[Announcement, str],
        *,
        now: float,
        last_reply: ReplyId,
    ) -> None:
        self.rules = rules  # the shell puts new ones here when a constant is edited
        self.phase = Phase.LISTENING
        self.history: list[Message] = []
        self._texts = announcements
        self._utterance = Utterance()
        self._reply = last_reply  # events of any other reply are stale
        self._playback = Playback()
        self._shown: Segment | None = None  # the segment on the live page
        self._is_generated = True
        self._floor_at = now  # when the floor last changed hands
        self._quiet_since = now  # when the caller last heard or said something
        self._progress_at = now  # when anything of the reply last moved on the line
        self._moved_at = now  # when the buddy's own words last moved
        self._has_failed = False  # the reply at hand
        self._voice_at: float | None = None
        self._kept: News | None = None
        self._unconfirmed: _Unconfirmed | None = None
        self._kept_at = now
        self._questions = 0
        self._failures = 0
        self._is_warning_due = False
        self._warning: Segment | None = None  # the one being said
        self._lost_at: float | None = None  # since when nobody listens to the caller
        self._is_loss_told = False
        self._end_reason = EndReason.FAILED

    def start(self, greeting: str, now: float) -> list[Command]:
        """Let the buddy greet the caller."""
        reply = self._begin_reply(now)
        self._is_generated = True
        return [self._speak(reply, greeting)]

    def receive(self, event: Event, now: float) -> list[Command]:
        """Take note of `event` and return what must be done about it."""
        if self.phase is Phase.ENDED:
            return []
        match event:
            case (
                on.SegmentGenerated()
                | on.ReplyGenerated()
                | on.SegmentStarted()
                | on.SegmentPlayed()
                | on.ReplyFailed()
                | on.SynthesisFailed()
            ):
                return self._follow_reply(event, now) if event.reply == self._reply else []
            case on.VoiceDetected():
                self._voice_at = now
                return []
            case on.TranscriptReceived():
                return self._hear(event, now)
            case on.UtteranceLikelyEnded() | on.DigitPressed() | on.StoreLost():
                return []
            case on.CallerHungUp():
                is_closing = self.phase is Phase.CLOSING
                reason = self._end_reason if is_closing else line_ending(event)
                return [*self._cut_off(), *self._end_turn_unanswered(), self._end(reason)]
            case on.RecogniserLost() | on.RecogniserRestored():
                return self._follow_recogniser(event, now)
            case on.TalkTimeLow():
                self._is_warning_due = True
                return self._speak_if_idle(now)
            case on.TalkTimeOver() | on.SpendStopped() | on.CallDeleted() | on.ServiceEnding():
                return self._close(ending_of(event), now)

    def tick(self, now: float) -> list[Command]:
        """Act on the deadline, if `now` has reached it."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return []
        match self.phase:
            case Phase.CLOSING:
                return [*self._cut_off(), self._end(self._end_reason)]
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
        news = self._utterance.sift(event.text, is_final=event.is_final, ended_at=event.ended_at)
        if news is None or self.phase is Phase.CLOSING:
            return []
        if self.phase is Phase.SPEAKING and not takes_floor(
            news.text, at_least=self.rules.interruption_words
        ):
            if news.text:
                self._kept, self._kept_at = news, now
            return []
        if not news.text and self.phase is not Phase.LISTENING:
            return []
        commands: list[Command] = []
        if self.phase is not Phase.LISTENING:
            commands += self._cut_off()
            self._give_floor_to_caller(now)
            self._kept = None
        if self._unconfirmed is not None and news.corrects:
            self.history = self._unconfirmed.history
            self._unconfirmed = None
        self._utterance.hear(news, now)
        if not news.text:
            return commands
        self._questions = 0
        self._quiet_since = now
        return [*commands, do.ShowInterim(Side.CALLER, self._utterance.text)]

    def _listening_deadline(self) -> float:
        rules, words = self.rules, self._utterance
        candidates = []
        if words.text and words.last_word_at is not None and words.heard_at is not None:
            ends_at = words.last_word_at + rules.pause
            if not words.is_settled:
                ends_at = max(ends_at, words.heard_at + rules.final_wait)
            if self._voice_at is not None and self._voice_at > words.heard_at:
                ends_at = max(ends_at, self._voice_at + rules.voice_hold)
            candidates.append(ends_at)
        else:
            candidates.append(self._quiet_since + rules.silence)
        if self._lost_at is not None:
            candidates.append(self._lost_at + rules.recogniser_wait)
        return min(candidates)

    def _end_listening(self, now: float) -> list[Command]:
        if self._utterance.text:
            return self._end_turn(now)
        if self._lost_at is not None and now >= self._lost_at + self.rules.recogniser_wait:
            return self._close(RECOGNISER_GONE, now)
        if self._questions >= self.rules.silence_questions:
            return self._close(CALLER_SILENT, now)
        self._questions += 1
        return self._announce_alone(Announcement.ARE_YOU_THERE, now)

    def _end_turn(self, now: float) -> list[Command]:
        last_word_at = self._utterance.last_word_at or now
        commands = self._take_utterance()
        self._voice_at = None
        reply = self._begin_reply(now)
        self._quiet_since = max(
            last_word_at, now + self.rules.cover_spacing - self.rules.cover_after
        )
        if self._is_warning_due:
            commands.append(self._warn(reply))
        if asks_whether_human(self.history[-1].text):
            self._is_generated = True
            return [*commands, self._speak(reply, honesty.ANSWER)]
        return [*commands, do.GenerateReply(reply, tuple(self.history))]

    def _take_utterance(self) -> list[Command]:
        """Add what the caller said to the history; words without their final may be corrected."""
        commands = self._write_unconfirmed()
        history = list(self.history)
        is_settled = self._utterance.is_settled
        text = self._utterance.take()
        turn = text
        if self.history and self.history[-1].side is Side.CALLER:
            turn = f"{self.history.pop().text} {text}"  # a turn that goes on is one turn
        self.history.append(Message(Side.CALLER, turn))
        if is_settled:
            return [*commands, do.WriteEntry(Side.CALLER, text)]
        self._unconfirmed = _Unconfirmed(text, history)
        return commands

    def _write_unconfirmed(self) -> list[Command]:
        """Write down what was taken without its final: nothing will correct it any more."""
        unconfirmed, self._unconfirmed = self._unconfirmed, None
        return [do.WriteEntry(Side.CALLER, unconfirmed.text)] if unconfirmed is not None else []

    def _end_turn_unanswered(self) -> list[Command]:
        commands = self._take_utterance() if self._utterance.text else []
        return [*commands, *self._write_unconfirmed()]

    # The buddy's turn.

    def _follow_reply(self, event: on.ReplyEvent, now: float) -> list[Command]:
        self._progress_at = now
        match event:
            case on.SegmentGenerated(reply, text):
                self._moved_at = now
                return [] if self._is_generated else [self._speak(reply, text)]
            case on.ReplyGenerated():
                self._moved_at = now
                self._is_generated = True
                return self._settle(now)
            case on.SegmentStarted(_, number):
                return self._send_segment(self._playback.segment(number), now)
            case on.SegmentPlayed(_, number, share):
                return self._advance_segment(self._playback.segment(number), share, now)
            case on.ReplyFailed(reply):
                return self._fail(reply, Announcement.REPLY_FAILED, now)
            case on.SynthesisFailed(reply, number):
                rows = self._playback.drop(number)
                return [*rows, *self._fail(reply, Announcement.SYNTHESIS_FAILED, now)]

    def _speak(self, reply: ReplyId, text: str) -> Command:
        return do.Speak(reply, self._playback.add(Side.BUDDY, text), text)

    def _announce(
        self, reply: ReplyId, announcement: Announcement, *, is_cover: bool = False
    ) -> Command:
        number = self._playback.add(Side.LINE, self._texts[announcement], is_cover=is_cover)
        return do.Announce(reply, number, announcement, is_cover=is_cover)

    def _send_segment(self, segment: Segment | None, now: float) -> list[Command]:
        if segment is None or segment.is_over:
            return []
        self._playback.send(segment)
        return self._show_audible(now)

    def _advance_segment(self, segment: Segment | None, share: float, now: float) -> list[Command]:
        if segment is None or segment.is_over:
            return []
        commands = self._send_segment(segment, now)
        segment.share = max(segment.share, min(share, 1.0))
        self._quiet_since = now
        if segment.side is Side.BUDDY:
            self._moved_at = now
        if segment.share < 1:
            return commands
        segment.is_written = True
        commands.append(do.WriteEntry(segment.side, segment.text))
        return [*commands, *self._show_audible(now), *self._settle(now)]

    def _show_audible(self, now: float) -> list[Command]:
        """Show what plays from now on; with its own first sound the buddy has the floor."""
        segment = self._playback.audible
        if segment is None or segment is self._shown:
            return []
        self._shown = segment
        if segment.side is Side.LINE:
            return []
        self._moved_at = now
        self._failures = 0
        if self.phase is Phase.THINKING:
            self.phase = Phase.SPEAKING
        return [*self._write_unconfirmed(), do.ShowInterim(Side.BUDDY, segment.text)]

    def _settle(self, now: float) -> list[Command]:
        """End the reply once it is written and heard to its last word."""
        if not (self._is_generated and self._playback.is_over):
            return []
        if self.phase is Phase.CLOSING:
            return [self._end(self._end_reason)]
        self._remember_reply(was_interrupted=False)
        self._give_floor_to_caller(now)
        self._utterance.forget_before(now - self.rules.kept_word)
        kept, self._kept = self._kept, None
        if kept is not None and now - self._kept_at <= self.rules.kept_word:
            self._utterance.hear(kept, self._kept_at)
        return self._speak_if_idle(now)

    def _reply_deadline(self) -> float:
        if self._playback.audible is not None:
            return self._progress_at + self.rules.playback_stall
        cover_at = self._quiet_since + self.rules.cover_after
        return min(cover_at, self._moved_at + self.rules.reply_timeout)

    def _mend_reply(self, now: float) -> list[Command]:
        """Do something about a reply that does not move."""
        if self._playback.audible is not None:  # its marks got lost: take it as heard so far
            commands = self._cut_off()
            self._give_floor_to_caller(now)
            return [*commands, *self._speak_if_idle(now)]
        if now >= self._moved_at + self.rules.reply_timeout:
            self._failures += 1
            if self._failures >= self.rules.failures:
                return self._close(FAILED, now)
            return [*self._cut_off(), *self._announce_alone(Announcement.REPLY_FAILED, now)]
        self._quiet_since = now
        return [self._announce(self._reply, Announcement.STILL_WORKING, is_cover=True)]

    def _fail(self, reply: ReplyId, apology: Announcement, now: float) -> list[Command]:
        """Say sorry after what can still be heard; after too many failures say goodbye."""
        if self.phase is Phase.CLOSING or self._has_failed:
            return self._settle(now)
        self._has_failed = True
        self._failures += 1
        if self._failures >= self.rules.failures:
            return self._close(FAILED, now)
        self._is_generated = True
        return [self._announce(reply, apology)]

    def _announce_alone(self, announcement: Announcement, now: float) -> list[Command]:
        """Say words made ahead as a reply of their own."""
        reply = self._begin_reply(now)
        self._is_generated = True
        return [self._announce(reply, announcement)]

    # Talk time, failures, endings.

    def _warn(self, reply: ReplyId) -> Command:
        self._is_warning_due = False
        command = self._announce(reply, Announcement.TALK_TIME_LOW)
        self._warning = self._playback.last
        return command

    def _speak_if_idle(self, now: float) -> list[Command]:
        """Say what the caller must know, if nobody is saying anything."""
        if self.phase is not Phase.LISTENING or self._utterance.text:
            return []
        if self._lost_at is not None and not self._is_loss_told:
            self._is_loss_told = True
            return self._announce_alone(Announcement.RECOGNISER_LOST, now)
        if not self._is_warning_due:
            return []
        reply = self._begin_reply(now)
        self._is_generated = True
        return [self._warn(reply)]

    def _follow_recogniser(
        self, event: on.RecogniserLost | on.RecogniserRestored, now: float
    ) -> list[Command]:
        match event:
            case on.RecogniserRestored():
                self._lost_at = None
                return []
            case on.RecogniserLost():
                if self._lost_at is None:
                    self._lost_at, self._is_loss_told = now, False
                return self._speak_if_idle(now)

    def _close(self, ending: Ending, now: float) -> list[Command]:
        """Say the last words; nothing interrupts them."""
        if self.phase is Phase.CLOSING:
            return []
        commands = [*self._cut_off(), *self._end_turn_unanswered()]
        reply = self._begin_reply(now)
        self._is_generated = True
        self.phase = Phase.CLOSING
        self._end_reason = ending.reason
        return [*commands, self._announce(reply, ending.words)]

    def _end(self, reason: EndReason) -> Command:
        self.phase = Phase.ENDED
        return do.HangUp(reason)

    # The floor.

    def _begin_reply(self, now: float) -> ReplyId:
        self._reply = ReplyId(self._reply + 1)
        self._playback = Playback()
        self._is_generated = False
        self.phase = Phase.THINKING
        self._has_failed = False
        self._floor_at = self._quiet_since = self._progress_at = self._moved_at = now
        return self._reply

    def _cut_off(self) -> list[Command]:
        """Retire the reply and keep only what the caller heard of it."""
        if self.phase is Phase.LISTENING:
            return []
        commands: list[Command] = [do.Interrupt(self._reply), *self._playback.close()]
        if self._warning is not None and not self._warning.is_over:
            self._is_warning_due = True  # it went unheard: say it again
        self._warning = None
        self._remember_reply(was_interrupted=True)
        self._reply = ReplyId(self._reply + 1)  # what still comes of the old one is stale
        self._playback = Playback()
        self._is_generated = True
        return commands

    def _remember_reply(self, *, was_interrupted: bool) -> None:
        if heard := self._playback.heard_text:
            self.history.append(Message(Side.BUDDY, heard, was_interrupted))

    def _give_floor_to_caller(self, now: float) -> None:
        self.phase = Phase.LISTENING
        self._floor_at = self._quiet_since = now
        self._voice_at = None
