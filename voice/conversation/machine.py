"""Who has the floor, once a buddy is on the line.

The conversation takes events and returns commands; it never waits, and reads no clock. In
every phase but ENDED it has a deadline, so a message that gets lost costs seconds and never
leaves the line dead.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from voice.conversation import commands as do
from voice.conversation import events as on
from voice.conversation import honesty
from voice.conversation.asides import Asides
from voice.conversation.caller_turn import CallerTurn
from voice.conversation.commands import Announcement, Command, EndReason, Message, Side
from voice.conversation.endings import Ending, ending_of, line_ending
from voice.conversation.events import Event, ReplyId
from voice.conversation.honesty import asks_whether_human
from voice.conversation.pin_entry import PinEntry
from voice.conversation.pin_words import pin_words
from voice.conversation.playback import Playback, Segment
from voice.conversation.turn_rules import TurnRules
from voice.conversation.utterance import takes_floor

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


class Conversation:
    """Decides who has the floor."""

    def __init__(
        self,
        rules: TurnRules,
        announcements: Mapping[Announcement, str],
        *,
        now: float,
        last_reply: ReplyId,
        farewell: Announcement = Announcement.TALK_TIME_OVER,
    ) -> None:
        self.rules = rules  # the shell puts new ones here when a constant is edited
        self.phase = Phase.LISTENING
        self.history: list[Message] = []
        self._texts = announcements
        self._farewell = farewell  # for the end of the talk time
        self._turn = CallerTurn()
        self._reply = last_reply  # events of any other reply are stale
        self._playback = Playback()
        self._shown: Segment | None = None  # the segment on the live page
        self._is_generated = True
        self._floor_at = now  # when the floor last changed hands
        self._quiet_since = now  # when the caller last heard or said something
        self._progress_at = now  # when anything of the reply last moved on the line
        self._moved_at = now  # when the buddy's own words last moved
        self._has_failed = False  # the reply at hand
        self._questions = 0
        self._failures = 0
        self._asides = Asides()
        self._pin = PinEntry()
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
                self._turn.notice_voice(now)
                return []
            case on.TranscriptReceived():
                return self._hear(event, now)
            case (
                on.UtteranceLikelyEnded()
                | on.UtteranceResumed()
                | on.UtteranceEnded()
                | on.StoreLost()
            ):
                return []  # hints, but the pause time decides; and the call goes on
            case on.DigitPressed(digit):
                return self._press(digit, now)
            case on.PinChecked():
                self._asides.add(pin_words(event))
                return self._speak_if_idle(now)
            case on.CallerHungUp():
                is_closing = self.phase is Phase.CLOSING
                reason = self._end_reason if is_closing else line_ending(event)
                return [*self._cut_off(), *self._end_turn_unanswered(), self._end(reason)]
            case on.RecogniserLost() | on.RecogniserRestored():
                return self._follow_recogniser(event, now)
            case on.TalkTimeLow():
                self._asides.add(Announcement.TALK_TIME_LOW)
                return self._speak_if_idle(now)
            case on.TalkTimeOver() | on.SpendStopped() | on.CallDeleted() | on.ServiceEnding():
                return self._close(ending_of(event, self._farewell), now)

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
        news = self._turn.words.sift(event.text, is_final=event.is_final, ended_at=event.ended_at)
        if news is None or self.phase is Phase.CLOSING:
            return []
        if self.phase is Phase.SPEAKING and not takes_floor(
            news.text, at_least=self.rules.interruption_words
        ):
            if news.text:
                self._turn.keep(news, now)
            return []
        if not news.text and self.phase is not Phase.LISTENING:
            return []
        commands: list[Command] = []
        if self.phase is not Phase.LISTENING:
            commands += self._cut_off()
            self._give_floor_to_caller(now)
            self._turn.drop_kept()
        self.history = self._turn.hear(news, self.history, now)
        if not news.text:
            return commands
        self._questions = 0
        self._quiet_since = now
        return [*commands, do.ShowInterim(Side.CALLER, self._turn.text)]

    def _listening_deadline(self) -> float:
        ends_at = self._turn.ends_at(self.rules)
        if ends_at is None:
            ends_at = self._quiet_since + self.rules.silence
        if self._lost_at is not None:
            return min(ends_at, self._lost_at + self.rules.recogniser_wait)
        return ends_at

    def _end_listening(self, now: float) -> list[Command]:
        if self._turn.text:
            return self._end_turn(now)
        if self._lost_at is not None and now >= self._lost_at + self.rules.recogniser_wait:
            return self._close(RECOGNISER_GONE, now)
        if self._questions >= self.rules.silence_questions:
            return self._close(CALLER_SILENT, now)
        self._questions += 1
        return self._announce_alone(Announcement.ARE_YOU_THERE, now)

    def _end_turn(self, now: float) -> list[Command]:
        last_word_at = self._turn.words.last_word_at or now
        commands: list[Command] = [*self._turn.take(self.history)]
        reply = self._begin_reply(now)
        self._quiet_since = max(
            last_word_at, now + self.rules.cover_spacing - self.rules.cover_after
        )
        commands += self._say_asides(reply)
        if asks_whether_human(self.history[-1].text):
            self._is_generated = True
            return [*commands, self._speak(reply, honesty.ANSWER)]
        return [*commands, do.GenerateReply(reply, tuple(self.history))]

    def _end_turn_unanswered(self) -> list[Command]:
        rows = self._turn.take(self.history) if self._turn.text else []
        return [*rows, *self._turn.confirm()]

    def _press(self, digit: str, now: float) -> list[Command]:
        """Take a key: a PIN has no words and interrupts nobody."""
        if self.phase is Phase.CLOSING:
            return []
        self._questions = 0
        if self.phase is Phase.LISTENING:
            self._quiet_since = now
        pin = self._pin.press(digit, now)
        return [do.CheckPin(pin)] if pin is not None else []

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
        return [*self._turn.confirm(), do.ShowInterim(Side.BUDDY, segment.text)]

    def _settle(self, now: float) -> list[Command]:
        """End the reply once it is written and heard to its last word."""
        if not (self._is_generated and self._playback.is_over):
            return []
        if self.phase is Phase.CLOSING:
            return [self._end(self._end_reason)]
        self._asides.settle()
        self._remember_reply(was_interrupted=False)
        self._give_floor_to_caller(now)
        self._turn.resume(now, within=self.rules.kept_word)
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

    def _say_asides(self, reply: ReplyId) -> list[Command]:
        commands = []
        for announcement in self._asides.take():
            commands.append(self._announce(reply, announcement))
            self._asides.say(announcement, self._playback.last)
        return commands

    def _speak_if_idle(self, now: float) -> list[Command]:
        """Say what the caller must know, if nobody is saying anything."""
        if self.phase is not Phase.LISTENING or self._turn.text:
            return []
        if self._lost_at is not None and not self._is_loss_told:
            self._is_loss_told = True
            return self._announce_alone(Announcement.RECOGNISER_LOST, now)
        if not self._asides.are_due:
            return []
        reply = self._begin_reply(now)
        self._is_generated = True
        return self._say_asides(reply)

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
        self._asides.settle()
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
        self._turn.begin()
